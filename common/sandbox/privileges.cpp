#include "common/sandbox/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::sandbox {

namespace {

Result<std::vector<std::string>> table_row(const char* path, std::string_view name) {
    const sys::Fd file(::open(path, O_RDONLY | O_CLOEXEC));
    if (!file) return sys::fail_errno(path);
    const auto text = TRY(within(path, sys::read_to_end(file, 4_MiB)));
    for (const auto line : split(text, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() >= 3 && fields[0] == name) return {{fields.begin(), fields.end()}};
    }
    return fail("no \"" + std::string(name) + "\" in " + path);
}

// With these securebits user id 0 gains no capabilities at execve(2); the locks make that final
// (capabilities(7)).
constexpr int kRootBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED;

// Calls `act` with each capability that the kernel knows.
template <class Act>
Result<> each_capability(Act act) {
    for (int number = 0; ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number) {
        TRY(act(number));
    }
    return {};
}

// Drops all capabilities but `keep` from the bounding set of this process and its descendants.
Result<> cut_bounding_set(std::uint64_t keep) {
    return each_capability([&](int number) -> Result<> {
        if ((keep & capability(number)) != 0) return {};
        return sys::check(::prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "drop from bounding set");
    });
}

struct Sets {
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;
};

// capget(2) and capset(2) split each set into two halves of 32 bits.
Sets own_sets() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (::syscall(SYS_capget, &header, data) != 0) return {};
    const auto whole = [](std::uint64_t low, std::uint64_t high) { return low | high << 32; };
    return {whole(data[0].effective, data[1].effective),
            whole(data[0].permitted, data[1].permitted),
            whole(data[0].inheritable, data[1].inheritable)};
}

Result<> set_own(const Sets& sets) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    for (int half = 0; half < 2; ++half) {
        const auto part = [&](std::uint64_t set) {
            return static_cast<std::uint32_t>(set >> (32 * half));
        };
        data[half] = {part(sets.effective), part(sets.permitted), part(sets.inheritable)};
    }
    return sys::check(::syscall(SYS_capset, &header, data), "set capabilities");
}

Result<> lock_securebits(int bits) {
    TRY(sys::check(::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0), "lock securebits"));
    if (::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != bits) return differs("securebits differ");
    return {};
}

Result<std::vector<std::uint32_t>> numbers(std::string_view text) {
    std::vector<std::uint32_t> out;
    std::string blanks(text);
    std::replace(blanks.begin(), blanks.end(), '\t', ' ');
    for (const auto word : words(blanks)) out.push_back(TRY(parse_number<std::uint32_t>(word)));
    return out;
}

Result<std::uint64_t> mask(const ColonTable& table, std::string_view key) {
    const auto bytes = TRY(parse_hex(TRY(table.value(key))));
    std::uint64_t value = 0;
    if (bytes.size() != sizeof(value)) return fail(std::string(key) + ": not 64 bits");
    for (const auto byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
}

}  // namespace

Result<Account> find_account(std::string_view name) {
    const auto colon = name.find(':');
    if (colon != name.npos) {
        const User user{TRY(within("user id", parse_number<uid_t>(name.substr(0, colon)))),
                        TRY(within("group id", parse_number<gid_t>(name.substr(colon + 1))))};
        return Account{user, "", ""};
    }
    const auto row = TRY(table_row("/etc/passwd", name));
    if (row.size() < 4) return fail("/etc/passwd: malformed line for " + std::string(name));
    const User user{TRY(parse_number<uid_t>(row[2])), TRY(parse_number<gid_t>(row[3]))};
    return Account{user, row.size() > 5 ? row[5] : "", row.size() > 6 ? row[6] : ""};
}

Result<User> find_user(std::string_view name) { return TRY(find_account(name)).user; }

Result<gid_t> find_group(std::string_view name) {
    if (const auto number = parse_number<gid_t>(name)) return *number;
    return parse_number<gid_t>(TRY(table_row("/etc/group", name))[2]);
}

Result<> forbid_new_privileges() {
    TRY(sys::check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs"));
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return differs("no_new_privs is off");
    return {};
}

Result<> assume_ids(const ProcessIds& ids, const sys::Fd* status) {
    TRY(forbid_core());
    TRY(cut_bounding_set(ids.capabilities));
    TRY(sys::check(::setgroups(ids.groups.size(), ids.groups.data()), "setgroups"));
    const auto [uid, gid] = ids.user;
    TRY(sys::check(::setresgid(gid, gid, gid), "setresgid"));
    // setresuid(2) from 0 to another user clears the permitted set unless PR_SET_KEEPCAPS is on.
    // The capabilities that `ids` does not have are dropped below.
    TRY(sys::check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities"));
    TRY(sys::check(::setresuid(uid, uid, uid), "setresuid"));
    const auto wanted = ids.capabilities;
    const auto meanwhile = wanted | capability(CAP_SETPCAP);
    TRY(set_own({.effective = meanwhile, .permitted = meanwhile, .inheritable = wanted}));
    TRY(sys::check(::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0), "keep no capabilities"));
    // SECBIT_KEEP_CAPS is not locked, because setpriv(1) and daemons use it. It keeps permitted
    // capabilities over a change of user id, and adds none.
    TRY(lock_securebits(kRootBits));
    TRY(set_own({.effective = wanted, .permitted = wanted, .inheritable = wanted}));
    TRY(each_capability([&](int number) -> Result<> {
        if ((wanted & capability(number)) == 0) return {};
        return sys::check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0),
                          "raise ambient");
    }));
    TRY(forbid_new_privileges());
    const auto text = status == nullptr ? "" : TRY(sys::read_from_start(*status, 64_KiB));
    return require_ids(TRY(text.empty() ? read_proc_status(::getpid()) : parse_proc_status(text)),
                       ids);
}

