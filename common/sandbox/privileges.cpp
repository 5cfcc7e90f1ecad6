#include "common/sandbox/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

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

constexpr unsigned long kLockedBits =
    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED;

Result<> call(int code, std::string_view what) {
    if (code == 0) return {};
    return sys::fail_errno(what);
}

// Only what is in `keep` stays reachable for this process and all it will ever start.
Result<> cut_bounding_set(std::uint64_t keep) {
    for (cap_value_t cap = 0; cap < cap_max_bits(); ++cap) {
        if ((keep >> cap & 1) == 0 && cap_get_bound(cap) == 1) {
            TRY(call(cap_drop_bound(cap), "drop from bounding set"));
        }
    }
    return {};
}

std::vector<cap_value_t> listed(std::uint64_t capabilities) {
    std::vector<cap_value_t> list;
    for (cap_value_t cap = 0; cap < cap_max_bits(); ++cap) {
        if ((capabilities >> cap & 1) != 0) list.push_back(cap);
    }
    return list;
}

Result<> set_capabilities(std::uint64_t permitted, std::uint64_t inheritable) {
    cap_t sets = cap_init();
    const auto add = [&](cap_flag_t flag, std::uint64_t capabilities) {
        const auto list = listed(capabilities);
        const int count = static_cast<int>(list.size());
        if (count > 0) cap_set_flag(sets, flag, count, list.data(), CAP_SET);
    };
    add(CAP_PERMITTED, permitted);
    add(CAP_EFFECTIVE, permitted);
    add(CAP_INHERITABLE, inheritable);
    const int code = cap_set_proc(sets);
    cap_free(sets);
    return call(code, "set capabilities");
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
    for (const auto byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
}

}  // namespace

Result<User> find_user(std::string_view name) {
    const auto colon = name.find(':');
    if (colon != name.npos) {
        return User{TRY(within("user id", parse_number<uid_t>(name.substr(0, colon)))),
                    TRY(within("group id", parse_number<gid_t>(name.substr(colon + 1))))};
    }
    const auto row = TRY(table_row("/etc/passwd", name));
    if (row.size() < 4) return fail("/etc/passwd: malformed line for " + std::string(name));
    return User{TRY(parse_number<uid_t>(row[2])), TRY(parse_number<gid_t>(row[3]))};
}

Result<gid_t> find_group(std::string_view name) {
    if (const auto number = parse_number<gid_t>(name)) return *number;
    return parse_number<gid_t>(TRY(table_row("/etc/group", name))[2]);
}

Result<> become(const Identity& identity) {
    const rlimit none{0, 0};
    TRY(call(::setrlimit(RLIMIT_CORE, &none), "no core dumps"));
    TRY(cut_bounding_set(identity.capabilities));
    TRY(call(::setgroups(identity.groups.size(), identity.groups.data()), "setgroups"));
    const auto [uid, gid] = identity.user;
    TRY(call(::setresgid(gid, gid, gid), "setresgid"));
    // Permitted capabilities would vanish with uid 0; what was not asked for goes just below.
    TRY(call(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities"));
    TRY(call(::setresuid(uid, uid, uid), "setresuid"));
    const auto wanted = identity.capabilities;
    TRY(set_capabilities(wanted | std::uint64_t{1} << CAP_SETPCAP, wanted));
    TRY(call(::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0), "keep no capabilities"));
    TRY(call(::prctl(PR_SET_SECUREBITS, kLockedBits, 0, 0, 0), "lock securebits"));
    TRY(set_capabilities(wanted, wanted));
    for (const auto cap : listed(wanted)) TRY(call(cap_set_ambient(cap, CAP_SET), "raise ambient"));
    TRY(call(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs"));
    return require_identity(TRY(see(::getpid())), identity);
}

Result<Seen> parse_status(std::string_view status) {
    const ColonTable table(status);
    Seen seen;
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

Result<Seen> see(pid_t pid) {
    const auto path = "/proc/" + std::to_string(pid) + "/status";
    const sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return sys::fail_errno(path);
    return within(path, parse_status(TRY(sys::read_to_end(file, 64_KiB))));
}

Result<> require_identity(const Seen& seen, const Identity& identity) {
    const auto all = [](const std::vector<std::uint32_t>& ids, std::uint32_t wanted) {
        return ids.size() == 4 && std::count(ids.begin(), ids.end(), wanted) == 4;
    };
    auto groups = identity.groups;
    std::sort(groups.begin(), groups.end());
    if (!all(seen.uids, identity.user.uid)) return fail("user id differs");
    if (!all(seen.gids, identity.user.gid)) return fail("group id differs");
    if (!std::equal(groups.begin(), groups.end(), seen.groups.begin(), seen.groups.end())) {
        return fail("supplementary groups differ");
    }
    for (const auto set :
         {seen.permitted, seen.effective, seen.bounding, seen.inheritable, seen.ambient}) {
        if (set != identity.capabilities) return fail("capabilities differ");
    }
    if (!seen.no_new_privs) return fail("no_new_privs is off");
    return {};
}

}  // namespace bulkhead::sandbox
