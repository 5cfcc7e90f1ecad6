#include "tests/backend/output_stream.hpp"

#include <algorithm>
#include <fstream>

namespace bulkhead::reference {

OutputStream::OutputStream(KeepOutput keep, std::string file)
    : keep_(keep), path_(std::move(file)), hash_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr);
}

OutputStream::Taken OutputStream::take(std::uint64_t offset, std::string_view chunk,
                                       bool want_fresh) {
    const std::lock_guard lock(mutex_);
    return take_locked(offset, chunk, want_fresh);
}

OutputStream::Taken OutputStream::take_after_hole(std::uint64_t skip_from, std::uint64_t offset,
                                                  std::string_view chunk, bool want_fresh) {
    const std::lock_guard lock(mutex_);
    if (skip_from > next_offset_)
        return {.accepted = false, .next_offset = next_offset_, .fresh = {}};
    if (offset > next_offset_) {
        holes_.push_back({next_offset_, offset - next_offset_});
        next_offset_ = offset;
    }
    return take_locked(offset, chunk, want_fresh);
}

void OutputStream::append(std::string_view chunk) {
    const std::lock_guard lock(mutex_);
    take_locked(next_offset_, chunk, false);
}

OutputStream::Taken OutputStream::take_locked(std::uint64_t offset, std::string_view chunk,
                                              bool want_fresh) {
    if (offset > next_offset_) return {.accepted = false, .next_offset = next_offset_, .fresh = {}};
    const auto known = next_offset_ - offset;
    const auto fresh = known < chunk.size() ? chunk.substr(known) : std::string_view{};
    store(fresh);
    return {.accepted = true,
            .next_offset = next_offset_,
            .fresh = std::string(want_fresh ? fresh : "")};
}

void OutputStream::store(std::string_view fresh) {
    if (fresh.empty()) return;
    EVP_DigestUpdate(hash_.get(), fresh.data(), fresh.size());
    if (keep_ == KeepOutput::memory) memory_ += fresh;
    if (keep_ == KeepOutput::file) {
        if (!file_) file_.reset(std::fopen(path_.c_str(), "wbe"));
        if (file_) {
            std::fwrite(fresh.data(), 1, fresh.size(), file_.get());
            std::fflush(file_.get());
        }
    }
    next_offset_ += fresh.size();
    held_ += fresh.size();
}

std::uint64_t OutputStream::next_offset() const {
    const std::lock_guard lock(mutex_);
    return next_offset_;
}

std::uint64_t OutputStream::held() const {
    const std::lock_guard lock(mutex_);
    return held_;
}

std::vector<OutputStream::Hole> OutputStream::holes() const {
    const std::lock_guard lock(mutex_);
    return holes_;
}

std::string OutputStream::sha256() const {
    const std::lock_guard lock(mutex_);
    const std::unique_ptr<EVP_MD_CTX, Free> copy(EVP_MD_CTX_new());
    EVP_MD_CTX_copy_ex(copy.get(), hash_.get());  // the original continues with the next chunk
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(copy.get(), digest, &size);
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += kHex[digest[i] >> 4U];
        text += kHex[digest[i] & 0xfU];
    }
    return text;
}

std::string OutputStream::text(std::size_t most) const {
    const std::lock_guard lock(mutex_);
    const auto size = std::min<std::uint64_t>(most, held_);
    if (keep_ == KeepOutput::memory) return memory_.substr(memory_.size() - size);
    if (keep_ == KeepOutput::count_only || size == 0) return {};
    std::string read(size, '\0');
    std::ifstream in(path_, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(held_ - size));
    in.read(read.data(), static_cast<std::streamsize>(size));
    read.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    return read;
}

}  // namespace bulkhead::reference
