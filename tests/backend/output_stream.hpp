// OutputStream: one output stream of a job at the backend. It holds the octets in order, with the
// holes that the agent reported, and hashes them.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::reference {

enum class KeepOutput { file, memory, count_only };

class OutputStream {
  public:
    struct Hole {
        std::uint64_t at = 0;  // offset in the job's output
        std::uint64_t length = 0;
        bool operator==(const Hole&) const = default;
    };
    struct Taken {
        bool accepted = false;  // false: there is a gap before the chunk
        std::uint64_t next_offset = 0;
        std::string fresh;  // the new octets of the chunk, if `want_fresh`
    };

    /// `file` is created when the first octet arrives, for KeepOutput::file only.
    OutputStream(KeepOutput keep, std::string file);

    /// Takes a chunk that begins at `offset`. Octets that are held already are ignored.
    Taken take(std::uint64_t offset, std::string_view chunk, bool want_fresh);
    /// As take(), after a hole from `skip_from` to `offset` that the agent will never send.
    Taken take_after_hole(std::uint64_t skip_from, std::uint64_t offset, std::string_view chunk,
                          bool want_fresh);
    /// For dialects without offsets.
    void append(std::string_view chunk);

    /// The number of octets received and skipped.
    [[nodiscard]] std::uint64_t next_offset() const;
    [[nodiscard]] std::uint64_t held() const;
    [[nodiscard]] std::vector<Hole> holes() const;
    /// The hash of the octets received, in hex.
    [[nodiscard]] std::string sha256() const;
    /// The last `most` octets received, without the holes. Empty for KeepOutput::count_only.
    [[nodiscard]] std::string text(std::size_t most = SIZE_MAX) const;

  private:
    struct Free {
        void operator()(EVP_MD_CTX* hash) const { EVP_MD_CTX_free(hash); }
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    Taken take_locked(std::uint64_t offset, std::string_view chunk, bool want_fresh);
    void store(std::string_view fresh);

    const KeepOutput keep_;
    const std::string path_;
    mutable std::mutex mutex_;
    std::unique_ptr<EVP_MD_CTX, Free> hash_;
    std::unique_ptr<std::FILE, Free> file_;
    std::string memory_;
    std::uint64_t next_offset_ = 0;
    std::uint64_t held_ = 0;
    std::vector<Hole> holes_;
};

}  // namespace bulkhead::reference
