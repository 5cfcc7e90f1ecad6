// The criteria of Match blocks in sshd_config: what follows for one block from what is known of a
// connection. Groups, domains and networks of other connections are not looked up.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::worker {

struct SshdTest {
    std::string attribute;  // "user"
    // "backup,deploy-*,!root"; ports, hosts, and of addresses what is no pattern, in one form.
    std::string list;
    bool operator==(const SshdTest&) const = default;
};

struct SshdCriteria {
    std::string text;             // for people: "User backup"; of nested blocks "A and B"
    std::vector<SshdTest> tests;  // a connection has to pass each; none: it is everybody's
    bool all = false;             // "Match all", and no block around it is another
};

// Of what stands behind "Match". Error: why sshd refuses it.
Result<SshdCriteria> parse_sshd_criteria(std::string_view text);
// A block with `inner` in a file that a block with `outer` includes.
SshdCriteria both(const SshdCriteria& outer, const SshdCriteria& inner);

// True if each connection that passes the tests `known` passes `test` too, as far as can be told.
bool follows(std::span<const SshdTest> known, const SshdTest& test);
// True if no connection can pass both.
bool contradicts(const SshdTest& known, const SshdTest& test);
// False if no connection can pass all of the tests.
bool can_pass(const SshdCriteria& criteria);

}  // namespace bulkhead::worker
