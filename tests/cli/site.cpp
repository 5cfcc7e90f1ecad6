#include "tests/cli/site.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "common/base/strong.hpp"
#include "common/crypto/sha256.hpp"
#include "common/policy/needed_calls.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::test {

namespace {

const std::string kAuthor = "dave";
constexpr std::string_view kProfile =
    "user nobody        # owns nothing\n"
    "group nogroup      # owns nothing\n"
    "groups none        # needs none\n"
    "capabilities CAP_DAC_OVERRIDE CAP_FOWNER  # other users' files\n"
    "network none       # needs none\n"
    "namespaces mount pid  # sees itself\n"
    "execute /usr       # tools\n"
    "execute /bin if-present     # tools\n"
    "execute /lib if-present     # libraries\n"
    "execute /lib64 if-present   # the loader\n"
    "read /etc/passwd   # names\n"
    "write /var/cache   # what can be made again\n"
    "write /dev/null    # output to nowhere\n"
    "private-tmp yes    # scratch\n"
    "memory 512MiB      # enough\n"
    "pids 64            # a pipeline\n"
    "cpu-percent 50     # half\n"
    "file-size 64MiB    # scratch\n"
    "open-files 256     # few\n"
    "umask 0077         # its own\n"
    "nice 10            # services first\n"
    "timeout 1h         # long enough\n"
    "output 4MiB        # long enough\n"
    "seccomp job        # seccomp/job.seccomp\n";

[[noreturn]] void be_program(const Call& call, int in, int out, int err) {
    if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) ::_exit(120);
    if (call.user) {
        if (::setgroups(0, nullptr) != 0 || ::setresgid(*call.user, *call.user, *call.user) != 0 ||
            ::setresuid(*call.user, *call.user, *call.user) != 0) {
            ::_exit(121);
        }
    }
    if (::chdir(call.folder.c_str()) != 0) ::_exit(122);
    std::vector<std::string> words{call.program};
    words.insert(words.end(), call.words.begin(), call.words.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    char path[] = "PATH=/usr/bin:/bin";
    char* environment[] = {path, nullptr};
    ::execve(call.program.c_str(), argv.data(), environment);
    ::_exit(123);
}

sys::Fd file_of(std::string_view content) {
    sys::Fd file(::memfd_create("stream", MFD_CLOEXEC));
    if (!sys::write_all(file, as_bytes(content))) throw std::runtime_error("memfd");
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

}  // namespace

Answer run(const Call& call) {
    const auto in = file_of(call.input);
    const auto out = file_of("");
    const auto err = file_of("");
    const pid_t child = ::fork();
    if (child == 0) be_program(call, in.get(), out.get(), err.get());
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, sys::read_from_start(out, 64_MiB).value(),
            sys::read_from_start(err, 64_MiB).value()};
}

void Site::ship(const std::string& file) const {
    const auto folder = sys::Dir::open(POLICY).value();
    write("policy/" + file, folder.read_file(file, 64_KiB).value());
}

