// STATE/broker/written-by: which version wrote the state of this host last, and in which format.
#pragma once
#include <string>

#include "common/sys/dir.hpp"

namespace bulkhead::records {

inline constexpr std::string_view kWrittenByFile = "written-by";
// Of all that stands in the state directory but the ledger, which has a format of its own: raised
// when an older version would misread or remove what a newer one has written.
inline constexpr unsigned kStateFormat = 1;

struct WrittenBy {
    unsigned format = 0;    // 0: of before there was the file
    std::string version{};  // "0.2.0"
};

// An error if the file is there and not as note_written_by() writes it.
Result<WrittenBy> read_written_by(const sys::Dir& broker);
// An error, with the version to install, if the format is a later one.
Result<> require_known(const WrittenBy& last);
// Writes `version` and this format, unless `last` is the same.
Result<> note_written_by(const sys::Dir& broker, const WrittenBy& last, std::string_view version);

}  // namespace bulkhead::records
