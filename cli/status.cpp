// `bulkhead status`: asks the worker's socket and prints the answer for people or for programs. The
// worker meets the network, and root's terminal obeys what is printed: nothing is taken for
// granted.
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "common/sys/fd.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::cli {

namespace {

using json = nlohmann::ordered_json;

constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
constexpr int kMaxDepth = 16;

Result<std::string> ask(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return wrong("--socket: path too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return sys::fail_errno("socket");
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {  // the latter counts for connect(2)
        if (::setsockopt(socket.get(), SOL_SOCKET, option, &kPatience, sizeof kPatience) != 0) {
            return sys::fail_errno("socket timeout");
        }
    }
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket.get(), generic, sizeof address) != 0) {
        const auto why = sys::fail_errno(path).error();
        return fail(why.what + (why.code == EACCES ? "; ask as root or as the agent's group"
                                                   : "; is the agent running?"));
    }
    auto answer = sys::read_to_end(socket, 1_MiB);
    if (!answer && answer.error().code == EAGAIN) return fail("the agent does not answer");
    return answer;
}

const json& member(const json& object, const char* name) {
    static const json kNone;
    const auto found = object.find(name);
    return found == object.end() ? kNone : *found;
}

// No control character reaches the terminal.
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

void print_backend(const json& backend) {
    std::printf("\nbackend %s (%s) %s\n", text(backend, "name").c_str(),
                text(backend, "dialect").c_str(), text(backend, "url").c_str());
    print_line("  enrollment", text(backend, "enrollment"));
    const auto count = [&backend](const char* label, const char* number, const char* last) {
        if (member(backend, number).is_null()) return;
        print_line(label, text(backend, number) + ", last " + text(backend, last, "never"));
    };
    count("  heartbeats", "heartbeats", "last_heartbeat");
    count("  inventory", "inventory_reports", "last_inventory");
    for (const char* trouble : {"enrollment_trouble", "heartbeat_trouble", "inventory_trouble",
                                "findings_trouble", "jobs_trouble"}) {
        if (!member(backend, trouble).is_null()) print_line("  trouble", text(backend, trouble));
    }
    for (const auto& one : member(backend, "declined")) {
        print_line("  declined",
                   text(one, "what") + ": " + text(one, "reason") + ", " + text(one, "detail"));
    }
    for (const auto& job : member(backend, "jobs")) {
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
    std::string missing;
    for (const auto& feature : member(confinement, "missing")) {
        if (!feature.is_string()) continue;
        missing += (missing.empty() ? "" : ", ") + plain(feature.get<std::string>());
    }
    print_line("missing here", missing.empty() ? "nothing" : missing);
    for (const auto& backend : member(status, "backends")) print_backend(backend);
}

}  // namespace

Result<int> status(const Arguments& arguments) {
    bool as_json = false;
    std::string socket = "/run/bulkhead/status.sock";
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--json") {
            as_json = true;
        } else if (arguments[i] == "--socket" && i + 1 < arguments.size()) {
            socket = arguments[++i];
        } else {
            return wrong("unknown argument " + arguments[i]);
        }
    }
    const auto answer = TRY(ask(socket));
    // What is deeper is left out: printing descends into it.
    const auto shallow = [](int depth, json::parse_event_t, const json&) {
        return depth <= kMaxDepth;
    };
    const auto document = json::parse(answer, shallow, false);
    if (!document.is_object()) return fail("the agent's answer was cut short; try again");
    if (as_json) {
        std::printf("%s\n", document.dump(-1, ' ', true).c_str());
        return kDone;
    }
    print_for_people(document);
    return kDone;
}

Result<int> settings(const Arguments& arguments) {
    if (arguments.size() > 1 || (arguments.size() == 1 && arguments[0] != "--markdown")) {
        return wrong("takes nothing but --markdown");
    }
    std::fputs((arguments.empty() ? worker::describe_flags() : worker::describe_settings()).c_str(),
               stdout);
    return kDone;
}

}  // namespace bulkhead::cli
