// A resolv.conf, which others than root may write: one to three servers come of it whatever it
// holds, and what is said of it is printable.
#include <algorithm>

#include "broker/name_servers.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string> remarks;
    const auto servers = broker::parse_name_servers(fuzz::text(data, size), remarks);
    fuzz::require(!servers.empty() && servers.size() <= 3);
    for (const auto& remark : remarks) {
        fuzz::require(remark.size() < 400);
        fuzz::require(std::ranges::all_of(remark, [](char c) { return c >= ' ' && c <= '~'; }));
    }
    return 0;
}
