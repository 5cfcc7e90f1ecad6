#include "cli/policy_errors.hpp"

#include <algorithm>
#include <filesystem>

#include "cli/base/policy_copy.hpp"
#include "cli/findings.hpp"
#include "common/base/parse.hpp"
#include "common/policy/parse.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::size_t kMostOfAFile = 10;
constexpr std::size_t kMost = 50;

void make_blank(std::string& text, unsigned line) {
    std::size_t begin = 0;
    for (unsigned i = 1; i < line && begin != text.npos; ++i) {
        begin = text.find('\n', begin);
        if (begin != text.npos) ++begin;
    }
    if (begin == text.npos) return;
    text.erase(begin, std::min(text.find('\n', begin), text.size()) - begin);
}

// The errors of the file's lines, each found with the wrong lines before it left out. An error of
// no line in particular ends the search: it may be the fault of a line that was left out.
void add_errors(const std::string& file, std::string text, const policy::Policy& about,
                std::vector<std::string>& errors) {
    unsigned last = 0;
    for (std::size_t i = 0; i < kMostOfAFile; ++i) {
        auto scratch = about;
        const auto parsed = policy::parse_file(scratch, file, text);
        if (parsed) return;
        const auto& what = parsed.error().what;
        const auto place = parse_place(what.substr(0, what.find(": ")));
        if (place.line <= last) {
            if (i == 0) errors.push_back(what);
            return;
        }
        errors.push_back(what);
        last = place.line;
        make_blank(text, place.line);
    }
}

}  // namespace

std::unexpected<Error> with_others(Error first, const std::string& directory) {
    std::vector<std::string> errors;
    std::error_code failed;
    auto path = std::filesystem::absolute(directory, failed).lexically_normal().string();
    if (failed) path = directory;
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    const auto files = policy::read_what_can_be(path, policy::Trust::anybody);
    if (!files) return std::unexpected(std::move(first));
    policy::Policy about;
    constexpr const char* kHost = "host.policy";
    // It says which format the others have.
    if (const auto host = files->texts.find(kHost); host != files->texts.end()) {
        static_cast<void>(policy::parse_file(about, kHost, host->second));
    }
    for (const auto& [file, text] : files->texts) {
        if (policy::adds_to(file).empty() && !file.ends_with(".script")) {
            add_errors(file, text, about, errors);
        }
    }
    for (const auto& [file, error] : files->faults) errors.push_back(error.what);
    std::size_t told = 0;
    auto all = first.what;
    for (const auto& one : errors) {
        if (first.what.contains(one) || ++told > kMost) continue;
        all += "\n" + (one.starts_with(path + "/") ? "" : path + ": ") + one;
    }
    first.what = std::move(all);
    return std::unexpected(std::move(first));
}

}  // namespace bulkhead::cli
