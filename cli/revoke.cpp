// `bulkhead revoke`: turns keys, files that hold keys, and KRLs into lines for revoked_signers.
#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "common/approval/revoked_signers.hpp"
#include "common/approval/tolerant_lines.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/exec.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::uint64_t kMaxInput = 16_MiB;
constexpr const char* kSshKeygen = "/usr/bin/ssh-keygen";
constexpr int kKrlFd = 3;

// What a KRL revokes, in words: `ssh-keygen -Q -l` (ssh-keygen(1)), with an environment of its own.
Result<std::string> listed(std::string_view krl) {
    const auto file = TRY(sys::sealed_memfd("krl", as_bytes(krl)));
    auto output = TRY(sys::make_pipe());
    const sys::Argv argv({kSshKeygen, "-Q", "-l", "-f", "/proc/self/fd/3"});
    const sys::Argv environment({"PATH=/usr/bin:/bin", "LC_ALL=C"});
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, file.get(), kKrlFd);
    pid_t child = -1;
    const int error =
        ::posix_spawn(&child, argv.program(), &actions, nullptr, argv.get(), environment.get());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return sys::fail_errno(std::string(kSshKeygen) + " reads KRLs", error);
    output.write.reset();
    auto text = sys::read_to_end(output.read, kMaxInput);
    output.read.reset();
    int status = -1;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (!text || status == 0) return text;
    return fail(std::string(kSshKeygen) + " -Q -l does not take it for a KRL");
}

std::string login_name() {
    const auto* sudo = ::getenv("SUDO_USER");
    if (sudo != nullptr && ::getuid() == 0) return sudo;
    const auto* user = ::getpwuid(::getuid());
    return user == nullptr ? std::to_string(::getuid()) : user->pw_name;
}

// The lines that one file comes to, and what none stands for.
class Turned {
  public:
    void take_line(std::string_view line, const std::string& where) {
        approval::Revocations revoked;
        const auto ours = approval::take_revocation(revoked, line);
        if (!ours) return untold(where + ": " + ours.error().what);
        others_ += *ours ? 0 : 1;
        for (const auto& key : revoked.keys) {
            lines_ += std::string(approval::key_type(key.kind)) + " " +
                      to_base64(as_bytes(approval::key_blob(key))) + "\n";
        }
        for (const auto& print : revoked.fingerprints) lines_ += "hash: " + print + "\n";
    }

    // A line of what `ssh-keygen -Q -l` prints.
    void take_krl_line(std::string_view line, const std::string& where) {
        const auto text = approval::without_blanks(line);
        if (text.starts_with("# hash SHA1:")) {
            return untold(where + ": \"" + quoted(text.substr(2), 64) +
                          "\" is of a key, and nothing can be found by it here; add that key's "
                          "line, or its SHA-256 (ssh-keygen -l)");
        }
        if (text.empty() || text.starts_with('#')) return;
        if (text.starts_with("serial:") || text.starts_with("id:")) {
            ++others_;
        } else {
            take_line(text, where);
        }
    }

    const std::string& lines() const { return lines_; }
    std::size_t others() const { return others_; }
    bool whole() const { return whole_; }

  private:
    void untold(const std::string& what) {
        whole_ = false;
        std::fprintf(stderr, "%s\n", what.c_str());
    }

    std::string lines_;
    std::size_t others_ = 0;  // keys and certificates that cannot sign here
    bool whole_ = true;
};

Result<Turned> turn(const std::string& path) {
    const auto bytes = TRY(read_input(path, kMaxInput));
    const auto shown = quoted(path);
    Turned turned;
    if (approval::is_krl(bytes)) {
        const auto text = TRY(within(path, listed(bytes)));
        for (const auto line : split(text, '\n')) turned.take_krl_line(line, shown);
    } else {
        approval::each_line(bytes, [&](std::string_view line, unsigned number) {
            turned.take_line(line, shown + ":" + std::to_string(number));
        });
    }
    return turned;
}

}  // namespace

Result<int> revoke(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, {}));
    if (options.operands().empty()) {
        return wrong("give the files that hold keys: .pub files, authorized_keys, KRLs, ...");
    }
    bool whole = true;
    for (const auto& path : options.operands()) {
        const auto turned = TRY(turn(path));
        whole = whole && turned.whole();
        if (turned.others() > 0) {
            std::fprintf(stderr,
                         "%s: %zu that cannot sign here (RSA, ECDSA, certificates): left out\n",
                         quoted(path).c_str(), turned.others());
        }
        if (turned.lines().empty()) {
            std::fprintf(stderr, "%s: nothing in it came to a line\n", quoted(path).c_str());
            whole = false;
            continue;
        }
        TRY(print("# " + format_utc(sys::now()) + " by " + quoted(login_name(), 64) + ", from " +
                  quoted(path) + "\n" + turned.lines()));
    }
    return whole ? kDone : kNo;
}

}  // namespace bulkhead::cli
