// `bulkhead status`: asks each worker's socket and prints the answers for people or for programs. A
// worker talks to the network and may be captured, and a terminal acts on control characters, so
// answers are bounded, checked and escaped.
#include <unistd.h>

#include <cstdio>

#include "cli/base/command.hpp"
#include "cli/base/options.hpp"
#include "cli/status/merge.hpp"
#include "common/base/text.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::cli {

namespace {

using json = StatusJson;

constexpr std::array kOptions{Option{"--json", Option::Takes::nothing},
                              Option{"--socket", Option::Takes::once},
                              Option{"--run-dir", Option::Takes::once}};

constexpr std::size_t kMostShown = 64;  // jobs of a backend, for people

const json& member(const json& object, const char* name) {
    static const json kNone;
    const auto found = object.find(name);
    return found == object.end() ? kNone : *found;
}

// `text` with control characters escaped, for a terminal.
std::string plain(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '"' || c == '\\' ? std::string(1, c) : quoted({&c, 1});
    return out;
}

std::string text(const json& object, const char* name, const char* otherwise = "-") {
    const auto& value = member(object, name);
    if (value.is_string()) return plain(value.get<std::string>());
    return value.is_null() || value.is_structured() ? otherwise : value.dump();
}

void print_line(const char* label, const std::string& value) {
    std::printf("%-14s %s\n", label, value.c_str());
}

std::string missing(const json& confinement) {
    std::string list;
    for (const auto& feature : member(confinement, "missing")) {
        if (!feature.is_string()) continue;
        list += (list.empty() ? "" : ", ") + plain(feature.get<std::string>());
    }
    return list.empty() ? "nothing" : list;
}

// Prints the values in which the worker of this backend differs from the first one.
void print_otherwise(const json& worker) {
    for (const auto& [name, value] : worker.items()) {
        if (name == "confinement") {
            print_line("  missing", missing(value));
        } else if (!value.is_structured()) {
            print_line(("  " + plain(name)).c_str(), text(worker, name.c_str()));
        }
    }
}

void print_backend(const json& backend) {
    std::printf("\nbackend %s (%s) %s\n", text(backend, "name").c_str(),
                text(backend, "dialect").c_str(), text(backend, "url").c_str());
    if (member(backend, "worker").is_object()) print_otherwise(member(backend, "worker"));
    print_line("  enrollment", text(backend, "enrollment"));
    const auto count = [&backend](const char* label, const char* number, const char* last) {
        if (member(backend, number).is_null()) return;
        print_line(label, text(backend, number) + ", last " + text(backend, last, "never"));
    };
    count("  heartbeats", "heartbeats", "last_heartbeat");
    count("  inventory", "inventory_reports", "last_inventory");
    for (const char* trouble : {"enrollment_trouble", "presence_trouble", "heartbeat_trouble",
                                "inventory_trouble", "findings_trouble", "jobs_trouble"}) {
        if (!member(backend, trouble).is_null()) print_line("  trouble", text(backend, trouble));
    }
    for (const auto& one : member(backend, "declined")) {
        print_line("  declined",
                   text(one, "what") + ": " + text(one, "reason") + ", " + text(one, "detail"));
    }
    std::size_t left = kMostShown;
    for (const auto& job : member(backend, "jobs")) {
        if (left-- == 0) {
            std::printf("  and %zu more jobs\n", member(backend, "jobs").size() - kMostShown);
            break;
        }
        std::printf("  job %s (%s): %s, %s bytes of output\n", text(job, "delivery").c_str(),
                    text(job, "job").c_str(), text(job, "state").c_str(),
                    text(job, "stdout_bytes").c_str());
    }
}

void print_for_people(const json& status) {
    print_line("version", text(status, "version"));
    print_line("host", text(status, "host_id"));
    print_line("policy", text(status, "policy_digest"));
    const auto& confinement = member(status, "confinement");
    print_line("landlock ABI", text(confinement, "landlock_abi"));
    print_line("missing here", missing(confinement));
    if (member(status, "restart_needed") == true) {
        print_line("restart", "needed: root's own limits are those of an older policy");
    }
    for (const auto& one : member(status, "troubles")) {
        print_line("TROUBLE",
                   text(one, "code") + " since " + text(one, "since") + ": " + text(one, "why"));
    }
    for (const auto& backend : member(status, "backends")) print_backend(backend);
    for (const auto& one : member(status, "unanswered")) {
        std::printf("\nbackend %s: no answer, %s\n", text(one, "backend").c_str(),
                    text(one, "why").c_str());
    }
}

Result<json> asked(const Options& options) {
    const auto run_dir = options.value("--run-dir", "/run/bulkhead");
    const auto old = run_dir + "/status.sock";  // of version 0.1, which may still run
    auto one = options.value("--socket", "");
    if (one.empty() && ::access((run_dir + "/status").c_str(), F_OK) != 0 &&
        ::access(old.c_str(), F_OK) == 0) {
        one = old;
    }
    if (!one.empty()) return ask_one(one).answer;
    return merge(TRY(ask_all(run_dir)));
}

}  // namespace

Result<int> status(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto document = TRY(asked(options));
    if (options.has("--json")) {
        std::printf("%s\n", document.dump(-1, ' ', true).c_str());
    } else {
        print_for_people(document);
    }
    return member(document, "unanswered").empty() ? kDone : kNo;
}

Result<int> settings(const Arguments& arguments) {
    const std::string form = arguments.empty() ? "" : arguments[0];
    const bool known = arguments.empty() || form == "--markdown" || form == "--schema";
    if (arguments.size() > 1 || !known) return wrong("takes nothing but --markdown or --schema");
    const auto text = form == "--markdown" ? worker::describe_settings()
                      : form == "--schema" ? worker::describe_schema()
                                           : worker::describe_flags();
    std::fputs(text.c_str(), stdout);
    return kDone;
}

}  // namespace bulkhead::cli
