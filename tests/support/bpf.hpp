// Programs, links and maps of BPF for tests, made by bpf(2), and a network and a bpffs of the test
// program's own to make them in.
#pragma once
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "common/sys/bpf_call.hpp"

namespace bulkhead::test {

// Moves this process, which must have one thread, into a network and a mount namespace of its own.
// Returns why it cannot, or "".
inline std::string in_own_namespaces() {
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
        return std::string("no namespaces of its own: ") + std::strerror(errno);
    }
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return std::string("no mounts of its own: ") + std::strerror(errno);
    }
    return "";
}

// Returns `value` from every run; with `more` before it.
inline Result<sys::Fd> load_program(bpf_prog_type type, std::string_view name, int value,
                                    std::uint32_t attach_type = 0,
                                    std::vector<bpf_insn> code = {}) {
    code.push_back({.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = value});
    code.push_back({.code = BPF_JMP | BPF_EXIT});
    bpf_attr attribute{};
    attribute.prog_type = type;
    attribute.expected_attach_type = attach_type;
    attribute.insns = sys::bpf_address(code.data());
    attribute.insn_cnt = static_cast<std::uint32_t>(code.size());
    attribute.license = sys::bpf_address("GPL");
    std::memcpy(attribute.prog_name, name.data(), std::min<std::size_t>(name.size(), 15));
    return sys::bpf_open(BPF_PROG_LOAD, attribute, "BPF_PROG_LOAD");
}

// `target` is a descriptor, or the index of an interface.
inline Result<sys::Fd> link_program(const sys::Fd& program, std::uint32_t attach_type,
                                    std::uint32_t target) {
    bpf_attr attribute{};
    attribute.link_create.prog_fd = static_cast<std::uint32_t>(program.get());
    attribute.link_create.target_fd = target;
    attribute.link_create.attach_type = attach_type;
    return sys::bpf_open(BPF_LINK_CREATE, attribute, "BPF_LINK_CREATE");
}

// Runs it `times` times on an empty packet (BPF_PROG_TEST_RUN).
inline Result<> run_program(const sys::Fd& program, std::uint32_t times) {
    std::array<char, 64> packet{};
    bpf_attr attribute{};
    attribute.test.prog_fd = static_cast<std::uint32_t>(program.get());
    attribute.test.data_in = sys::bpf_address(packet.data());
    attribute.test.data_size_in = packet.size();
    attribute.test.repeat = times;
    return sys::bpf_call(BPF_PROG_TEST_RUN, attribute, "BPF_PROG_TEST_RUN");
}

inline Result<sys::Fd> make_map(bpf_map_type type, std::string_view name, std::uint32_t value_size,
                                std::uint32_t entries, std::uint32_t key_size = 4,
                                std::uint32_t flags = 0) {
    bpf_attr attribute{};
    attribute.map_type = type;
    attribute.key_size = key_size;
    attribute.value_size = value_size;
    attribute.max_entries = entries;
    attribute.map_flags = flags;
    std::memcpy(attribute.map_name, name.data(), std::min<std::size_t>(name.size(), 15));
    return sys::bpf_open(BPF_MAP_CREATE, attribute, "BPF_MAP_CREATE");
}

// `values` has one for each possible processor, if the map is for each.
inline Result<> put_in_map(const sys::Fd& map, std::uint32_t key, const std::uint64_t* values) {
    bpf_attr attribute{};
    attribute.map_fd = static_cast<std::uint32_t>(map.get());
    attribute.key = sys::bpf_address(&key);
    attribute.value = sys::bpf_address(values);
    return sys::bpf_call(BPF_MAP_UPDATE_ELEM, attribute, "BPF_MAP_UPDATE_ELEM");
}

// A network interface for as long as this lives (a TUN device, Documentation/networking/tuntap).
class Interface {
  public:
    Interface() : tun_(::open("/dev/net/tun", O_RDWR | O_CLOEXEC)) {
        ifreq request{};
        request.ifr_flags = IFF_TAP | IFF_NO_PI;
        if (tun_ && ::ioctl(tun_.get(), TUNSETIFF, &request) == 0) {
            index_ = ::if_nametoindex(request.ifr_name);
        }
    }
    std::uint32_t index() const { return index_; }  // 0: there is none here
    void remove() { tun_.reset(); }

  private:
    sys::Fd tun_;
    std::uint32_t index_ = 0;
};

}  // namespace bulkhead::test
