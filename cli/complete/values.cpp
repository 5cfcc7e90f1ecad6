#include "cli/complete/values.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "cli/complete/usage.hpp"
#include "cli/explain/advice.hpp"
#include "cli/status/root_file.hpp"
#include "common/admission/reason.hpp"
#include "common/base/parse.hpp"
#include "common/policy/parse.hpp"

namespace bulkhead::cli {

namespace {

namespace fs = std::filesystem;

// Policies have few lines; a file of some other kind would hold up the shell.
constexpr std::size_t kMostLines = 4096;

// The names in `folder` that end with `ending`, without it.
std::set<std::string> names_in(const fs::path& folder, std::string_view ending) {
    std::set<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        auto name = entry.path().filename().string();
        if (!name.ends_with(ending) || name.size() == ending.size()) continue;
        name.resize(name.size() - ending.size());
        names.insert(std::move(name));
    }
    return names;
}

template <class Take>
void each_line(const fs::path& file, Take take) {
    std::ifstream stream(file);
    std::string line;
    for (std::size_t i = 0; i < kMostLines && std::getline(stream, line); ++i) {
        const auto found = words(line);
        if (!found.empty() && !found[0].starts_with('#')) take(found);
    }
}

using Candidates = std::vector<Candidate>;

void profiles(const Places& places, Candidates& to) {
    auto names = names_in(places.vendor_policy + "/profiles", ".profile");
    names.merge(names_in(places.policy + "/profiles", ".profile"));
    for (const auto& name : names) {
        if (!policy::is_part(name)) to.push_back({name, "profile"});
    }
}

void targets(const Places& places, Candidates& to) {
    to.push_back({"any", "every host"});
    to.push_back({"host:", "the host of that id"});
    std::set<std::string> groups;
    const auto take = [&](const auto& line) {
        if (line[0] == "group" && line.size() > 1) groups.emplace(line[1]);
    };
    each_line(places.policy + "/host.policy", take);
    for (const auto& name : names_in(places.policy + "/host.policy.d", ".lines")) {
        each_line(places.policy + "/host.policy.d/" + name + ".lines", take);
    }
    for (const auto& group : groups) to.push_back({"group:" + group, "hosts of that group"});
    if (groups.empty()) to.push_back({"group:", "hosts of that group"});
}

void codes(Candidates& to) {
    for (const auto& row : admission::reasons()) to.push_back({std::string(row.code), "reason"});
    for (const auto* kind : {"trouble", "said", "end", "artifact"}) {
        const auto rows = std::string_view(kind) == "trouble" ? trouble_advice()
                          : std::string_view(kind) == "said"  ? said_advice()
                          : std::string_view(kind) == "end"   ? end_advice()
                                                              : unusable_advice();
        for (const auto& row : rows) {
            to.push_back({std::string(row.code), std::string(kind) == "end" ? "end" : "trouble"});
        }
    }
}

// Of the jobs that root tells of: those that run, and the last ones.
void jobs(std::string_view member, const Places& places, bool running_only, Candidates& to) {
    const auto root = read_root_file(places.run_dir);
    if (root.state != RootFile::State::fresh) return;
    const auto& told = root.said;
    if (!told.is_object() || !told.contains("jobs")) return;
    for (const auto* list : {"running", "last"}) {
        if (running_only && std::string_view(list) == "last") continue;
        const auto& all = told["jobs"];
        if (!all.is_object() || !all.contains(list)) continue;
        for (const auto& job : all[list]) {
            if (!job.is_object() || !job.contains(std::string(member))) continue;
            const auto& value = job[std::string(member)];
            to.push_back({value.is_string() ? value.get<std::string>() : value.dump(),
                          list == std::string_view("running") ? "runs" : "has ended"});
        }
    }
}

void simple(const std::set<std::string>& names, const char* meaning, Candidates& to) {
    for (const auto& name : names) to.push_back({name, meaning});
}

bool has_capital(std::string_view word) {
    return std::ranges::any_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_path(std::string_view word) {
    constexpr std::array<std::string_view, 8> kPaths{"SCRIPT", "MANIFEST", "SIGNATURE", "SIGNED",
                                                     "FILE",   "PATH",     "MOUNT",     "DEVICE"};
    if (std::ranges::find(kPaths, word) != kPaths.end()) return true;
    return word == "OBJECT.o" || word == "NAME.artifact" || word.starts_with("FILE.");
}

void values_of_one(std::string_view option, const std::string& word, const Places& places,
                   Candidates& to) {
    if (is_path(word)) to.push_back({":file", ""});
    if (word == "DIR") to.push_back({":directory", ""});
    if (word == "PROFILE") profiles(places, to);
    if (word == "WHERE") targets(places, to);
    if (word == "CODE") codes(to);
    if (word == "NUMBER") jobs("number", places, option.empty(), to);
    if (word == "JOB" || word == "JOB-ID") jobs("job_id", places, false, to);
    if (word == "BACKEND") simple(names_in(places.run_dir + "/status", ".sock"), "backend", to);
    if (word == "NAME" && option == "--catalogue") {
        simple(names_in(places.policy + "/approved", ".script"), "catalogue job", to);
    }
    if (word == "NAME" && option == "--name") {
        auto names = names_in(places.policy + "/approved", ".manifest");
        names.merge(names_in(places.policy + "/approved", ".artifact"));
        simple(names, "pinned", to);
    }
    if (word == "NAME" && option == "--author") {
        std::set<std::string> people;
        each_line(places.policy + "/allowed_signers",
                  [&](const auto& line) { people.emplace(line[0]); });
        simple(people, "of allowed_signers", to);
    }
    if (!has_capital(word)) to.push_back({word, ""});
}

}  // namespace

std::vector<Candidate> values_of(std::string_view option, std::string_view value,
                                 const Places& places) {
    Candidates found;
    for (const auto& word : alternatives(value)) values_of_one(option, word, places, found);
    return found;
}

}  // namespace bulkhead::cli
