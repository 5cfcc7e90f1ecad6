// `bulkhead status`: the verdict over the agent, by what root has written and what each worker's
// socket says. A worker talks to the network and may be captured: it can add a trouble, and take
// none away.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/base/command.hpp"
#include "cli/base/options.hpp"
#include "cli/status/merge.hpp"
#include "cli/status/print.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::cli {

namespace {

using json = StatusJson;

constexpr std::array kOptions{
    Option{"--json", Option::Takes::nothing}, Option{"--check", Option::Takes::nothing},
    Option{"--socket", Option::Takes::once}, Option{"--run-dir", Option::Takes::once}};

// Of the JSON that is printed: raised when a member changes its meaning or goes.
constexpr int kSchema = 1;

// The exit statuses are also those of a Nagios plugin: OK, WARNING, CRITICAL.
int status_of(Verdict::Kind kind) {
    return kind == Verdict::Kind::healthy ? kDone : kind == Verdict::Kind::trouble ? kNo : kWrong;
}

const char* name_of(Verdict::Kind kind) {
    return kind == Verdict::Kind::healthy   ? "healthy"
           : kind == Verdict::Kind::trouble ? "trouble"
                                            : "unknown";
}

struct Heard {
    RootFile root;
    std::vector<Asked> workers;
    bool one_socket = false;  // of 0.1: one process speaks for all backends
};

Heard hear(const Options& options) {
    const auto run_dir = options.value("--run-dir", "/run/bulkhead");
    const auto old = run_dir + "/status.sock";  // of version 0.1, which may still run
    Heard heard{.root = read_root_file(run_dir), .workers = {}};
    if (::access((run_dir + "/status").c_str(), F_OK) != 0 && ::access(old.c_str(), F_OK) == 0) {
        heard.workers = {ask_one(old)};
        heard.one_socket = true;
    } else if (auto all = ask_all(run_dir)) {
        heard.workers = *std::move(all);
    }
    return heard;
}

json as_json(const Verdict& verdict, const Heard& heard) {
    auto troubles = json::array();
    for (const auto& one : verdict.troubles) {
        json entry{{"code", one.code}, {"why", one.why}, {"says", one.says}};
        if (!one.since.empty()) entry["since"] = one.since;
        if (one.tries > 0) entry["tries"] = one.tries;
        troubles.push_back(std::move(entry));
    }
    json whole{{"version", kSchema}, {"verdict", name_of(verdict.kind)}};
    if (!verdict.why.empty()) whole["why"] = verdict.why;
    whole["troubles"] = std::move(troubles);
    whole["root"] = heard.root.said;
    if (!heard.root.why.empty()) whole["root_problem"] = heard.root.why;
    const auto answers = !heard.workers.empty() && heard.workers.front().answer;
    whole["according_to_workers"] = !heard.one_socket ? merge(heard.workers)
                                    : answers         ? *heard.workers.front().answer
                                                      : json();
    return whole;
}

void print_json(const json& whole) {
    std::printf("%s\n", whole.dump(-1, ' ', true, json::error_handler_t::replace).c_str());
}

json no_verdict(const std::string& why) {
    return {{"version", kSchema}, {"verdict", "unknown"}, {"why", why}};
}

void print_for_people(const Verdict& verdict, const Heard& heard) {
    print_verdict(verdict);
    print_root(heard.root);
    const bool fresh = heard.root.state == RootFile::State::fresh;
    for (const auto& one : heard.workers) print_worker(one, fresh ? heard.root.said : json());
}

// What one worker answers, as it is: root is not asked, so there is no verdict.
Result<int> one_worker(const Options& options) {
    const auto one = ask_one(options.value("--socket", ""));
    if (options.has("--json")) {
        print_json(one.answer ? *one.answer : no_verdict(one.answer.error().what));
    }
    TRY(one.answer);
    if (!options.has("--json")) print_worker(one, json());
    return kDone;
}

}  // namespace

Result<int> status(const Arguments& arguments) {
    const auto options = [&]() -> Result<Options> {
        auto parsed = TRY(Options::parse(arguments, kOptions));
        if (!parsed.operands().empty()) return wrong("takes no operands");
        if (parsed.has("--json") && parsed.has("--check")) {
            return wrong("give one of --json and --check");
        }
        if (parsed.has("--socket") && parsed.has("--check")) {
            return wrong("--check is not of one worker: leave --socket out");
        }
        return parsed;
    }();
    if (!options) {
        if (std::ranges::count(arguments, "--json") > 0) {
            print_json(no_verdict(options.error().what));
        }
        return std::unexpected(options.error());
    }
    if (options->has("--socket")) return one_worker(*options);
    const auto heard = hear(*options);
    const auto verdict = judge(heard.root, heard.workers);
    if (options->has("--json")) {
        print_json(as_json(verdict, heard));
    } else if (options->has("--check")) {
        std::printf("%s\n", one_line(verdict).c_str());
    } else {
        print_for_people(verdict, heard);
    }
    return status_of(verdict.kind);
}

}  // namespace bulkhead::cli
