// Compiles egress rules to BPF: for each rule comparisons, and the return of its decision if all of
// them match. The first rule that matches decides.
#include <arpa/inet.h>

#include <cstddef>
#include <cstring>

#include "common/sandbox/egress.hpp"

namespace bulkhead::sandbox {

namespace {

using policy::Address;

// Registers 6 to 9 hold the destination as an IPv6 address in network byte order; an IPv4 address
// is mapped (RFC 4291, section 2.5.5.2).
constexpr std::uint8_t kFirstWord = BPF_REG_6;
constexpr std::uint8_t kPort = BPF_REG_2;
constexpr std::uint8_t kScratch = BPF_REG_1;
constexpr std::uint32_t kNoPort = 0;

class Compiler {
  public:
    std::vector<bpf_insn> run(const EgressRules& rules, bool six) {
        load(six);
        const auto nets = policy::special_nets();
        for (const auto& server : rules.name_servers) {
            when(server, 128, policy::kNamePort, true);
        }
        for (const auto& row : rules.rows) {
            if (policy::special_of(row, nets) == nullptr) continue;
            when(row.network, row.prefix, row.port, true);
        }
        for (const auto& net : nets) when(net.network, net.prefix, kNoPort, false);
        for (const auto& row : rules.rows) {
            if (policy::special_of(row, nets) != nullptr) continue;
            when(row.network, row.prefix, row.port, true);
        }
        verdict(false);
        return std::move(code_);
    }
    static std::vector<bpf_insn> refusal() {
        Compiler compiler;
        compiler.verdict(false);
        return std::move(compiler.code_);
    }

  private:
    void put(unsigned code, unsigned to, std::int32_t value, unsigned from = 0, int offset = 0) {
        code_.push_back({.code = static_cast<std::uint8_t>(code),
                         .dst_reg = static_cast<std::uint8_t>(to & 0xf),
                         .src_reg = static_cast<std::uint8_t>(from & 0xf),
                         .off = static_cast<std::int16_t>(offset),
                         .imm = value});
    }
    void set(unsigned to, std::uint32_t value) {
        put(BPF_ALU | BPF_MOV | BPF_K, to, static_cast<std::int32_t>(value));
    }
    void load_field(unsigned to, std::size_t offset) {
        put(BPF_LDX | BPF_MEM | BPF_W, to, 0, BPF_REG_1, static_cast<int>(offset));
    }

    void load(bool six) {
        load_field(kPort, offsetof(bpf_sock_addr, user_port));
        if (six) {
            for (unsigned i = 0; i < 4; ++i) {
                load_field(kFirstWord + i, offsetof(bpf_sock_addr, user_ip6) + 4 * i);
            }
            return;
        }
        load_field(kFirstWord + 3, offsetof(bpf_sock_addr, user_ip4));
        set(kFirstWord, 0);
        set(kFirstWord + 1, 0);
        set(kFirstWord + 2, htonl(0xffff));
    }

    void verdict(bool allowed) {
        set(BPF_REG_0, allowed ? 1 : 0);
        put(BPF_JMP | BPF_EXIT, 0, 0);
    }

    void unless_equal(unsigned reg, std::uint32_t value) {
        jumps_.push_back(code_.size());
        put(BPF_JMP32 | BPF_JNE | BPF_K, reg, static_cast<std::int32_t>(value));
    }

    // Returns `allowed` if the destination matches. A comparison that fails jumps over the return,
    // a few instructions, so every jump offset fits into 16 bits.
    void when(const Address& network, unsigned prefix, std::uint32_t port, bool allowed) {
        jumps_.clear();
        if (port != kNoPort) unless_equal(kPort, htons(static_cast<std::uint16_t>(port)));
        // The last words are compared first, because they differ more often.
        for (unsigned i = 4; i-- > 0;) {
            if (prefix <= 32 * i) continue;
            std::uint32_t word = 0;
            std::memcpy(&word, network.data() + 4 * i, sizeof word);
            const auto bits = prefix - 32 * i;
            if (bits >= 32) {
                unless_equal(kFirstWord + i, word);
                continue;
            }
            put(BPF_ALU | BPF_MOV | BPF_X, kScratch, 0, kFirstWord + i);
            put(BPF_ALU | BPF_AND | BPF_K, kScratch,
                static_cast<std::int32_t>(htonl(~std::uint32_t{0} << (32 - bits))));
            unless_equal(kScratch, word);
        }
        verdict(allowed);
        for (const auto at : jumps_) {
            code_[at].off = static_cast<std::int16_t>(code_.size() - at - 1);
        }
    }

    std::vector<bpf_insn> code_;
    std::vector<std::size_t> jumps_;  // indices of the current rule's jumps
};

}  // namespace

std::vector<bpf_insn> compile_egress(const EgressRules& rules, bpf_attach_type call) {
    switch (call) {
        case BPF_CGROUP_INET4_CONNECT:
        case BPF_CGROUP_UDP4_SENDMSG:
            return Compiler().run(rules, false);
        case BPF_CGROUP_INET6_CONNECT:
        case BPF_CGROUP_UDP6_SENDMSG:
            return Compiler().run(rules, true);
        default:
            return Compiler::refusal();
    }
}

}  // namespace bulkhead::sandbox
