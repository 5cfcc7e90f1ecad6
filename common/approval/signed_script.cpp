#include "common/approval/signed_script.hpp"

#include <algorithm>

#include "common/approval/manifest.hpp"
#include "common/approval/sshsig.hpp"

namespace bulkhead::approval {

namespace {

constexpr std::string_view kManifestMark = "#m ";
constexpr std::string_view kSignatureMark = "#s ";

// The offset of the first line that begins with the marker. A line with more text after the marker,
// such as a blank or CR, is found too; the caller refuses it, because a reader would take it for a
// marker line.
std::size_t find_marker(std::string_view text) {
    if (text.starts_with(kTailMarker)) return 0;
    const auto at = text.find("\n" + std::string(kTailMarker));
    return at == text.npos ? at : at + 1;
}

std::size_t lines_in(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

Result<> take_tail_line(SignedScript& parts, std::string_view line) {
    if (line.contains('\r')) return fail("holds CR; lines of the tail end with LF alone");
    if (line.starts_with(kTailMarker)) return fail("a second approval tail; keep one");
    if (line.starts_with(kManifestMark) && parts.signatures.empty()) {
        parts.manifest.append(line.substr(kManifestMark.size())).append("\n");
    } else if (line.starts_with(kSignatureMark) && !parts.manifest.empty()) {
        parts.signatures.append(line.substr(kSignatureMark.size())).append("\n");
    } else {
        return fail(
            "not a line of the approval tail (#m, then #s). The tail must be the end of the file; "
            "inside a here-document or string, write the marker line in another way");
    }
    return {};
}

Result<> check_lines(std::string_view what, std::string_view text) {
    if (!text.ends_with('\n')) return fail(std::string(what) + " does not end with LF");
    if (text.contains('\r')) return fail(std::string(what) + " holds CR; lines end with LF alone");
    return {};
}

}  // namespace

Result<SignedScript> split_signed_script(std::string_view text) {
    SignedScript parts;
    const auto marker = find_marker(text);
    parts.script = text.substr(0, marker);
    if (marker == text.npos) return parts;
    parts.has_tail = true;
    auto tail = text.substr(marker);
    if (tail.size() > 2 * (kMaxManifest + kMaxSignatureText))
        return fail("the approval tail is too long");
    for (auto number = lines_in(parts.script) + 1; !tail.empty(); ++number) {
        const auto where = "line " + std::to_string(number);
        const auto feed = tail.find('\n');
        if (feed == tail.npos) return fail(where + ": no LF at its end");
        const auto line = tail.substr(0, feed);
        tail.remove_prefix(feed + 1);
        if (number > lines_in(parts.script) + 1) {
            TRY(within(where, take_tail_line(parts, line)));
        } else if (line != kTailMarker) {
            return fail(where + ": expected " + std::string(kTailMarker) + " and LF, nothing more");
        }
    }
    if (parts.manifest.empty()) return fail("the approval tail holds no manifest (#m lines)");
    return parts;
}

Result<std::string> join_signed_script(std::string_view script, std::string_view manifest,
                                       std::string_view signatures) {
    if (!script.ends_with('\n')) {
        return fail(
            "the script does not end with LF; add a line end before it is hashed and signed");
    }
    if (find_marker(script) != script.npos) {
        return fail("the script holds an approval marker line already");
    }
    TRY(check_lines("the manifest", manifest));
    if (!signatures.empty()) TRY(check_lines("the signature", signatures));
    auto out = std::string(script).append(kTailMarker).append("\n");
    const auto add = [&](std::string_view mark, std::string_view text) {
        while (!text.empty()) {
            const auto line = text.substr(0, text.find('\n') + 1);
            out.append(mark).append(line);
            text.remove_prefix(line.size());
        }
    };
    add(kManifestMark, manifest);
    add(kSignatureMark, signatures);
    // split_signed_script() must accept the result.
    TRY(split_signed_script(out));
    return out;
}

}  // namespace bulkhead::approval
