// worker: the process of one backend, which talks to the network only after it has confined itself.
// With --read-config it is the config reader; with --version it says what it is made of.
#include <malloc.h>
#include <netdb.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>

#include "common/crypto/check_itself.hpp"
#include "worker/backend/http/check_libcrypto.hpp"
#include "worker/backend/http/curl_release.hpp"
#include "worker/config/files.hpp"
#include "worker/config/sealed_settings.hpp"
#include "worker/config_reader.hpp"
#include "worker/worker.hpp"

namespace {

using namespace bulkhead;

constexpr int kChannelFd = 3;  // the socketpair, as the broker arranged it before execve(2)
constexpr int kFailed = 1;
constexpr int kBadConfiguration = 2;
constexpr std::string_view kReadConfig = "--read-config";

struct ModeFlag {
    std::string_view flag;
    worker::RunMode mode;
};
constexpr std::array kModes{ModeFlag{"--once", worker::RunMode::once},
                            ModeFlag{"--register-only", worker::RunMode::register_only},
                            ModeFlag{"--check-in-only", worker::RunMode::check_in_only}};

// Takes these options out of `arguments`; whatever is left then is an error.
Result<worker::RunOptions> take_run_options(std::vector<std::string>& arguments) {
    worker::RunOptions run;
    std::string_view given;
    for (const auto& row : kModes) {
        if (std::erase(arguments, row.flag) == 0) continue;
        if (!given.empty()) {
            return fail(std::string(given) + " and " + std::string(row.flag) +
                        " exclude each other");
        }
        given = row.flag;
        run.mode = row.mode;
    }
    run.report_now = std::erase(arguments, "--force") > 0;
    if (run.report_now && given.empty()) run.mode = worker::RunMode::once;
    if (!arguments.empty()) return fail("a worker takes no such option: " + arguments.front());
    return run;
}

worker::ConfigSources sources(std::vector<std::string> arguments) {
    worker::ConfigSources from{.file_name = std::string(worker::kConfigFile),
                               .file = {},
                               .arguments = std::move(arguments),
                               .environment = {}};
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (equals != text.npos) {
            from.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return from;
}

// glibc loads resolver modules (nsswitch.conf(5)) and the time zone on first use. The sandbox
// allows no new executable memory, so they are loaded now.
void warm_up() {
    addrinfo* found = nullptr;
    if (::getaddrinfo("localhost", "443", nullptr, &found) == 0) ::freeaddrinfo(found);
    ::tzset();
}

worker::OpenedFiles opened(protocol::Setup& setup) {
    worker::OpenedFiles files;
    for (auto& file : setup.files.items) {
        worker::OpenedFile one{.reason = file.reason.str(), .fd = {}};
        if (file.file) one.fd = std::move(file.file->fd);
        files.emplace(file.key.str(), std::move(one));
    }
    return files;
}

// Standard output is a pipe that the broker reads.
sys::Log log_to_broker(std::string who) {
    return {std::move(who), STDOUT_FILENO, sys::Log::Form::relayed, sys::Level::info};
}

int fail_with(int code, const Error& error, const sys::Log& log) {
    log.failed(code == kBadConfiguration ? sys::Event("configuration-rejected")
                                         : sys::Event("worker-failed"),
               error);
    return code;
}

int print_version() {
    return std::printf("bulkhead " BULKHEAD_VERSION "\n%s\n", worker::curl_in_words().c_str()) > 0
               ? 0
               : kFailed;
}

int read_config(worker::BrokerClient& broker, std::vector<std::string> arguments) {
    auto log = log_to_broker("config-reader");
    const auto done = worker::hand_out_settings(broker, sources(std::move(arguments)), log);
    return done ? 0 : fail_with(kBadConfiguration, done.error(), log);
}

int serve(worker::BrokerClient broker, std::vector<std::string> arguments) {
    auto setup = broker.receive_first<protocol::Setup>();
    if (!setup) {
        std::fputs("worker: started by the broker, not by hand; see bulkhead-broker --help\n",
                   stderr);
        return kBadConfiguration;
    }
    const auto run = take_run_options(arguments);
    const auto backend = setup->backend.str();
    auto log = log_to_broker("worker/" + backend);
    if (!run) return fail_with(kBadConfiguration, run.error(), log);
    if (const auto able = worker::check_libcrypto(); !able) {
        return fail_with(kFailed, able.error(), log);
    }
    auto config = worker::read_settings(setup->settings.fd);
    if (!config) return fail_with(kBadConfiguration, config.error(), log);
    setup->settings.fd.reset();
    log.set_least(config->log_level);
    const auto loaded = worker::load_files(config->backends.front(), opened(*setup));
    if (!loaded) return fail_with(kBadConfiguration, loaded.error(), log);
    warm_up();
    auto made =
        worker::Worker::create(std::move(broker), *std::move(config), *std::move(setup), *run, log);
    if (!made) return fail_with(kFailed, made.error(), log);
    const auto code = (*made)->run();
    return code ? *code : fail_with(kFailed, code.error(), log);
}

}  // namespace

int main(int count, char** values) {
    std::vector<std::string> arguments(values + 1, values + count);
    if (arguments == std::vector<std::string>{"--version"}) return print_version();
    // /proc/PID/cmdline can be read by every user, and a command line written for an older agent
    // may hold a secret.
    for (int i = 1; i < count; ++i) std::memset(values[i], '*', std::strlen(values[i]));
    if (const auto sound = crypto::check_itself(); !sound) {
        return fail_with(kFailed, sound.error(), sys::Log("worker", STDOUT_FILENO));
    }
    // The default handler prints what() of an exception, which may repeat a setting.
    std::set_terminate([] {
        std::fputs("worker: an exception that nothing catches\n", stderr);
        std::abort();
    });
    // One heap for the resolver's threads too, and large blocks go back to the kernel when they are
    // freed, however large an earlier one was (mallopt(3)).
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    worker::BrokerClient broker{link::Channel(sys::Fd(kChannelFd))};
    if (std::erase(arguments, kReadConfig) > 0) return read_config(broker, std::move(arguments));
    return serve(std::move(broker), std::move(arguments));
}
