// `bulkhead artifacts`: lists the eBPF artifacts of this host, as root's status has them; `remove`
// has the broker unload one. That makes a file that only root can make, which the broker removes
// before it acts.
#include <fcntl.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include "cli/audit_lines.hpp"
#include "cli/base/files.hpp"
#include "cli/base/layout.hpp"
#include "cli/base/options.hpp"
#include "cli/status/root_file.hpp"
#include "common/approval/manifest.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::array kListOptions{Option{"--json", Takes::nothing},
                                  Option{"--run-dir", Takes::once}, kQuiet};
constexpr std::array kRemoveOptions{Option{"--reason", Takes::once}, Option{"--state", Takes::once},
                                    Option{"--log-dir", Takes::once}};
constexpr std::chrono::seconds kPatience{5};

std::string member(const StatusJson& object, const char* name) {
    return text_in(nlohmann::json(object), name);
}

UnixTime time_in(const StatusJson& object, const char* name) {
    const auto at = object.find(name);
    const bool number = at != object.end() && at->is_number_unsigned();
    return UnixTime{std::chrono::seconds(number ? at->get<std::uint32_t>() : 0)};
}

std::string percent(const StatusJson& one) {
    const auto at = one.find("cpu_millipercent");
    if (at == one.end() || !at->is_number_unsigned()) return "?";
    const auto value = at->get<std::uint64_t>();
    return std::to_string(value / 1000) + "." + std::to_string(value % 1000 / 100) + " %";
}

std::string text_of(const StatusJson& one) {
    const auto state = member(one, "state");
    auto text = row("artifact", quoted(member(one, "id"), 64) + ", manifest " +
                                    member(one, "manifest").substr(0, 12));
    text += row("state", state + " since " + format_utc(time_in(one, "since")) +
                             (member(one, "reason") == "ok" ? "" : ": " + member(one, "reason")));
    if (!member(one, "detail").empty()) text += row("", member(one, "detail"));
    if (state != "loaded") return text;
    const auto left = time_in(one, "expires") - sys::now();
    text += row("ends", format_utc(time_in(one, "expires")) + ", in " +
                            std::to_string(std::max<long>(0, left.count())) + " s" +
                            (one.value("pinned", false) ? "; pinned: it outlives the agent" : ""));
    text += row("programs", member(one, "programs") + ", " + member(one, "run_count") +
                                " runs in " + member(one, "run_time_ns") + " ns; " + percent(one) +
                                " of a processor lately");
    return text + row("drops", member(one, "drops"));
}

std::string kernel_line(const StatusJson& artifacts) {
    std::string works, lacks;
    for (const auto& one : artifacts.value("kernel", StatusJson::array())) {
        auto& list = one.value("works", false) ? works : lacks;
        list += (list.empty() ? "" : ", ") + member(one, "name");
    }
    if (works.empty() && lacks.empty()) return "";
    return row("this kernel", (works.empty() ? "" : "can: " + works) +
                                  (works.empty() || lacks.empty() ? "" : "; ") +
                                  (lacks.empty() ? "" : "cannot: " + lacks));
}

Result<int> list(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kListOptions));
    if (!options.operands().empty()) return wrong("takes no operands but: remove ID");
    const auto root = read_root_file(options.value("--run-dir", "/run/bulkhead"));
    if (root.state != RootFile::State::fresh) return fail(root.why);
    const auto at = root.said.find("artifacts");
    if (at == root.said.end() || !at->is_object()) {
        return fail("the running agent is of an older version, and has no artifacts");
    }
    if (options.has("--json")) {
        TRY(print(at->dump(2) + "\n"));
        return kDone;
    }
    std::string text;
    for (const auto& one : at->value("list", StatusJson::array())) text += text_of(one) + "\n";
    if (text.empty()) text = "no artifact is loaded, and none has ended since the agent started\n";
    if (!at->value("enabled", false)) {
        text += "there is no artifacts.policy: none can be loaded on this host\n";
    }
    const auto why = member(*at, "unusable");
    if (!why.empty()) text += row("no loader", why);
    TRY(print(text + kernel_line(*at)));
    options.hint("what a backend offered and was refused or unusable: bulkhead status\n");
    return kDone;
}

// What root has recorded of requests to remove it, oldest first: whether it knew the artifact.
std::vector<bool> answers(const std::string& log, const std::string& id) {
    std::vector<bool> known;
    static_cast<void>(each_audit_line(log, [&](std::string_view text) {
        if (!text.contains("\"event\":\"artifact-remove-requested\"")) return;
        const auto line = nlohmann::json::parse(text, nullptr, false);
        if (!line.is_object() || text_in(line, "artifact") != id) return;
        known.push_back(line.contains("known") && line["known"] == true);
    }));
    return known;
}

template <class Done>
bool comes_true(Done done) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
        if (done()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

Result<int> remove(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kRemoveOptions));
    TRY(options.require_there({"--state", "--log-dir"}));
    if (options.operands().size() != 1) return wrong("give an artifact's id");
    const std::string id(options.operands()[0]);
    if (!approval::is_job_id(id)) return wrong(bulkhead::quoted(id) + " is no artifact's id");
    const auto reason = TRY(one_line("--reason", options.value("--reason", "no reason given")));
    const auto log = options.value("--log-dir", kLogDirectory);
    const auto earlier = answers(log, id).size();
    const auto place = options.value("--state", "/var/lib/bulkhead") + "/broker/requests";
    const auto directory = TRY(only_root(sys::Dir::open(place)));
    const auto name = "remove-artifact." + id;
    TRY(only_root(within(place, directory.write_atomic(name, reason + "\n", 0600))));
    const auto is_taken = [&] {
        const auto there = directory.open_regular(name, O_RDONLY);
        return !there && there.error().code == ENOENT;
    };
    if (!comes_true(is_taken)) {
        static_cast<void>(directory.remove_file(name));
        return fail("no agent with the state " + place + " takes requests: is it running?");
    }
    if (!comes_true([&] { return answers(log, id).size() > earlier; })) {
        return fail(
            "root has taken the request, and what came of it is not known here: see "
            "artifact-remove-requested in the audit log (--log-dir)");
    }
    if (!answers(log, id).back()) return fail("no artifact " + id + " is known on this host");
    TRY(print_done("Artifact " + id +
                   " is unloaded, and its manifest is not loaded again on this host: another one, "
                   "approved anew, is.\n"));
    return kDone;
}

}  // namespace

Result<int> artifacts(const Arguments& arguments) {
    if (!arguments.empty() && std::string_view(arguments[0]) == "remove") {
        return remove(Arguments(arguments.begin() + 1, arguments.end()));
    }
    return list(arguments);
}

}  // namespace bulkhead::cli
