#include "broker/reads/host_files.hpp"

#include <algorithm>
#include <map>

#include "broker/reads/walk.hpp"
#include "common/base/parse.hpp"
#include "common/policy/pattern.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

namespace {

using policy::ReadRow;

constexpr std::size_t kMostFiles = 1'000;  // of one pattern

Opened open_file(const std::string& path, const ReadRow& row) {
    const auto found = walk(path, row.links_within);
    if (!found) return std::unexpected(found.error());
    return open_found(
        *found, {.max_bytes = row.max_bytes, .everybodys = row.is_pattern && !row.private_too});
}

// The paths that a row means; of a pattern those that exist down to its last wildcard, or itself
// where a directory cannot be listed. `cut`: there are too many of them.
std::vector<std::string> expand(const ReadRow& row, bool& cut) {
    std::vector<std::string> paths{""};
    for (const auto part : split(row.target, '/')) {
        if (part.empty()) continue;
        std::vector<std::string> longer;
        for (const auto& path : paths) {
            std::vector<std::string> names{std::string(part)};
            if (policy::has_wildcard(part)) {
                auto folder = walk(path, row.links_within);
                const auto anywhere = walk(path, "/");
                if (folder || (!anywhere && anywhere.error() == "read-absent")) names.clear();
                if (folder) names = sys::Dir::from(*std::move(folder)).list().value_or(names);
                std::erase_if(names, [&](auto& name) { return !policy::matches(part, name); });
            }
            for (const auto& name : names) {
                cut = cut || longer.size() == kMostFiles;
                if (longer.size() < kMostFiles) longer.push_back(path + "/" + name);
            }
        }
        paths = std::move(longer);
    }
    return paths;
}

}  // namespace

bool are_listed(std::span<const ReadRow> rows, std::string_view only) {
    return only.empty() || std::ranges::any_of(rows, [&](const ReadRow& row) {
               return policy::matches(row.target, only, '*');
           });
}

void open_host_files(std::span<const ReadRow> rows, const protocol::OpenHostFile& request,
                     protocol::HostFilesReply& reply) {
    const auto& only = request.only.str();
    // By path, of rows that hold the same one the last, which is the operator's; null: the rest of
    // a pattern with too many files.
    std::map<std::string, const ReadRow*> wanted;
    const auto is_wanted = [&](const std::string& path, const ReadRow& row) {
        const bool whole = row.is_pattern && path == row.target;
        return path > request.after.str() && path.size() <= protocol::HostPath::kMax &&
               (only.empty() || policy::matches(whole ? path : only, whole ? only : path));
    };
    for (const auto& row : rows) {
        bool cut = false;
        for (auto& path : expand(row, cut)) {
            if (is_wanted(path, row)) wanted.insert_or_assign(std::move(path), &row);
        }
        if (cut && is_wanted(row.target, row)) wanted.insert_or_assign(row.target, nullptr);
    }
    for (const auto& [path, row] : wanted) {
        auto fd = row != nullptr ? open_file(path, *row) : Opened(std::unexpect, "read-too-many");
        // A pattern's directory without such a file is no failure.
        if (!fd && fd.error() == "read-absent" && row->is_pattern) continue;
        reply.more = reply.files.items.size() == reply.files.kMax;
        if (reply.more) return;
        auto& file = reply.files.items.emplace_back();
        file.path = protocol::HostPath::clipped(path);
        file.reason = protocol::Code::clipped(fd ? "ok" : fd.error());
        if (fd) file.file = protocol::Handle{*std::move(fd)};
    }
}

}  // namespace bulkhead::broker
