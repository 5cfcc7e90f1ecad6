#include "worker/bundle/tar_reader.hpp"

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxExtension = 16_KiB;
constexpr unsigned kMaxEntries = 1'024;
constexpr std::size_t kMaxSeen = 200;
constexpr std::uint64_t kMaxSize = 1ULL << 33;  // what eleven octal digits can say

std::unexpected<BundleRefusal> unreadable(std::string why) {
    return refuse(kBundleUnreadable, std::move(why));
}
std::unexpected<BundleRefusal> unsafe(std::string why) {
    return refuse(kBundleUnsafe, std::move(why));
}

// A field of text, up to its first NUL.
std::string_view text_in(std::string_view block, std::size_t offset, std::size_t length) {
    const auto field = block.substr(offset, length);
    return field.substr(0, std::min(field.find('\0'), field.size()));
}

// Octal digits, with blanks before and blanks or NULs behind.
std::optional<std::uint64_t> number_in(std::string_view block, std::size_t offset,
                                       std::size_t length) {
    auto field = block.substr(offset, length);
    while (field.starts_with(' ')) field.remove_prefix(1);
    const auto ends = [](char c) { return c == ' ' || c == '\0'; };
    while (!field.empty() && ends(field.back())) field.remove_suffix(1);
    std::uint64_t value = 0;
    for (const char c : field) {
        if (c < '0' || c > '7' || value > kMaxSize) return std::nullopt;
        value = value * 8 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

// The sum of all bytes, those of the sum itself taken for blanks. Old programs took bytes for
// signed.
bool sum_is_right(std::string_view block) {
    constexpr std::size_t kAt = 148;
    constexpr std::size_t kLength = 8;
    long with_sign = 0;
    long without = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
        const char c = i >= kAt && i < kAt + kLength ? ' ' : block[i];
        with_sign += static_cast<signed char>(c);
        without += static_cast<unsigned char>(c);
    }
    const auto sum = number_in(block, kAt, kLength);
    return sum && (std::cmp_equal(*sum, without) || std::cmp_equal(*sum, with_sign));
}

std::string_view word_of(char type) {
    switch (type) {
        case '1':
            return "a hard link";
        case '2':
        case 'K':
            return "a symbolic link";
        case '3':
        case '4':
            return "a device";
        case '6':
            return "a named pipe";
        case 'S':
            return "a sparse file";
        default:
            return "an entry of an unknown type";
    }
}

// The name without "./" before it; refused where it leads elsewhere.
Unpacked<std::string> inside(std::string_view name) {
    if (name.starts_with('/')) return unsafe(quoted(name, 100) + ": an absolute path");
    for (const auto part : split(name, '/')) {
        if (part == "..") return unsafe(quoted(name, 100) + ": a path with \"..\"");
    }
    while (name.starts_with("./")) name.remove_prefix(2);
    return std::string(name);
}

}  // namespace

struct TarReader::Header {
    char type = '\0';
    std::uint64_t size = 0;
    std::string name;
};

Unpacked<> TarReader::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (data_ + padding_ > 0) {
            consume(bytes);
            if (data_ + padding_ > 0) return {};
            if (auto done = end_entry(); !done) return done;
            continue;
        }
        const auto part = bytes.substr(0, kBlock - block_.size());
        block_ += part;
        bytes.remove_prefix(part.size());
        if (block_.size() < kBlock) return {};
        const auto block = std::exchange(block_, {});
        if (auto done = on_block(block); !done) return done;
    }
    return {};
}

void TarReader::consume(std::string_view& bytes) {
    const auto data =
        bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(data_, bytes.size())));
    if (keep_ != nullptr) *keep_ += data;
    data_ -= data.size();
    bytes.remove_prefix(data.size());
    if (data_ > 0) return;
    const auto padding = std::min<std::uint64_t>(padding_, bytes.size());
    padding_ -= padding;
    bytes.remove_prefix(static_cast<std::size_t>(padding));
}

Unpacked<> TarReader::finish() const {
    if (ended_ && block_.empty()) return {};
    if (entries_ == 0 && !ended_) return unreadable("it is no tar archive");
    return unreadable("the tar archive ends too early: it is truncated");
}

