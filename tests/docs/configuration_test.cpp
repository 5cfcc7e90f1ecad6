// docs/configuration.md ends with the table that the program prints, and docs/agent.schema.json is
// the schema that it prints.
#include <gtest/gtest.h>

#include "tests/support/files.hpp"
#include "worker/config/config.hpp"

namespace {

TEST(ConfigurationPage, EndsWithWhatTheProgramPrints) {
    const auto page = bulkhead::test::content_of(SOURCE_TREE "/docs/configuration.md");
    EXPECT_TRUE(page.ends_with("-->\n\n" + bulkhead::worker::describe_settings()))
        << "write it anew: sed -i '/^<!-- Below/q' docs/configuration.md; (echo; bulkhead settings "
           "--markdown) >> docs/configuration.md";
}

TEST(ConfigurationSchema, IsWhatTheProgramPrints) {
    EXPECT_EQ(bulkhead::test::content_of(SOURCE_TREE "/docs/agent.schema.json"),
              bulkhead::worker::describe_schema())
        << "write it anew: bulkhead settings --schema > docs/agent.schema.json";
}

}  // namespace
