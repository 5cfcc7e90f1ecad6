// TarReader: reads a tar archive as a stream and keeps the files that are asked for. Headers are
// those of POSIX ustar and pax (IEEE Std 1003.1-2017, pax, EXTENDED DESCRIPTION), of GNU tar and of
// Unix V7.
//
// libarchive reads more than forty formats, and would map fourteen more libraries into each worker
// (libxml2 and ICU among them). This reads one.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strong.hpp"
#include "worker/bundle/bundle_refusal.hpp"

namespace bulkhead::worker {

// A file to keep, by its name in the top directory, and how many bytes of it at most.
struct WantedFile {
    std::string_view name;
    std::uint64_t max = 0;
};

class TarReader {
  public:
    explicit TarReader(std::vector<WantedFile> wanted) : wanted_(std::move(wanted)) {}

    // The next bytes of the archive. Refused: an absolute path or one with "..", links, devices,
    // pipes, sparse files, a wanted name that comes twice or is too large, more than 1,024 entries,
    // and whatever is no tar archive. Regular files that are not wanted, and directories, are
    // passed over.
    Unpacked<> feed(std::string_view bytes);
    // Refused: the archive does not end with a block of zeros, so it may be truncated.
    Unpacked<> finish() const;

    // Those that were there.
    std::map<std::string, std::string, std::less<>>& files() { return files_; }
    // Names of the first entries, quoted, joined by ", ".
    const std::string& seen() const { return seen_; }

  private:
    struct Header;
    Unpacked<> on_block(std::string_view block);
    Unpacked<> on_header(const Header& header);
    Unpacked<> begin_entry(const Header& header, std::string name);
    Unpacked<> begin_extension(const Header& header);
    Unpacked<> end_entry();
    Unpacked<> read_pax();
    void consume(std::string_view& bytes);

    std::vector<WantedFile> wanted_;
    std::map<std::string, std::string, std::less<>> files_;
    std::string seen_;
    unsigned entries_ = 0;
    std::string block_;            // a header that is not whole yet
    std::uint64_t data_ = 0;       // bytes of the entry that are still to come
    std::uint64_t padding_ = 0;    // and behind them, up to a multiple of 512
    std::string* keep_ = nullptr;  // where they go; null: nowhere
    char type_ = '\0';             // of the entry
    std::string extension_;        // what a pax or GNU header says about the next entry
    std::string next_name_;        // by that; empty: its own
    bool ended_ = false;           // a block of zeros was read
};

}  // namespace bulkhead::worker
