// docs/configuration.md ends with the table that the program prints.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "worker/config/config.hpp"

namespace {

TEST(ConfigurationPage, EndsWithWhatTheProgramPrints) {
    std::ifstream file(SOURCE_TREE "/docs/configuration.md");
    const std::string page(std::istreambuf_iterator<char>(file), {});
    EXPECT_TRUE(page.ends_with("-->\n\n" + bulkhead::worker::describe_settings()))
        << "write it anew: sed -i '/^<!-- Below/q' docs/configuration.md; (echo; bulkhead settings "
           "--markdown) >> docs/configuration.md";
}

}  // namespace
