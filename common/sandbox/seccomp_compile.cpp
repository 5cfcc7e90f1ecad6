// The only file that uses libseccomp. The broker and the programs of cli/ link it; the worker does
// not.
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "common/base/strong.hpp"
#include "common/sandbox/seccomp.hpp"

namespace bulkhead::sandbox {

namespace {

struct NewCall {
    std::string_view name;
    int number;
};
// Calls that libseccomp 2.5.4 does not know. New calls have the same number on every architecture
// since Linux 5.1; these are newer.
constexpr std::array kNewCalls{
    NewCall{"map_shadow_stack", 453},  NewCall{"futex_wake", 454},
    NewCall{"futex_wait", 455},        NewCall{"futex_requeue", 456},
    NewCall{"statmount", 457},         NewCall{"listmount", 458},
    NewCall{"lsm_get_self_attr", 459}, NewCall{"lsm_set_self_attr", 460},
    NewCall{"lsm_list_modules", 461},  NewCall{"mseal", 462},
    NewCall{"setxattrat", 463},        NewCall{"getxattrat", 464},
    NewCall{"listxattrat", 465},       NewCall{"removexattrat", 466},
    NewCall{"open_tree_attr", 467},    NewCall{"file_getattr", 468},
    NewCall{"file_setattr", 469},
};

std::uint32_t action_of(const policy::Action& action) {
    switch (action.kind) {
        case policy::SyscallAction::allow:
            return SCMP_ACT_ALLOW;
        case policy::SyscallAction::log:
            return SCMP_ACT_LOG;
        case policy::SyscallAction::error:
            return SCMP_ACT_ERRNO(static_cast<unsigned>(action.error));
        case policy::SyscallAction::kill:
            break;
    }
    return SCMP_ACT_KILL_PROCESS;
}

struct Release {
    void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

Result<> check(int code, std::string_view what) {
    if (code == 0) return {};
    return sys::fail_errno("seccomp: " + std::string(what), -code);
}

// A libseccomp rule compares each argument with one value. So a rule with sets of values becomes
// one libseccomp rule for each combination of them.
Result<> add_rule(const Context& context, const policy::SyscallRule& rule, int number,
                  std::size_t next, std::vector<scmp_arg_cmp>& comparisons) {
    if (next == rule.conditions.size()) {
        return check(
            seccomp_rule_add_array(context.get(), action_of(rule.action), number,
                                   static_cast<unsigned>(comparisons.size()), comparisons.data()),
            rule.call);
    }
    const auto& condition = rule.conditions[next];
    for (const auto& bits : condition.any_of) {
        comparisons.push_back(
            scmp_arg_cmp{condition.argument, SCMP_CMP_MASKED_EQ, bits.mask, bits.value});
        TRY(add_rule(context, rule, number, next + 1, comparisons));
        comparisons.pop_back();
    }
    return {};
}

}  // namespace

std::optional<int> syscall_number(std::string_view name) {
    const std::string text(name);
    const int number = seccomp_syscall_resolve_name(text.c_str());
    if (number != __NR_SCMP_ERROR) return number;
    for (const auto& call : kNewCalls) {
        if (call.name == name) return call.number;
    }
    return std::nullopt;
}

namespace {

// Compiles `list` and writes it with seccomp_export_bpf(3) or seccomp_export_pfc(3).
Result<sys::Fd> exported(const policy::SeccompList& list, int (*write)(scmp_filter_ctx, int)) {
    const Context context(seccomp_init(action_of(list.fallback)));
    if (!context) return fail("seccomp: no memory");
    TRY(check(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
              "bad architecture"));
    // 2 makes a binary tree over the call numbers instead of a list (seccomp_attr_set(3)).
    TRY(check(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize"));
    for (const auto& rule : list.rules) {
        const auto number = syscall_number(rule.call);
        const auto where = rule.source.file + ":" + std::to_string(rule.source.line);
        if (!number) return fail(where + ": there is no system call \"" + rule.call + "\"");
        // libseccomp refuses a rule whose action is the default action.
        if (*number < 0 || rule.action == list.fallback) continue;
        std::vector<scmp_arg_cmp> comparisons;
        TRY(within(where, add_rule(context, rule, *number, 0, comparisons)));
    }
    sys::Fd file(::memfd_create("bpf", MFD_CLOEXEC));
    if (!file) return sys::fail_errno("memfd_create");
    TRY(check(write(context.get(), file.get()), "export"));
    return file;
}

}  // namespace

Result<Filter> compile(const policy::SeccompList& list) {
    return from_memfd(TRY(exported(list, &seccomp_export_bpf)));
}

Result<std::string> pseudo_code(const policy::SeccompList& list) {
    const auto text = TRY(exported(list, &seccomp_export_pfc));
    return sys::read_from_start(text, 1_MiB);
}

}  // namespace bulkhead::sandbox
