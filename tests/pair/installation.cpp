#include "tests/pair/installation.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/crypto/sha256.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

[[noreturn]] void stop(const std::string& what) {
    std::fprintf(stderr, "pair: %s\n", what.c_str());
    std::abort();
}

// Every line of `text` that begins with `key`, replaced.
std::string with(const std::string& text, std::string_view key, const std::string& line) {
    std::istringstream lines(text);
    std::string out;
    for (std::string each; std::getline(lines, each);) {
        out += (each.starts_with(std::string(key) + " ") ? line : each) + "\n";
    }
    return out;
}

// An account every system has, so that tests make none.
std::string for_nobody(const std::string& profile) {
    return with(with(profile, "user", "user nobody  # any host has it"), "group",
                "group nogroup  # the same");
}

fs::path cgroup2_of_this_process() {
    std::string mount;
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line) && mount.empty();) {
        std::istringstream words(line);
        std::string word;
        for (int field = 0; field < 5; ++field) words >> word;
        if (line.find(" - cgroup2 ") != line.npos) mount = word;
    }
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        if (line.starts_with("0::")) return mount + line.substr(3);
    }
    return mount;
}

}  // namespace

Installation::Installation(int port) : path_("/run/bulkhead-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) stop("cannot create " + path_);
    fs::permissions(path_, fs::perms(0755));
    fs::create_directory(scratch());
    constexpr uid_t kNobody = 65534;
    if (::chown(scratch().c_str(), kNobody, kNobody) != 0) stop("chown " + scratch());
    make_policy(port);
}

Installation::~Installation() {
    // A broker that was killed leaves its cgroup, and perhaps a job in it.
    const auto group = cgroup();
    if (fs::exists(group)) {
        for (const int pid : processes()) ::kill(pid, SIGKILL);
        eventually([&] { return processes().empty(); }, 20s);
        std::vector<fs::path> folders{group};
        for (const auto& entry : fs::recursive_directory_iterator(group)) {
            if (entry.is_directory()) folders.push_back(entry.path());
        }
        for (auto one = folders.rbegin(); one != folders.rend(); ++one) ::rmdir(one->c_str());
    }
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void Installation::make_policy(int port) const {
    for (const auto& [from, to] : {std::pair{BULKHEAD_POLICY, "policy"},
                                   std::pair{BULKHEAD_VENDOR_POLICY, "vendor-policy"}}) {
        fs::copy(from, fs::path(path_) / to, fs::copy_options::recursive);
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(path_) / to)) {
            fs::permissions(entry.path(), fs::perms(entry.is_directory() ? 0755 : 0644));
        }
    }
    append("policy/profiles/worker.profile",
           "connect 127.0.0.1 " + std::to_string(port) + "  # the reference backend\n");
    for (const auto* name : {"inspect", "diagnose", "maintain"}) {
        const auto file = "policy/profiles/" + std::string(name) + ".profile";
        write(file, for_nobody(read(file)));
    }
    auto test = read("policy/profiles/inspect.profile");
    test = with(test, "output", "output 256MiB  # large enough for tests of output");
    test = with(test, "pids", "pids 1000  # counted by user where cgroups cannot");
    test = with(test, "memory", "memory 4GiB  # not what is tested");
    test = with(test, "cpu-percent", "cpu-percent 100  # the same");
    test += "write " + scratch() + "  # where tests see what a job did\n";
    write("policy/profiles/test.profile", test);
    // Its processes are in no pid namespace, so only the cgroup holds them together.
    write("policy/profiles/loose.profile", with(test, "namespaces", "namespaces mount  # loose"));
}

void Installation::write(std::string_view name, std::string_view content) const {
    std::ofstream file(*this / name, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) stop("cannot write " + *this / name);
}

void Installation::append(std::string_view name, std::string_view content) const {
    write(name, read(name) + std::string(content));
}

std::string Installation::read(std::string_view name) const { return content_of(*this / name); }

bool Installation::exists(std::string_view name) const { return fs::exists(*this / name); }

// Written out here rather than by the library under test: it is what an operator would type.
void Installation::remove(std::string_view name) const { fs::remove_all(*this / name); }

void Installation::pin(const PinnedJob& job) const {
    std::string text = "bulkhead-job v" + std::to_string(job.format) + "\njob-id " + job.name +
                       "\nauthor operator\n";
    text += "script-sha256 " + crypto::hex(crypto::sha256(as_bytes(job.script))) + "\n";
    text += "script-size " + std::to_string(job.script.size()) + "\n";
    text += "interpreter /bin/sh\nprofile " + job.profile + "\n";
    for (const auto& [name, rule] : job.params) text += "param " + name + " " + rule + "\n";
    text += "target any\nnot-before " + job.not_before + "\nnot-after 2090-01-01T00:00:00Z\n";
    text += "timeout " + std::to_string(job.timeout.count()) + "\n";
    text += "output-max " + std::to_string(job.output_max) + "\n";
    text += "runs " + job.runs + "\n" + (job.resumes ? "after-reboot resume\n" : "") +
            "reason a test\nend\n";
    write("policy/approved/" + job.name + ".manifest", text);
    if (job.catalogue) write("policy/approved/" + job.name + ".script", job.script);
}

void Installation::let_backends_have(const std::string& directory, std::string_view only) const {
    const auto whose = only.empty() ? "" : " backend " + std::string(only);
    append("policy/credentials.policy", "file " + directory + "/*" + whose + "  # test\n");
}

std::string Installation::cgroup() const {
    const auto label = crypto::hex(crypto::sha256(as_bytes(*this / "state"))).substr(0, 8);
    return cgroup2_of_this_process() / ("bulkhead-" + label);
}

std::vector<int> Installation::processes_below(const std::string& group) {
    std::vector<int> pids;
    std::error_code gone;
    for (fs::recursive_directory_iterator each(group, gone), end; each != end;
         each.increment(gone)) {
        if (gone) break;
        if (each->path().filename() != "cgroup.procs") continue;
        std::ifstream file(each->path());
        for (int pid = 0; file >> pid;) {
            if (pid > 1) pids.push_back(pid);
        }
    }
    return pids;
}

}  // namespace bulkhead::test
