// broker: the root half. Loads the policy, confines itself, starts the workers and serves them.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "broker/broker.hpp"
#include "broker/exit_status.hpp"
#include "broker/log_file.hpp"
#include "broker/migrate_back.hpp"
#include "broker/options.hpp"
#include "common/crypto/check_itself.hpp"
#include "common/policy/vendor.hpp"
#include "common/sys/exec.hpp"

namespace {

using namespace bulkhead;

int print(const std::string& text) {
    return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? broker::kDone
                                                                             : broker::kFailed;
}

void make_absolute(broker::Options& options) {
    for (auto* path : {&options.policy, &options.vendor_policy, &options.config, &options.state,
                       &options.log_dir, &options.log_file, &options.run_dir, &options.worker,
                       &options.loader}) {
        if (path->empty()) continue;
        std::error_code error;
        auto whole = std::filesystem::absolute(*path, error).lexically_normal().string();
        while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
        if (!error) *path = std::move(whole);
    }
}

int serve(broker::Options options) {
    if (options.worker.empty()) options.worker = broker::default_worker_path();
    if (options.loader.empty()) options.loader = broker::default_loader_path();
    options.own_vendor_policy = !options.vendor_policy.empty();
    if (!options.own_vendor_policy) {
        options.vendor_policy = policy::vendor_directory(BULKHEAD_FROM_BROKER_TO_POLICY);
    }
    make_absolute(options);
    const bool root = ::geteuid() == 0;
    const auto opened =
        root && !options.log_file.empty() ? broker::log_to(options.log_file) : Result<>();
    sys::Log log("broker", STDOUT_FILENO);
    log.set_least(options.log_level);
    if (!root) {
        log.error("not-root", {{"why", "the broker starts workers and jobs as other users"}});
        return broker::kBadUsage;
    }
    if (const auto sound = crypto::check_itself(); !sound) {
        log.failed("crypto-unsound", sound.error());
        return broker::kFailed;
    }
    if (!opened) {
        log.failed("log-file-failed", opened.error());
        return broker::kBadUsage;
    }
    auto started = broker::Broker::create(std::move(options), log);
    if (!started) {
        log.failed("start-failed", started.error());
        const bool wrong = started.error().kind == Error::Kind::wrong_input;
        return wrong ? broker::kBadUsage : broker::kFailed;
    }
    const auto code = (*started)->run();
    if (code) return *code;
    log.failed("agent-failed", code.error());
    return broker::kFailed;
}

int go_back(broker::Options options) {
    make_absolute(options);
    const auto left = ::geteuid() == 0 ? broker::migrate_back(options) : fail("only root may");
    if (!left) {
        std::fprintf(stderr, "bulkhead-broker --migrate-back: %s\n", left.error().what.c_str());
        return broker::kFailed;
    }
    std::string text;
    for (const auto& line : *left) text += line + "\n";
    return print(text + (left->empty() ? "The state of all workers is where 0.1 looks for it.\n"
                                       : "All other state is where 0.1 looks for it.\n"));
}

// Executes `bulkhead` in place of this process, with the ids of the caller.
int become_tool(const std::vector<std::string>& words) {
    const auto path = broker::tool_path();
    std::vector<std::string> copy{"bulkhead"};
    copy.insert(copy.end(), words.begin(), words.end());
    const sys::Argv argv(std::move(copy));
    ::execv(path.c_str(), argv.get());
    std::fprintf(stderr,
                 "bulkhead-broker: %s; it belongs to this package: install it, or call "
                 "bulkhead %s\n",
                 sys::fail_errno(path).error().what.c_str(), words[0].c_str());
    return broker::kBadUsage;
}

}  // namespace

int main(int count, char** values) {
    const auto options =
        broker::parse_options(std::span(values, static_cast<std::size_t>(count)).subspan(1));
    if (!options && sys::is_journal(STDERR_FILENO)) {
        sys::Log("broker", STDERR_FILENO).failed("wrong-usage", options.error());
        return broker::kBadUsage;
    }
    if (!options) {
        std::fprintf(stderr, "bulkhead-broker: %s; see bulkhead-broker --help\n",
                     options.error().what.c_str());
        return broker::kBadUsage;
    }
    switch (options->command) {
        case broker::Command::version:
            return print("bulkhead " BULKHEAD_VERSION "\n");
        case broker::Command::help:
            return print(broker::help_text());
        case broker::Command::tool:
            return become_tool(options->tool);
        case broker::Command::migrate_back:
            return go_back(*options);
        case broker::Command::serve:
        case broker::Command::once:
            return serve(*options);
    }
    return broker::kBadUsage;
}
