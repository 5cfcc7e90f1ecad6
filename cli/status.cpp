// `bulkhead status`: asks the worker's socket and prints the answer for people or as it is.
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "common/base/strong.hpp"
#include "common/sys/fd.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::cli {

namespace {

using nlohmann::json;

Result<std::string> ask(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail("--socket: path too long", EINVAL);
    std::memcpy(address.sun_path, path.data(), path.size());
    const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return sys::fail_errno("socket");
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket.get(), generic, sizeof address) != 0) {
        const auto why = sys::fail_errno(path).error();
        return fail(why.what + (why.code == EACCES ? "; ask as root or as the agent's group"
                                                   : "; is the agent running?"),
                    why.code == EINVAL ? 0 : why.code);
    }
    return sys::read_to_end(socket, 1_MiB);
}

std::string text(const json& object, const char* member, const char* otherwise = "-") {
    const auto found = object.find(member);
    if (found == object.end() || found->is_null()) return otherwise;
    return found->is_string() ? found->get<std::string>() : found->dump();
}

void print_line(const char* label, const std::string& value) {
    std::printf("%-14s %s\n", label, value.c_str());
}

void print_backend(const json& backend) {
    std::printf("\nbackend %s (%s) %s\n", text(backend, "name").c_str(),
                text(backend, "dialect").c_str(), text(backend, "url").c_str());
    print_line("  enrollment", text(backend, "enrollment"));
    const auto count = [&backend](const char* label, const char* number, const char* last) {
        if (!backend.contains(number)) return;
        print_line(label, text(backend, number) + ", last " + text(backend, last, "never"));
    };
    count("  heartbeats", "heartbeats", "last_heartbeat");
    count("  inventory", "inventory_reports", "last_inventory");
    for (const char* trouble : {"enrollment_trouble", "heartbeat_trouble", "inventory_trouble",
                                "findings_trouble", "jobs_trouble"}) {
        if (backend.contains(trouble)) print_line("  trouble", text(backend, trouble));
    }
    for (const auto& one : backend.value("declined", json::array())) {
        print_line("  declined",
                   text(one, "what") + ": " + text(one, "reason") + ", " + text(one, "detail"));
    }
    for (const auto& job : backend.value("jobs", json::array())) {
        std::printf("  job %s (%s): %s, %s bytes of output\n", text(job, "delivery").c_str(),
                    text(job, "job").c_str(), text(job, "state").c_str(),
                    text(job, "stdout_bytes").c_str());
    }
}

void print_for_people(const json& status) {
    print_line("version", text(status, "version"));
    print_line("host", text(status, "host_id"));
    print_line("policy", text(status, "policy_digest"));
    const auto& confinement = status.value("confinement", json::object());
    print_line("landlock ABI", text(confinement, "landlock_abi"));
    std::string missing;
    for (const auto& feature : confinement.value("missing", json::array())) {
        missing += (missing.empty() ? "" : ", ") + feature.get<std::string>();
    }
    print_line("missing here", missing.empty() ? "nothing" : missing);
    for (const auto& backend : status.value("backends", json::array())) print_backend(backend);
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
            return fail("unknown argument " + arguments[i], EINVAL);
        }
    }
    const auto answer = TRY(ask(socket));
    if (as_json) {
        std::fputs(answer.c_str(), stdout);
        return kDone;
    }
    const auto document = json::parse(answer, nullptr, false);
    if (!document.is_object()) return fail("the agent's answer was cut short; try again");
    print_for_people(document);
    return kDone;
}

Result<int> settings(const Arguments& arguments) {
    if (arguments.size() > 1 || (arguments.size() == 1 && arguments[0] != "--markdown")) {
        return fail("takes nothing but --markdown", EINVAL);
    }
    std::fputs((arguments.empty() ? worker::describe_flags() : worker::describe_settings()).c_str(),
               stdout);
    return kDone;
}

}  // namespace bulkhead::cli
