#include "cli/status/verdict.hpp"

#include <algorithm>

#include "common/base/parse.hpp"

namespace bulkhead::cli {

namespace {

using State = RootFile::State;

constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

void add(std::vector<Trouble>& all, const StatusJson& list, const std::string& says) {
    if (!list.is_array()) return;
    std::size_t left = kMostTroubles;
    for (const auto& one : list) {
        if (left-- == 0) break;
        const auto since = time_of(one, "since");
        const auto& tries = member(one, "tries");
        all.push_back({.code = text_of(one, "code", "trouble"),
                       .since = since.empty() ? text_of(one, "since") : since,
                       .why = text_of(one, "why", "it does not say why"),
                       .says = says,
                       .tries = tries.is_number_unsigned() ? tries.get<std::uint64_t>() : 0});
    }
}

void add_root(std::vector<Trouble>& all, const RootFile& root) {
    const auto of_ours = [&](const char* code) {
        all.push_back({.code = code, .since = "", .why = root.why, .says = "status"});
    };
    if (root.state == State::silent) of_ours("root-silent");
    if (root.state == State::unbelieved) of_ours("root-unbelieved");
    if (root.state == State::absent) {
        all.push_back({.code = "root-unknown",
                       .since = "",
                       .why = "a worker answers, and root has written nothing: the agent that runs "
                              "is of an older version; restart it",
                       .says = "status"});
    }
    add(all, member(root.said, "troubles"), "root");
}

void add_worker(std::vector<Trouble>& all, const Asked& one) {
    const auto says = "worker " + one.backend;
    const auto entry = own_entry(one);
    if (!entry) {
        all.push_back({.code = "worker-silent",
                       .since = "",
                       .why = "backend " + one.backend + ": " + entry.error().what +
                              "; see journalctl -u bulkhead, and status_socket in agent.yaml",
                       .says = "status"});
        return;
    }
    const auto& told = member(*entry, "troubles");
    if (!told.is_null()) return add(all, told, says);
    // A worker of an earlier version.
    for (const char* duty :
         {"enrollment", "presence", "heartbeat", "inventory", "findings", "jobs"}) {
        const auto why = text_of(*entry, (std::string(duty) + "_trouble").c_str());
        if (!why.empty()) {
            all.push_back(
                {.code = std::string(duty) + "-failing", .since = "", .why = why, .says = says});
        }
    }
}

// Root's list of workers, of which each has a socket.
void add_missing(std::vector<Trouble>& all, const StatusJson& said,
                 const std::vector<Asked>& workers) {
    for (const auto& one : member(said, "workers")) {
        const auto name = text_of(one, "backend");
        if (std::ranges::find(workers, name, &Asked::backend) != workers.end()) continue;
        all.push_back({.code = "worker-silent",
                       .since = "",
                       .why = "backend " + name +
                              ": its worker has no status socket; restart the "
                              "agent",
                       .says = "status"});
    }
}

}  // namespace

const StatusJson& member(const StatusJson& object, const char* name) {
    static const StatusJson kNone;
    const auto found = object.find(name);
    return found == object.end() ? kNone : *found;
}

std::string text_of(const StatusJson& object, const char* name, const std::string& otherwise) {
    const auto& value = member(object, name);
    return value.is_string() ? value.get_ref<const std::string&>().substr(0, kMostTold) : otherwise;
}

std::string time_of(const StatusJson& object, const char* name) {
    const auto& value = member(object, name);
    if (!value.is_number_integer()) return "";
    const auto seconds = value.get<std::int64_t>();
    if (seconds < 0 || seconds > kLastSecond) return "";
    return format_utc(UnixTime(std::chrono::seconds(seconds)));
}

Result<StatusJson> own_entry(const Asked& one) {
    if (!one.answer) return std::unexpected(one.answer.error());
    const auto& backends = member(*one.answer, "backends");
    for (const auto& entry : backends.is_array() ? backends : StatusJson::array()) {
        if (!entry.is_object()) continue;
        if (one.backend.empty() || member(entry, "name") == one.backend) return entry;
    }
    return fail("it does not speak of its own backend");
}

Verdict judge(const RootFile& root, const std::vector<Asked>& workers) {
    Verdict verdict;
    const bool nobody =
        root.state == State::absent &&
        std::ranges::none_of(workers, [](const auto& one) { return one.answer.has_value(); });
    if (nobody || root.state == State::not_running || root.state == State::unread) {
        verdict.why = root.why;
        return verdict;
    }
    add_root(verdict.troubles, root);
    add_missing(verdict.troubles, root.said, workers);
    for (const auto& one : workers) add_worker(verdict.troubles, one);
    verdict.kind = verdict.troubles.empty() ? Verdict::Kind::healthy : Verdict::Kind::trouble;
    return verdict;
}

}  // namespace bulkhead::cli
