// `bulkhead prove`: writes a directory with all that shows who approved a job that ran here, for
// somebody who has neither this program nor this host.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "cli/audit_lines.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/prove/verify_script.hpp"
#include "common/audit/chain.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

using Takes = Option::Takes;
constexpr std::array kOptions{Option{"--to", Takes::once}, Option{"--to-end", Takes::nothing},
                              Option{"--state", Takes::once}, Option{"--log-dir", Takes::once}};
constexpr std::uint64_t kMostBytes = 32 << 20;  // of one object

// Made by this call and nobody else's: files are written beneath its handle.
Result<sys::Dir> make_exclusively(const std::string& path) {
    const auto whole = std::filesystem::path(path).lexically_normal();
    const auto name = whole.has_filename() ? whole.filename() : whole.parent_path().filename();
    const auto above =
        whole.has_filename() ? whole.parent_path() : whole.parent_path().parent_path();
    const auto parent = TRY(sys::Dir::open(above.empty() ? "." : above.string()));
    if (::mkdirat(parent.fd(), name.c_str(), 0700) != 0) return sys::fail_errno(path);
    auto made = TRY(parent.open_dir(name.string()));
    struct stat info {};
    TRY(sys::check(::fstat(made.fd(), &info), path));
    if (info.st_uid != ::geteuid() || (info.st_mode & 077) != 0 || !TRY(made.list()).empty()) {
        return fail(path + ": is not the directory that was made; give one below root's");
    }
    return made;
}

Result<> write(const sys::Dir& top, const std::string& path, std::string_view content,
               mode_t mode = 0600) {
    auto dir = TRY(top.open_dir("."));
    const auto parts = split(path, '/');
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) dir = TRY(dir.make_dir(parts[i], 0700));
    const auto file =
        TRY(within(path, dir.open_regular(parts.back(), O_WRONLY | O_CREAT | O_EXCL, mode)));
    return within(path, sys::write_all(file, as_bytes(content)));
}

class Proof {
  public:
    Proof(const sys::Dir& store, const sys::Dir& to) : store_(store), to_(to) {}

    // Writes the object of this digest. One that is not in the store any more is noted.
    Result<std::string> copy(const std::string& digest, const std::string& path) {
        TRY(within(path, crypto::parse_digest(digest)));
        auto content = store_.read_file(digest, kMostBytes);
        if (!content && content.error().code == ENOENT) {
            missing_ += "  " + path + ", SHA-256 " + digest + "\n";
            return std::string();
        }
        if (!content) return content;
        if (crypto::hex(crypto::sha256(as_bytes(*content))) != digest) {
            return fail("evidence " + digest + ": its content was changed");
        }
        TRY(write(to_, path, *content));
        return content;
    }

    Result<> copy_policy(const std::string& digest) {
        const auto list = TRY(copy(digest, "policy.sha256sums"));
        for (const auto line : split(list, '\n')) {
            if (line.empty()) continue;
            const auto path = line.substr(std::min<std::size_t>(66, line.size()));
            if (path.empty() || path.find("..") != path.npos || path.starts_with('/')) {
                return fail("evidence " + digest + ": no list of a policy");
            }
            TRY(copy(std::string(line.substr(0, 64)), "policy/" + std::string(path)));
        }
        return {};
    }

    const std::string& missing() const { return missing_; }

  private:
    const sys::Dir& store_;
    const sys::Dir& to_;
    std::string missing_;
};

// The lines `first` to `last` and, in audit.head, the end of their chain.
Result<> copy_lines(const std::string& log, std::uint64_t first, std::uint64_t last,
                    const sys::Dir& to) {
    std::string lines;
    std::string head;
    Result<> done;
    TRY(each_audit_line(log, [&](std::string_view line) {
        const auto before = records::parse_before(line);
        if (!before || before->lines + 1 < first || before->lines >= last) return;
        const auto end = records::after(*before, line);
        lines.append(line).append("\n");
        head = std::to_string(end.lines) + " " + crypto::hex(end.hash) + "\n";
    }));
    TRY(write(to, "audit.lines", lines));
    return write(to, "audit.head", head);
}

// By number, delivery or job id.
Result<PastJob> chosen(const std::vector<PastJob>& jobs, const std::string& id) {
    std::vector<PastJob> found;
    for (const auto& job : jobs) {
        if (std::to_string(job.number) == id || text_in(job.start, "delivery") == id ||
            text_in(job.start, "job") == id) {
            found.push_back(job);
        }
    }
    if (found.empty()) {
        return fail("no job of number, delivery or id " + id +
                    " was started, as far back as the audit log goes; see bulkhead jobs");
    }
    if (found.size() == 1) return found.front();
    std::string all;
    for (const auto& job : found) {
        all += "\n  number " + std::to_string(job.number) + ", delivery " +
               text_in(job.start, "delivery") + ", job " + text_in(job.start, "job") + ", " +
               job.started;
    }
    return wrong(
        id + " is the name of several jobs; give a number or delivery that only one has:" + all);
}

Result<> copy_evidence(const PastJob& job, Proof& proof) {
    TRY(proof.copy(text_in(job.verdict, "manifest"), "manifest"));
    TRY(proof.copy(text_in(job.verdict, "script"), "script"));
    TRY(proof.copy_policy(text_in(job.verdict, "policy")));
    const auto signatures = job.verdict.value("signatures", nlohmann::json::array());
    for (std::size_t i = 0; i < signatures.size(); ++i) {
        TRY(proof.copy(signatures[i].get<std::string>(),
                       "signatures/" + std::to_string(i + 1) + ".sig"));
    }
    return {};
}

}  // namespace

Result<int> prove(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    TRY(options.require_there({"--state", "--log-dir"}, Options::Command::of_root));
    if (options.operands().size() != 1) return wrong("give a job's number, delivery or id");
    const auto log = options.value("--log-dir", kLogDirectory);
    const auto job = TRY(chosen(TRY(only_root(past_jobs(log))), options.operands()[0]));
    if (job.verdict.is_null() || text_in(job.verdict, "policy").empty()) {
        return fail("job " + std::to_string(job.number) +
                    ": the audit log no longer has its verdict, or has it from release 0.1, "
                    "which kept no evidence");
    }
    const auto store = TRY(only_root(
        sys::Dir::open(options.value("--state", "/var/lib/bulkhead") + "/broker/evidence")));
    const auto path = options.value("--to", "proof-" + std::to_string(job.number));
    const auto to = TRY(make_exclusively(path));
    Proof proof(store, to);
    TRY(copy_evidence(job, proof));
    TRY(copy_lines(log, job.first, options.has("--to-end") ? UINT64_MAX : job.last, to));
    TRY(write(to, "verify.sh", verify_script(), 0700));
    if (!proof.missing().empty()) {
        return fail(path + ": not complete, for the evidence store has no longer\n" +
                    proof.missing());
    }
    TRY(print_done("Written to " + path + "; sh " + shell_word(path + "/verify.sh") +
                   " checks it, with stock tools, here or elsewhere.\n"));
    return kDone;
}

}  // namespace bulkhead::cli