Site::Site() : files_({}) {
    ::umask(022);
    ::chmod(files_.path().c_str(), 0755);
    write("policy/host.policy",
          "policy-format 2  # test\nhost-id web-1  # test\ngroup web  # test\n");
    write("policy/approval.policy",
          "signers ops alice bob carol  # the team\n"
          "profile maintain need 2 of ops valid-for 7d  # two pairs of eyes\n"
          "profile inspect need 1 of ops valid-for 30d author-counts  # reads only\n"
          "profile admin pinned-only  # nobody\n");
    write("policy/interpreters.policy", "interpreter /bin/bash  # authors\n");
    write("policy/reads.policy", "");
    write("policy/broker.libs", "");
    // A small policy that holds everything; what the build laid out beside it would add to it.
    write("vendor/vendor.policy",
          "policy-format 2  # a test's\nversion " BULKHEAD_VERSION "  # ours\n");
    std::string calls;
    for (const auto call : policy::needed_calls("worker")) calls.append(" ").append(call);
    write("policy/seccomp/worker.seccomp", "default kill  # a test's\nallow" + calls +
                                               " if arg5 is 0  # what it cannot do without\n");
    write("policy/seccomp/broker.seccomp",
          "default allow  # test\nerrno EPERM reboot  # stays up\n");
    write("policy/seccomp/job.seccomp",
          "default allow  # tools\n"
          "errno EPERM mount  # the view stays\n"
          "errno ENOSYS clone3  # flags unseen\n"
          "errno EAFNOSUPPORT socket if arg0 is AF_ALG  # no kernel crypto\n");
    for (const auto* name : {"maintain", "inspect", "admin"}) {
        write("policy/profiles/" + std::string(name) + ".profile", kProfile);
    }
    for (const std::string part : {"broker", "worker", "config-reader", "vet"}) {
        ship("profiles/" + part + ".profile");
        if (part == "config-reader" || part == "vet") ship("seccomp/" + part + ".seccomp");
    }
    std::string signers;
    for (const std::string name : {"alice", "bob", "carol", "dave"}) {
        signers += name + " namespaces=\"bulkhead-job-v1\" " + SigningKey(name).line() + "\n";
    }
    write("policy/allowed_signers", signers);
    write("clean.sh", kScript);
}

void Site::write(std::string_view name, std::string_view content) const {
    files_.write(name, content);
}

std::string Site::read(const std::string& name) const {
    return files_.open().read_file(name, 64_MiB).value();
}

Answer Site::bulkhead(std::vector<std::string> words, const std::string& input) const {
    const bool over =
        std::ranges::count(words, "--policy") > 0 || (!words.empty() && words[0] == "check-policy");
    if (over && std::ranges::count(words, "--vendor-policy") == 0) {
        words.insert(words.begin() + 1, {"--vendor-policy", "vendor"});
    }
    return run({.words = std::move(words), .input = input, .folder = path()});
}

std::vector<std::string> Site::dry_run(std::vector<std::string> more) const {
    std::vector<std::string> words{"dry-run",
                                   "--policy",
                                   "policy",
                                   "--vendor-policy",
                                   "vendor",
                                   "--at",
                                   "2026-08-25T12:00:00Z"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

Answer Site::new_job(const std::string& script, std::vector<std::string> more) const {
    std::vector<std::string> words{"new-job",  script,       "--profile",    "maintain",
                                   "--target", "group:web",  "--author",     kAuthor,
                                   "--job-id", "disk-clean", "--not-before", "2026-08-25T00:00:00Z",
                                   "--reason", "CHG-4711"};
    words.insert(words.end(), more.begin(), more.end());
    return bulkhead(words);
}

std::string Site::manifest_by_hand(const std::string& script, const std::string& profile) const {
    auto manifest = new_job("clean.sh", {"--format", "v1"}).out;
    const auto put = [&](const std::string& from, const std::string& to) {
        manifest.replace(manifest.find(from), from.size(), to);
    };
    const auto digest = [](const std::string& text) {
        return crypto::hex(crypto::sha256(as_bytes(text)));
    };
    put(digest(read("clean.sh")), digest(script));
    put("script-size 49", "script-size " + std::to_string(script.size()));
    put("profile maintain", "profile " + profile);
    return manifest;
}

void Site::seal(const std::string& script, const std::string& to,
                const std::vector<std::string>& people, std::vector<std::string> more) const {
    const auto manifest = new_job(script, std::move(more));
    if (manifest.code != 0) throw std::runtime_error(manifest.err);
    write(to + ".m", manifest.out);
    std::vector<std::string> words{"seal", script, to + ".m"};
    auto all = people;
    if (std::ranges::count(all, kAuthor) == 0) all.push_back(kAuthor);
    for (const auto& name : all) {
        write(to + "." + name + ".sig", SigningKey(name).armored(manifest.out));
        words.push_back(to + "." + name + ".sig");
    }
    const auto sealed = bulkhead(words);
    if (sealed.code != 0) throw std::runtime_error(sealed.err);
    write(to, sealed.out);
}

}  // namespace bulkhead::test
