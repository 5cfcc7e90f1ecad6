// The compiled filters, loaded into a child and asked: what counts is what the kernel answers.
#include "common/sandbox/seccomp.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>

#include "tests/support/forked.hpp"

namespace bulkhead::sandbox {
namespace {

using policy::Action;
using policy::Condition;
using policy::SeccompList;
using policy::SyscallAction;
using policy::SyscallRule;

constexpr Action kAllow{SyscallAction::allow, 0};
constexpr Action kKill{SyscallAction::kill, 0};
constexpr Action refuse(int error) { return {SyscallAction::error, error}; }
const std::string kKilled = "signal " + std::to_string(SIGSYS);

SyscallRule rule(std::string call, Action action, std::vector<Condition> conditions = {}) {
    return {.call = std::move(call),
            .action = action,
            .conditions = std::move(conditions),
            .source = {"test.seccomp", 1, "test"}};
}

Condition one_of(unsigned argument, std::uint32_t mask, std::vector<std::uint64_t> values) {
    Condition condition{.argument = argument, .any_of = {}, .text = {}};
    for (const auto value : values) condition.any_of.push_back({mask, value});
    return condition;
}

// Everything is allowed but what the rules say.
SeccompList denying(std::vector<SyscallRule> rules) {
    return {.name = "test", .fallback = kAllow, .rules = std::move(rules), .source = {}};
}

// What calls with these arguments answer under `list`: "0" or an errno each.
using Call = std::vector<std::uint64_t>;  // number, then arguments
std::string answers(const SeccompList& list, const std::vector<Call>& calls) {
    const auto filter = compile(list);
    if (!filter) return filter.error().what;
    return test::forked([&]() -> std::string {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (const auto done = install(*filter); !done) return done.error().what;
        std::string words;
        for (auto call : calls) {
            call.resize(7);
            const long code = ::syscall(static_cast<long>(call[0]), call[1], call[2], call[3],
                                        call[4], call[5], call[6]);
            words += std::to_string(code < 0 ? errno : 0) + " ";
        }
        return words;
    });
}

TEST(Seccomp, AnErrnoIsWhatTheCallerSeesAndItGoesOn) {
    EXPECT_EQ(answers(denying({rule("getppid", refuse(EXDEV))}),
                      {{SYS_getppid}, {SYS_getpid}, {SYS_getppid}}),
              std::to_string(EXDEV) + " 0 " + std::to_string(EXDEV) + " ");
}

TEST(Seccomp, KillEndsTheProcess) {
    EXPECT_EQ(answers(denying({rule("getppid", kKill)}), {{SYS_getpid}}), "0 ");
    EXPECT_EQ(answers(denying({rule("getppid", kKill)}), {{SYS_getpid}, {SYS_getppid}}), kKilled);
}

TEST(Seccomp, WhatHasNoRuleMeetsTheFallback) {
    const SeccompList list{
        .name = "test",
        .fallback = refuse(EPERM),
        .rules = {rule("getpid", kAllow), rule("write", kAllow), rule("exit_group", kAllow)},
        .source = {}};
    EXPECT_EQ(answers(list, {{SYS_getpid}, {SYS_getppid}, {SYS_gettid}}), "0 1 1 ");
}

TEST(Seccomp, ASetOfValuesIsEachOfThem) {
    const auto list = denying(
        {rule("socket", refuse(EXDEV),
              {one_of(0, ~0U, {AF_NETLINK, AF_PACKET}), one_of(1, 0xf, {SOCK_RAW, SOCK_DGRAM})})});
    const auto refused = std::to_string(EXDEV) + " ";
    EXPECT_EQ(answers(list, {{SYS_socket, AF_NETLINK, SOCK_RAW}}), refused);
    EXPECT_EQ(answers(list, {{SYS_socket, AF_PACKET, SOCK_DGRAM}}), refused);
    EXPECT_EQ(answers(list, {{SYS_socket, AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC}}), refused)
        << "only the masked bits are looked at";
    EXPECT_EQ(answers(list, {{SYS_socket, AF_UNIX, SOCK_DGRAM}}), "0 ");
    EXPECT_NE(answers(list, {{SYS_socket, AF_NETLINK, SOCK_STREAM}}), refused);
}

// An int argument's upper half is whatever the register held: the kernel ignores it, so must we.
TEST(Seccomp, GarbageAboveThirtyTwoBitsChangesNothing) {
    constexpr std::uint64_t kGarbage = 0xdeadbeef00000000;
    const auto list = denying({rule("socket", refuse(EXDEV), {one_of(0, ~0U, {AF_NETLINK})})});
    EXPECT_EQ(answers(list, {{SYS_socket, AF_NETLINK | kGarbage, SOCK_RAW}}),
              std::to_string(EXDEV) + " ");
    EXPECT_EQ(answers(list, {{SYS_socket, AF_UNIX | kGarbage, SOCK_STREAM | kGarbage}}), "0 ");
}

TEST(Seccomp, AMaskTellsOneBitFromTheOthers) {
    // mmap with PROT_EXEC is refused whatever else it asks for.
    const auto list = denying({rule("mmap", refuse(EXDEV), {one_of(2, PROT_EXEC, {PROT_EXEC})})});
    const auto map = [](std::uint64_t protection) {
        return Call{SYS_mmap, 0, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL, 0};
    };
    const auto refused = std::to_string(EXDEV) + " ";
    EXPECT_EQ(answers(list, {map(PROT_READ | PROT_WRITE)}), "0 ");
    EXPECT_EQ(answers(list, {map(PROT_EXEC)}), refused);
    EXPECT_EQ(answers(list, {map(PROT_READ | PROT_WRITE | PROT_EXEC)}), refused);
}

TEST(Seccomp, EveryArgumentCanBeLookedAt) {
    for (unsigned argument = 0; argument < 6; ++argument) {
        const auto list = denying({rule("getppid", refuse(EXDEV), {one_of(argument, ~0U, {77})})});
        Call call{SYS_getppid, 1, 1, 1, 1, 1, 1};
        EXPECT_EQ(answers(list, {call}), "0 ") << argument;
        call[argument + 1] = 77;
        EXPECT_EQ(answers(list, {call}), std::to_string(EXDEV) + " ") << argument;
    }
}

#ifdef __x86_64__
TEST(Seccomp, TheThirtyTwoBitEntryIsKilledWhateverTheListSays) {
    const auto thirty_two_bit = [] {
        long code = 20;  // getpid in the 32-bit table
        asm volatile("int $0x80" : "+a"(code) : : "r8", "r9", "r10", "r11", "memory");
        return code;
    };
    if (test::forked([&] { return std::string(thirty_two_bit() == ::getpid() ? "" : "no"); }) !=
        "") {
        GTEST_SKIP() << "this kernel has no 32-bit entry";
    }
    const auto filter = compile(denying({})).value();
    EXPECT_EQ(test::forked([&]() -> std::string {
                  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                  if (!install(filter)) return "not installed";
                  return "came back with " + std::to_string(thirty_two_bit());
              }),
              kKilled);
}

TEST(Seccomp, TheX32EntryIsKilledWhateverTheListSays) {
    constexpr std::uint64_t kX32 = 0x40000000;
    EXPECT_EQ(answers(denying({}), {{SYS_getpid | kX32}}), kKilled);
}
#endif

TEST(Seccomp, KnowsCallsThatTheLibraryDoesNot) {
    EXPECT_EQ(syscall_number("mseal"), 462);
    EXPECT_EQ(syscall_number("read"), SYS_read);
    EXPECT_FALSE(syscall_number("reed"));
    EXPECT_FALSE(syscall_number(""));
    EXPECT_EQ(answers(denying({rule("mseal", refuse(EXDEV))}), {{462, 1, 1, 1}}),
              std::to_string(EXDEV) + " ");
}

TEST(Seccomp, AnUnknownCallIsAnErrorWithItsPlace) {
    const auto filter = compile(denying({rule("frobnicate", kKill)}));
    ASSERT_FALSE(filter);
    EXPECT_EQ(filter.error().what, "test.seccomp:1: there is no system call \"frobnicate\"");
}

TEST(Seccomp, ACallOfAnotherArchitectureIsPassedOver) {
    // socketcall exists on 32-bit x86 only.
    EXPECT_EQ(answers(denying({rule("socketcall", kKill)}), {{SYS_getpid}}), "0 ");
}

TEST(Seccomp, NeedsNoNewPrivilegesUnlessRoot) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to give root up";
    const auto filter = compile(denying({})).value();
    EXPECT_EQ(test::forked([&]() -> std::string {
                  if (::setresuid(65534, 65534, 65534) != 0) return "setresuid";
                  return install(filter) ? "installed" : "";
              }),
              "");
}

TEST(Seccomp, AFilterTravelsInASealedMemfd) {
    const auto filter = compile(denying({rule("getppid", kKill)})).value();
    const auto fd = to_memfd(filter).value();
    EXPECT_EQ(sys::require_sealed(fd, 1 << 16), filter.size() * sizeof(sock_filter));
    const auto again = from_memfd(fd).value();
    ASSERT_EQ(again.size(), filter.size());
    EXPECT_EQ(as_text(std::as_bytes(std::span(again))), as_text(std::as_bytes(std::span(filter))));
}

TEST(Seccomp, AMemfdOfAnOddSizeIsRefused) {
    EXPECT_FALSE(from_memfd(sys::sealed_memfd("bpf", as_bytes("1234567")).value()));
    EXPECT_FALSE(from_memfd(sys::sealed_memfd("bpf", {}).value()));
    const std::string longest((BPF_MAXINSNS + 1) * sizeof(sock_filter), 'x');
    EXPECT_FALSE(from_memfd(sys::sealed_memfd("bpf", as_bytes(longest)).value()));
}

}  // namespace
}  // namespace bulkhead::sandbox
