// The fixture of those who play all tricks: as a job of each shipped profile, and outside of any.
#pragma once
#include "tests/sandbox/sandbox.hpp"

namespace bulkhead::test {

// The answer of each trick by its name.
using Said = std::map<std::string, std::string>;

struct Expected {
    std::string alternatives;
    std::string layer;
};
Expected expected_of(const sandbox_test::Trick& trick, std::string sandbox_test::Answers::*column);
// Of "A@5|B|C": with Landlock's ABI 5 A and nothing else; below it B or C.
bool fits(const std::string& said, const std::string& alternatives);

class Played : public Sandbox {
  protected:
    // With a job for each profile, before the agent starts.
    void SetUp() override;
    Said said_in(const std::string& profile);
    Said said_outside();

  private:
    std::string script(const std::string& profile) const { return playing("# " + profile); }
    void renew();
};

}  // namespace bulkhead::test