Unpacked<> TarReader::on_block(std::string_view block) {
    if (std::ranges::all_of(block, [](char c) { return c == '\0'; })) {
        ended_ = true;
        return {};
    }
    if (ended_) return unsafe("there is something behind the end of the tar archive");
    if (!sum_is_right(block)) {
        return unreadable(entries_ == 0 ? "it is no tar archive"
                                        : "a header of the tar archive is damaged");
    }
    const auto size = number_in(block, 124, 12);
    if (!size || *size >= kMaxSize) {
        return refuse(kBundleTooLarge, "an entry of the tar archive has 8 GiB or more");
    }
    Header header{.type = block[156], .size = *size, .name = std::string(text_in(block, 0, 100))};
    // GNU tar has other fields where ustar has the first part of a long name.
    if (block.substr(257, 6) == std::string_view("ustar\0", 6)) {
        const auto prefix = text_in(block, 345, 155);
        if (!prefix.empty()) header.name = std::string(prefix) + "/" + header.name;
    }
    return on_header(header);
}

Unpacked<> TarReader::on_header(const Header& header) {
    if (++entries_ > kMaxEntries) {
        return refuse(kBundleTooLarge,
                      "it has more than " + std::to_string(kMaxEntries) + " entries");
    }
    type_ = header.type;
    data_ = header.size;
    padding_ = (kBlock - header.size % kBlock) % kBlock;
    keep_ = nullptr;
    if (type_ == 'x' || type_ == 'g' || type_ == 'L') return begin_extension(header);
    auto named = next_name_.empty() ? header.name : std::exchange(next_name_, {});
    const bool is_file = type_ == '0' || type_ == '\0';
    if (!is_file && (type_ != '5' || header.size > 0)) {
        return unsafe(quoted(named, 100) + ": " + std::string(word_of(type_)));
    }
    auto name = inside(named);
    if (!name) return std::unexpected(name.error());
    return begin_entry(header, *std::move(name));
}

// Of a header that says something about the next one.
Unpacked<> TarReader::begin_extension(const Header& header) {
    if (header.size > kMaxExtension) {
        return refuse(kBundleTooLarge, "a header of the tar archive has more than 16 KiB");
    }
    extension_.clear();
    keep_ = &extension_;
    return data_ == 0 ? end_entry() : Unpacked<>();
}

Unpacked<> TarReader::begin_entry(const Header& header, std::string name) {
    if (seen_.size() < kMaxSeen) seen_ += (seen_.empty() ? "" : ", ") + quoted(name, 40);
    const auto wanted = std::ranges::find(wanted_, name, &WantedFile::name);
    if (wanted == wanted_.end()) return {};
    if (type_ == '5') return unsafe(name + " is a directory");
    if (header.size > wanted->max) {
        return refuse(kBundleTooLarge, name + " has " + std::to_string(header.size) +
                                           " bytes, and " + std::to_string(wanted->max) +
                                           " are the most");
    }
    const auto [place, first] = files_.try_emplace(std::move(name));
    if (!first) return unsafe(place->first + " is in it twice");
    keep_ = &place->second;
    return {};
}

Unpacked<> TarReader::end_entry() {
    keep_ = nullptr;
    if (type_ == 'L') {
        next_name_ = extension_.substr(0, extension_.find('\0'));
        return {};
    }
    return type_ == 'x' || type_ == 'g' ? read_pax() : Unpacked<>();
}

// Records "LENGTH KEY=VALUE\n", whose length counts itself. Times, owners and the like are passed
// over. A size, or a name for all entries, belongs to no archive of small files.
Unpacked<> TarReader::read_pax() {
    std::string_view rest = extension_;
    while (!rest.empty()) {
        const auto blank = rest.find(' ');
        const auto length = parse_number<std::size_t>(rest.substr(0, std::min(blank, rest.size())));
        if (!length || *length > rest.size() || *length < blank + 3 || rest[*length - 1] != '\n') {
            return unreadable("a pax header of the tar archive is damaged");
        }
        const auto record = rest.substr(blank + 1, *length - blank - 2);
        rest.remove_prefix(*length);
        const auto equals = record.find('=');
        if (equals == record.npos) return unreadable("a pax header of the tar archive is damaged");
        const auto key = record.substr(0, equals);
        if (key == "path" && type_ == 'x') {
            next_name_ = record.substr(equals + 1);
            if (next_name_.find('\0') != next_name_.npos) return unsafe("a name holds a NUL");
        } else if (key == "path" || key == "size" || key == "linkpath" ||
                   key.starts_with("GNU.sparse")) {
            return unsafe("a pax header says " + quoted(key, 40) + ", which belongs to no bundle");
        }
    }
    return {};
}

}  // namespace bulkhead::worker
