#include "tests/bench/site.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "common/crypto/sha256.hpp"
#include "tests/bench/process.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::bench {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// Policy is only believed below directories that nobody but root can write; /tmp is not one.
fs::path make_root() {
    std::string path = "/run/bulkhead-bench.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr)
        give_up("cannot make a directory below /run: run as root");
    ::chmod(path.c_str(), 0755);
    return path;
}

// Lines of `file` that begin with `key` become `line`; added when there is none.
void set_line(const fs::path& file, const std::string& key, const std::string& line) {
    std::string text;
    bool found = false;
    std::ifstream in(file);
    for (std::string old; std::getline(in, old);) {
        const bool match = old.starts_with(key + " ");
        found = found || match;
        text += (match ? line : old) + "\n";
    }
    in.close();
    std::ofstream(file) << text << (found ? "" : line + "\n");
}

}  // namespace

std::vector<pid_t> Agent::processes() const {
    auto all = children_of(broker());
    all.insert(all.begin(), broker());
    return all;
}

Site::Site(Programs programs)
    : programs_(std::move(programs)),
      root_(make_root()),
      // The backend's disk is not what is measured.
      backend_({.directory = root_ / "backend",
                .install_tokens = {"token"},
                .keep_output = reference::KeepOutput::count_only}),
      further_{
          reference::ReferenceBackend({.directory = root_ / "second", .install_tokens = {"token"}}),
          reference::ReferenceBackend(
              {.directory = root_ / "third", .install_tokens = {"token"}})} {
    for (const auto* name : {"backend", "second", "third"}) fs::create_directories(root_ / name);
    for (auto* backend : all()) {
        if (const auto started = backend->start(); !started) give_up(started.error());
    }
    write_policy();
}

Site::~Site() {
    for (auto* backend : all()) backend->stop();
    std::error_code ignored;
    fs::remove_all(root_, ignored);
}

void Site::write_policy() const {
    const auto policy = root_ / "policy";
    fs::copy(programs_.policy, policy, fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(policy)) {
        ::chmod(entry.path().c_str(), entry.is_directory() ? 0755 : 0644);
        if (::lchown(entry.path().c_str(), 0, 0) != 0) give_up("chown: run as root");
    }
    ::chmod(policy.c_str(), 0755);
    set_line(policy / "host.policy", "host-id", "host-id " + name_ + "  # bench");
    std::ofstream credentials(policy / "credentials.policy", std::ios::app);
    for (const auto* backend : all()) {
        credentials << "file " << backend->directory() << "/*  # bench\n";
    }
    for (const auto* backend : all()) {
        const auto row = "connect 127.0.0.1 " + std::to_string(backend->port());
        set_line(policy / "profiles/worker.profile", row, row + "  # bench");
    }
    // As shipped, but for the account, which a package would have made, and two limits that would
    // be measured instead of the agent.
    for (const auto* name : {"inspect", "diagnose", "maintain"}) {
        const auto profile = policy / "profiles" / (std::string(name) + ".profile");
        set_line(profile, "user", "user nobody  # bench");
        set_line(profile, "group", "group nogroup  # bench");
        set_line(profile, "output", "output 4GiB  # bench");
        set_line(profile, "cpu-percent", "cpu-percent 400  # bench");
    }
}

void Site::write_config(int backends) const {
    const auto path = root_ / "agent.yaml";
    std::ofstream out(path);
    out << "heartbeat_interval: " << kBeat.count() << "s\nlog_level: warning\nbackends:\n";
    for (int i = 0; i < backends; ++i) {
        const auto& backend = *all()[static_cast<std::size_t>(i)];
        out << "  - name: b" << i << "\n    url: " << backend.url()
            << "\n    ca_file: " << backend.ca_file() << "\n    install_token: token\n";
    }
    out.close();
    ::chmod(path.c_str(), 0640);
}

void Site::approve(const std::string& name, const std::string& script, std::uint64_t output_max,
                   const std::string& profile) {
    const auto path = root_ / "policy" / "approved" / (name + ".manifest");
    std::ofstream(path) << "bulkhead-job v1\njob-id " << name << "\nauthor bench\nscript-sha256 "
                        << crypto::hex(crypto::sha256(as_bytes(script))) << "\nscript-size "
                        << script.size() << "\ninterpreter /bin/bash\nprofile " << profile
                        << "\ntarget any\n"
                           "not-before 2020-01-01T00:00:00Z\nnot-after 2036-01-01T00:00:00Z\n"
                           "timeout 600\noutput-max "
                        << output_max << "\nruns 1000/hour\nreason bench\nend\n";
    ::chmod(path.c_str(), 0644);
}

Agent Site::start_agent(int backends) {
    write_config(backends);
    const auto agents = static_cast<std::size_t>(backends);
    const auto before = beats();
    const auto log = (root_ / "agent.log").string();
    auto broker = Child::start(
        {programs_.broker, "--policy", root_ / "policy", "--config", root_ / "agent.yaml",
         "--state", root_ / "state", "--log-dir", root_ / "log", "--run-dir", root_ / "run",
         "--worker-user", "61185:61185", "--config-user", "61184:61184"},
        log);
    const auto beaten = backend_.wait_for(
        [&](const reference::State& state) { return state.heartbeats_ever > before; }, 60s);
    // Beside each worker is a process that receives for root (broker/processes/closer.cpp).
    auto workers = children_of(broker.pid());
    std::erase_if(workers, [](pid_t pid) {
        return test::content_of("/proc/" + std::to_string(pid) + "/comm") == "closer\n";
    });
    if (!beaten || workers.size() != agents) {
        give_up("the agent does not beat; its log:\n" + test::content_of(log));
    }
    return Agent(std::move(broker), std::move(workers));
}

std::uint64_t Site::beats() const {
    return backend_.read([](const reference::State& state) { return state.heartbeats_ever; });
}

bool Site::wait_for_beats(std::uint64_t more) const {
    const auto last = beats() + more;
    return backend_.wait_for(
        [&](const reference::State& state) { return state.heartbeats_ever >= last; },
        2 * more * kBeat + 10s);
}

}  // namespace bulkhead::bench
