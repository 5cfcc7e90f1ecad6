// The audit log: one hash-chained JSON line per event, appended with a single write.
//
// A decision that cannot be recorded must not be carried out: whoever decides calls event() first,
// and refuses when that fails.
#pragma once
#include <concepts>
#include <initializer_list>
#include <optional>

#include "common/audit/chain.hpp"
#include "common/audit/log_files.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"
#include "common/sys/log.hpp"

namespace bulkhead::records {

// A name of ours and a value that may have come from anywhere: escaped, and cut to about `most`
// bytes. Of a list whole texts are left out, and "..." stands for them.
struct Field {
    static constexpr std::size_t kMost = 1024;
    Field(std::string_view key, std::string_view text, std::size_t most = kMost);
    Field(std::string_view key, const char* text) : Field(key, std::string_view(text)) {}
    Field(std::string_view key, std::span<const std::string> list, std::size_t most = kMost);
    Field(std::string_view key, bool flag) : name(key), json(flag ? "true" : "false") {}
    Field(std::string_view key, std::integral auto number)
        : name(key), json(std::to_string(number)) {}

    std::string_view name;
    std::string json;
};

// When a line is on disk. yes: when event() returns; soon: writing has begun, and a sync() follows;
// later: at the next sync(), or when the kernel writes the page back.
enum class Durable { yes, soon, later };

class Audit {
  public:
    static constexpr std::string_view kFile = kAuditLog;
    static constexpr std::string_view kHeadFile = "audit.head";  // to notice what was removed
    static constexpr int kMostKept = 100;                        // rotated parts

    struct Options {
        std::uint64_t rotate_at = 64 << 20;  // bytes
        int keep = 10;  // audit.log.1 (youngest) to audit.log.<keep>, at most 100
        UnixTime (*clock)() = sys::now;
        std::optional<Head> ledger{};  // see keep()
    };
    // Looks at the last line only. Adds the event `audit-recovered` when that was torn, and
    // `audit-gap` when lines are missing that were once written.
    static Result<Audit> open(const sys::Dir& dir, Options options);
    static Result<Audit> open(const sys::Dir& dir) { return open(dir, Options{}); }

    // What matters most comes first: where a line grows beyond 8 KiB the fields that follow are
    // left out and `"cut":true` says so.
    Result<> event(std::string_view name, std::initializer_list<Field> fields,
                   Durable durable = Durable::yes);
    // Every line so far is on disk when this returns (fsync(2)).
    Result<> sync();

    const Head& head() const { return head_; }
    // Count and head of the ledger, for audit.head: written there after the next lines are on disk.
    // Give it what the ledger has on disk already, and nothing while its memory is rolled back.
    void keep(const std::optional<Head>& ledger) {
        if (ledger) ledger_ = ledger;
    }
    // What open() found to be missing of the log; empty if nothing is.
    const std::string& gap() const { return gap_; }
    // Why the last event could not be written; empty if it was.
    const std::string& failing() const { return failing_; }
    // The group that may read the log and list its directory, also after a rotation; 0: root alone.
    Result<> let_read(gid_t group);
    // Opens the log by its name again; call after logrotate(8) has renamed the file.
    Result<> reopen();

  private:
    Audit(sys::Dir dir, Options options) : dir_(std::move(dir)), options_(options) {}
    Result<> append(std::string_view name, std::initializer_list<Field> fields, Durable durable);
    Result<> recover();
    Result<> rotate();
    Result<> save_head();

    sys::Dir dir_;
    Options options_;
    sys::Fd fd_;
    sys::Fd head_fd_;
    Head head_;
    std::optional<Head> ledger_;
    bool marked_ = false;  // audit.head is on disk with what the ledger had
    std::string gap_;
    std::string failing_;
    gid_t readers_ = 0;
    bool unsynced_ = false;  // there are lines that may not be on disk
};

// What audit.head remembers; nothing when it is absent or not ours.
std::optional<Head> read_audit_head(const sys::Dir& dir);
// What it remembers of the ledger, in its second line; 0.1 wrote none.
std::optional<Head> read_marked_ledger(const sys::Dir& dir);

// An event outside a decision: when it cannot be written the log tells so, and work goes on. A
// decision checks event() itself, and is not carried out.
void note(Audit& audit, const sys::Log& log, std::string_view event,
          std::initializer_list<Field> fields, Durable durable = Durable::yes);

}  // namespace bulkhead::records