std::uint64_t reachable_capabilities() {
    std::uint64_t bounding = 0;
    static_cast<void>(each_capability([&](int number) -> Result<> {
        if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) bounding |= capability(number);
        return {};
    }));
    return bounding & own_sets().permitted;
}

Result<> lower_to(std::uint64_t ceiling, std::uint64_t in_force) {
    TRY(cut_bounding_set(ceiling));
    TRY(sys::check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear ambient"));
    // SECBIT_KEEP_CAPS is not locked, because assume_ids() sets it in a child.
    TRY(lock_securebits(kRootBits));
    TRY(set_own({.effective = in_force, .permitted = ceiling, .inheritable = 0}));
    TRY(forbid_new_privileges());
    const auto seen = TRY(read_proc_status(::getpid()));
    if (seen.bounding != ceiling || seen.permitted != ceiling) return differs("ceiling differs");
    if (seen.effective != in_force || (seen.inheritable | seen.ambient) != 0) {
        return differs("a capability stayed in force");
    }
    if (!seen.no_new_privs) return differs("no_new_privs is off");
    return {};
}

Raised::Raised(std::uint64_t wanted) {
    auto sets = own_sets();
    before_ = sets.effective;
    sets.effective |= wanted & sets.permitted;
    static_cast<void>(set_own(sets));
}

Raised::~Raised() {
    auto sets = own_sets();
    sets.effective = before_ & sets.permitted;
    // capset(2) allows every process to lower its effective set. If it fails all the same, a
    // capability would stay in effect without anybody knowing it, so the process ends.
    if (!set_own(sets)) std::abort();
}

Result<> set_limit(int resource, std::uint64_t soft, std::uint64_t hard) {
    const auto which = static_cast<__rlimit_resource>(resource);
    rlimit stands{1, 0};
    TRY(sys::check(::getrlimit(which, &stands), "getrlimit"));
    if (stands.rlim_cur > stands.rlim_max) return differs("a limit differs");
    hard = std::min<std::uint64_t>(hard, stands.rlim_max);
    soft = std::min(soft, hard);
    const rlimit wanted{soft, hard};
    TRY(sys::check(::setrlimit(which, &wanted), "setrlimit"));
    rlimit seen{};
    TRY(sys::check(::getrlimit(which, &seen), "getrlimit"));
    if (seen.rlim_cur != soft || seen.rlim_max != hard) return differs("a limit differs");
    return {};
}

Result<bool> forbid_core() {
    const rlimit one{1, 1};
    if (::setrlimit(RLIMIT_CORE, &one) != 0) TRY(set_limit(RLIMIT_CORE, 0, 0));
    rlimit seen{2, 2};
    TRY(sys::check(::getrlimit(RLIMIT_CORE, &seen), "getrlimit"));
    if (seen.rlim_cur > 1 || seen.rlim_max > 1) return differs("a limit differs");
    return seen.rlim_cur == 1;
}

Result<ProcStatus> parse_proc_status(std::string_view status) {
    const ColonTable table(status);
    ProcStatus seen;
    seen.uids = TRY(within("Uid", numbers(TRY(table.value("Uid")))));
    seen.gids = TRY(within("Gid", numbers(TRY(table.value("Gid")))));
    seen.groups = TRY(within("Groups", numbers(TRY(table.value("Groups")))));
    seen.inheritable = TRY(mask(table, "CapInh"));
    seen.permitted = TRY(mask(table, "CapPrm"));
    seen.effective = TRY(mask(table, "CapEff"));
    seen.bounding = TRY(mask(table, "CapBnd"));
    seen.ambient = TRY(mask(table, "CapAmb"));
    seen.no_new_privs = TRY(table.value("NoNewPrivs")) == "1";
    seen.seccomp = TRY(parse_number<int>(TRY(table.value("Seccomp"))));
    if (const auto filters = table.value("Seccomp_filters")) {
        seen.filters = TRY(parse_number<int>(*filters));
    }
    return seen;
}

Result<ProcStatus> read_proc_status(pid_t pid) {
    const auto path = "/proc/" + std::to_string(pid) + "/status";
    const sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return sys::fail_errno(path);
    return within(path, parse_proc_status(TRY(sys::read_to_end(file, 64_KiB))));
}

Result<> require_ids(const ProcStatus& seen, const ProcessIds& ids) {
    const auto all = [](const std::vector<std::uint32_t>& four, std::uint32_t wanted) {
        return four.size() == 4 && std::count(four.begin(), four.end(), wanted) == 4;
    };
    auto groups = ids.groups;
    std::sort(groups.begin(), groups.end());
    if (!all(seen.uids, ids.user.uid)) return differs("user id differs");
    if (!all(seen.gids, ids.user.gid)) return differs("group id differs");
    if (!std::equal(groups.begin(), groups.end(), seen.groups.begin(), seen.groups.end())) {
        return differs("supplementary groups differ");
    }
    for (const auto set :
         {seen.permitted, seen.effective, seen.bounding, seen.inheritable, seen.ambient}) {
        if (set != ids.capabilities) return differs("capabilities differ");
    }
    if (!seen.no_new_privs) return differs("no_new_privs is off");
    return {};
}

}  // namespace bulkhead::sandbox
