// Whatever the file holds: what reads back is what would be written, and the history adds up. The
// same bytes are tried again with every digest made right, or nothing would get past the first.
#include <algorithm>

#include "broker/records/history.hpp"
#include "tests/fuzz/target.hpp"

using namespace bulkhead;

namespace {

constexpr std::size_t kBody = records::kRecordBytes - sizeof(crypto::Digest);

void check(std::string_view file) {
    records::History history;
    crypto::Digest chain{};
    crypto::Digest again{};
    std::string written;
    const auto whole =
        records::each_record(as_bytes(file), chain, [&](const records::Record& record) {
            written += as_text(records::encode(record, again));
            return history.apply(record);
        });
    fuzz::require(file.starts_with(written));
    if (whole) fuzz::require(*whole == written.size() && again == chain);
    fuzz::require(history.open_jobs().size() <= history.runs().size());
    fuzz::require(history.owed() <= 2 * history.open_jobs().size());
    fuzz::require(history.garbage() <= history.records());
    fuzz::require(history.needed() <= history.records() + 2);
    fuzz::require(history.repeatable() <= history.runs().size());
    fuzz::require(history.count() >= history.records());
    if (!history.header()) {
        for (const auto& run : history.runs()) fuzz::require(run.started <= history.floor());
    }
    for (const auto& [number, job] : history.open_jobs()) fuzz::require(history.keeps(number));
}

std::string with_right_digests(std::string_view file) {
    std::string right;
    crypto::Digest chain{};
    for (; file.size() >= records::kRecordBytes; file.remove_prefix(records::kRecordBytes)) {
        const auto body = file.substr(0, kBody);
        chain = crypto::sha256(as_bytes(std::string(as_text(chain)).append(body)));
        right.append(body).append(as_text(chain));
    }
    return right.append(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = fuzz::text(data, size);
    check(file);
    check(with_right_digests(file));
    return 0;
}
