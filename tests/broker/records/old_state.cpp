#include "tests/broker/records/old_state.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "common/crypto/sha256.hpp"
#include "tests/support/files.hpp"
#include "tests/support/forked.hpp"
#include "worker/state/credentials.hpp"
#include "worker/state/inventory_store.hpp"
#include "worker/state/spool/spool.hpp"

namespace bulkhead::test {

namespace fs = std::filesystem;

namespace {

std::string output_of(JobNumber job) { return "output of " + std::to_string(job.value) + "\n"; }

std::uint64_t sequence_of(const std::string& backend) { return backend.size() * 1000; }

// As RefusalStore of 0.1 wrote it.
Result<> write_refusal(const sys::Dir& state, const std::string& backend) {
    const auto dir = TRY(state.make_dir("refusals", 0700));
    const auto name = crypto::hex(crypto::sha256(as_bytes(backend + " d-7")));
    return dir.write_atomic(
        name,
        R"({"backend":")" + backend +
            R"(","delivery":"d-7","reason":"job-unusable","detail":"","rule":""})",
        0600);
}

Result<> write_for(const sys::Dir& state, const records::Heir& heir) {
    const auto credentials = TRY(worker::CredentialStore::open(state));
    TRY(credentials.save(heir.backend, {.agent_id = "agent-of-" + heir.backend,
                                        .credential = Secret("secret-of-" + heir.backend)}));
    TRY(credentials.own_id(heir.backend));
    TRY(credentials.save_key(heir.backend, Secret(std::string(64, 'k'))));
    const auto inventory = TRY(worker::InventoryStore::open(state));
    worker::InventoryState known;
    known.sequence = sequence_of(heir.backend);
    TRY(inventory.save(heir.backend, known));
    TRY(write_refusal(state, heir.backend));
    auto spool = TRY(worker::Spool::open(state, {}));
    for (const auto number : heir.jobs) {
        auto* job = TRY(
            spool.create(number, {.backend = heir.backend,
                                  .delivery_id = DeliveryId{"d-" + std::to_string(number.value)},
                                  .job_id = JobId{"job"},
                                  .output_max = 1 << 20}));
        auto pipe = TRY(sys::make_pipe());
        TRY(sys::set_nonblocking(pipe.read, true));
        TRY(sys::write_all(pipe.write, as_bytes(output_of(number))));
        TRY(job->take(worker::Output::out, pipe.read));
        TRY(job->end(worker::Output::out));
        TRY(job->end(worker::Output::err));
    }
    return {};
}

Result<> require_all(const sys::Dir& state, const records::Heir& heir) {
    const auto credentials = TRY(worker::CredentialStore::open(state));
    const auto identity = TRY(credentials.load(heir.backend));
    if (!identity) return fail("no credential: it would enroll again");
    if (identity->credential.reveal() != "secret-of-" + heir.backend) return fail("another's");
    if (!TRY(credentials.load_key(heir.backend))) return fail("no key");
    const auto inventory = TRY(worker::InventoryStore::open(state));
    if (TRY(inventory.load(heir.backend)).sequence != sequence_of(heir.backend)) {
        return fail("the last sequence is lost");
    }
    if (TRY(TRY(state.open_dir("refusals")).list()).size() != 1) return fail("refusals");
    auto spool = TRY(worker::Spool::open(state, {}));
    for (const auto& problem : spool.problems()) return std::unexpected(problem);
    if (spool.jobs().size() != heir.jobs.size()) return fail("another number of jobs");
    for (const auto number : heir.jobs) {
        const auto* job = spool.find(number);
        if (job == nullptr) return fail("no job " + std::to_string(number.value));
        const auto dir = TRY(state.open_dir("spool/" + std::to_string(number.value)));
        if (TRY(dir.read_file("stdout", 4096)) != output_of(number)) return fail("output");
    }
    return {};
}

// As `user`, who is handed the directory, in a child.
std::string as_user(const sandbox::User& user, const std::string& state,
                    const std::function<Result<>(const sys::Dir&)>& act) {
    return forked([&]() -> std::string {
        const auto dir = sys::Dir::open(state);
        if (!dir) return dir.error().what;
        if (::setgroups(0, nullptr) != 0 || ::setgid(user.gid) != 0 || ::setuid(user.uid) != 0) {
            return "cannot become another user";
        }
        ::umask(077);
        const auto done = act(*dir);
        return done ? "" : done.error().what;
    });
}

}  // namespace

std::vector<records::Heir> heirs() {
    const auto job = [](std::uint64_t number) { return JobNumber{number}; };
    return {{"main", {kFirstSlot, kFirstSlot}, {job(3), job(5), job(8)}},
            {"fleet", {kFirstSlot + 1, kFirstSlot + 1}, {job(4), job(9)}},
            {"new", {kFirstSlot + 2, kFirstSlot + 2}, {}}};
}

std::string write_old_state(const std::string& state) {
    const auto place = state + "/worker";
    fs::create_directories(place);
    if (::chmod(state.c_str(), 0755) != 0 || ::chmod(place.c_str(), 0700) != 0 ||
        ::chown(place.c_str(), kOldAccount, kOldAccount) != 0) {
        return "cannot make " + place;
    }
    return as_user({kOldAccount, kOldAccount}, place, [](const sys::Dir& dir) -> Result<> {
        for (const auto& heir : heirs()) {
            if (heir.backend != "new") TRY(write_for(dir, heir));
        }
        return {};
    });
}

Snapshot snapshot(const std::string& path) {
    Snapshot seen;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        struct stat info {};
        ::lstat(entry.path().c_str(), &info);
        auto text = std::to_string(info.st_uid) + ":" + std::to_string(info.st_gid) + " " +
                    std::to_string(info.st_mode);
        if (entry.is_regular_file() && !entry.is_symlink()) {
            text += " " + crypto::hex(crypto::sha256(as_bytes(content_of(entry.path()))));
        }
        seen[entry.path().lexically_relative(path)] = text;
    }
    return seen;
}

std::string what_is_lost(const std::string& directory, const records::Heir& heir) {
    return as_user(heir.user, directory,
                   [&](const sys::Dir& dir) { return require_all(dir, heir); });
}

}  // namespace bulkhead::test
