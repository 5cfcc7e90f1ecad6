// A network and a bpffs of the test program's own, for tests of what a broker attaches.
#pragma once
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <filesystem>

#include "common/approval/artifact.hpp"
#include "common/crypto/sha256.hpp"
#include "tests/pair/program.hpp"
#include "tests/support/bpf.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {

inline constexpr std::uint32_t kLoopback = 1;
inline constexpr const char* kPins = "/sys/fs/bpf/bulkhead";

// The bytes of a built example: "burn".
inline std::string example(const std::string& name) {
    return content_of(std::string(BULKHEAD_EXAMPLES) + "/" + name + ".o");
}

// Why this host cannot have a network and a bpffs of the tests' own, or "".
inline std::string own_host() {
    if (::geteuid() != 0) return "needs root";
    if (const auto why = in_own_namespaces(); !why.empty()) return why;
    if (::mount("bpf", "/sys/fs/bpf", "bpf", 0, nullptr) != 0) return "no bpffs can be mounted";
    const sys::Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq loopback{};
    std::strcpy(loopback.ifr_name, "lo");
    loopback.ifr_flags = IFF_UP;
    if (::ioctl(any.get(), SIOCSIFFLAGS, &loopback) != 0) return "loopback stays down";
    const auto program = load_program(BPF_PROG_TYPE_XDP, "probe", XDP_PASS);
    return program ? "" : program.error().what;
}

// What netlink shows of this network.
inline std::string network_state() {
    return run({"/bin/sh", "-c",
                "PATH=/usr/sbin:/sbin:/usr/bin:/bin; ip -d link show; ip address show; "
                "tc qdisc show; tc filter show dev lo ingress; tc filter show dev lo egress; "
                "! command -v nft > /dev/null || nft list ruleset"})
        .output;
}

inline bool xdp_is_free() {
    const auto probe = load_program(BPF_PROG_TYPE_XDP, "probe", XDP_PASS).value();
    return link_program(probe, BPF_XDP, kLoopback).has_value();
}

// For any host, XDP on loopback.
inline approval::ArtifactManifest manifest_of(const std::string& elf, const std::string& program) {
    approval::ArtifactManifest made;
    made.id = "test";
    made.author = "bob";
    made.elf_sha256 = crypto::sha256(as_bytes(elf));
    made.elf_size = elf.size();
    made.programs = {{program, approval::ProgramType::xdp, "lo"}};
    made.targets = {{.kind = approval::Target::Kind::any, .label = ""}};
    made.not_before = parse_utc("2020-01-01T00:00:00Z").value();
    made.not_after = parse_utc("2090-01-01T00:00:00Z").value();
    made.ttl = std::chrono::hours(1);
    made.max_cpu_percent = 2;
    made.reason = "a test";
    return made;
}

}  // namespace bulkhead::test
