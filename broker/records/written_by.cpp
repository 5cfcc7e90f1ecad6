#include "broker/records/written_by.hpp"

#include <cerrno>

#include "common/base/parse.hpp"

namespace bulkhead::records {

namespace {

constexpr std::string_view kFormat = "state-format ", kVersion = "version ";

bool is_version(std::string_view text) {
    constexpr std::string_view kOf = "0123456789abcdefghijklmnopqrstuvwxyz.+~-";
    return !text.empty() && text.size() <= 64 && text.find_first_not_of(kOf) == text.npos;
}

}  // namespace

Result<WrittenBy> read_written_by(const sys::Dir& broker) {
    const auto text = broker.read_file(kWrittenByFile, 256);
    if (!text && text.error().code == ENOENT) return WrittenBy{};
    if (!text) return std::unexpected(text.error());
    const auto lines = split(*text, '\n');
    WrittenBy last;
    // A later format may have more lines.
    if (lines.size() >= 3 && lines[0].starts_with(kFormat) && lines[1].starts_with(kVersion)) {
        const auto format = parse_number<unsigned>(lines[0].substr(kFormat.size()));
        last.format = format.value_or(0);
        last.version = lines[1].substr(kVersion.size());
    }
    if (last.format > 0 && is_version(last.version)) return last;
    return fail(
        "broker/written-by: expected \"state-format NUMBER\" and \"version VERSION\"; if "
        "no later version has run on this host, remove the file");
}

Result<> require_known(const WrittenBy& last) {
    if (last.format <= kStateFormat) return {};
    return fail("the state directory is of format " + std::to_string(last.format) +
                ", written by a later version; this one reads " + std::to_string(kStateFormat) +
                ": install " + last.version + " or newer");
}

Result<> note_written_by(const sys::Dir& broker, const WrittenBy& last, std::string_view version) {
    if (last.format == kStateFormat && last.version == version) return {};
    const auto text = std::string(kFormat) + std::to_string(kStateFormat) + "\n" +
                      std::string(kVersion) + std::string(version) + "\n";
    return within("written-by", broker.write_atomic(kWrittenByFile, text, 0600));
}

}  // namespace bulkhead::records
