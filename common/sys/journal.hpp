// What a line of the log is to systemd's journal: an entry of fields, sent as one datagram in the
// native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL), without libsystemd.
#pragma once
#include <string>
#include <string_view>

#include "common/sys/fd.hpp"

namespace bulkhead::sys {

inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

// True if the journal reads what is written to `fd`: $JOURNAL_STREAM has its device and inode
// (systemd.exec(5)).
bool is_journal(int fd);

// Adds `NAME=value` to an entry. The value's length stands before it, so nothing in it can begin
// another field. `name` is of [A-Z0-9_]{1,64} and does not begin with '_'.
void add_journal_field(std::string& entry, std::string_view name, std::string_view value);

// The journal's socket by its path, which is looked up for each entry: a journal that was started
// anew has another.
class Journal {
  public:
    explicit Journal(std::string path);
    // Never waits. False if the entry was not taken: no journal is there, it takes no more now, or
    // the entry is larger than a datagram (net.core.wmem_default, 208 KiB).
    bool send(std::string_view entry) const;

  private:
    std::string path_;
    Fd socket_;
};

}  // namespace bulkhead::sys
