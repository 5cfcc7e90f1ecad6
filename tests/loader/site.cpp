#include "tests/loader/site.hpp"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "common/base/parse.hpp"
#include "common/policy/load.hpp"
#include "common/protocol/codec.hpp"
#include "common/sandbox/landlock.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/exec.hpp"
#include "tests/loader/only_calls.hpp"
#include "tests/support/files.hpp"
#include "tests/support/own_network.hpp"

namespace bulkhead::test {

namespace {

constexpr int kPatience = 60'000;  // milliseconds without progress; a machine under load is slow

struct Walls {
    policy::Policy policy = policy::load(BULKHEAD_POLICY, policy::Trust::caller).value();
    const policy::Profile& profile = policy.part("loader");
    sandbox::Filter filter = sandbox::compile(policy.seccomp.at(profile.seccomp)).value();
};

const Walls& walls() {
    static const Walls all;
    return all;
}

std::optional<sandbox::Filter> other_filter;

template <class Order>
void give_walls(Order& order) {
    order.seccomp.fd = sandbox::to_memfd(other_filter.value_or(walls().filter)).value();
    auto ruleset = sandbox::make_ruleset(
        {.paths = walls().profile.paths, .tcp_connect = std::span<const std::uint16_t>()},
        sandbox::landlock_abi());
    if (ruleset.value()) order.landlock.emplace(*std::move(*ruleset));
}

template <class Event>
void send(const link::Channel& channel, const Event& event) {
    const auto frame = protocol::encode(Event::spec.id, 0, event).value();
    static_cast<void>(channel.send(frame.bytes, frame.descriptors));
}

template <class Message>
bool take(link::Packet& packet, std::optional<Message>& into) {
    const auto header = protocol::decode_header(packet.bytes);
    if (!header || header->id != Message::spec.id) return false;
    auto message = protocol::decode<Message>(packet.bytes, packet.descriptors);
    if (message) into = *std::move(message);
    return message.has_value();
}

void reply(const link::Channel& channel, const link::Packet& packet) {
    const auto header = protocol::decode_header(packet.bytes).value();
    const protocol::LoaderReply reply{.status = protocol::Status::done};
    const auto frame = protocol::encode(header.id, header.serial, reply).value();
    static_cast<void>(channel.send(frame.bytes, frame.descriptors));
}

[[noreturn]] void become(const std::string& program, std::vector<std::string> arguments,
                         int channel, const std::function<void()>& before_exec) {
    arguments.insert(arguments.begin(), "bulkhead-loader");
    const sys::Argv argv(std::move(arguments));
    const sys::Argv environment({});
    const int file = ::open(program.c_str(), O_RDONLY | O_CLOEXEC);
    const auto placed = sys::place_descriptors(
        std::array{sys::Placed{}, sys::Placed{STDOUT_FILENO}, sys::Placed{STDERR_FILENO},
                   sys::Placed{channel}, sys::Placed{file, false}});
    if (!placed) ::_exit(120);
    before_exec();
    if (!sandbox::assume_ids(
            {.user = {65534, 65534}, .groups = {}, .capabilities = walls().profile.capabilities})) {
        ::_exit(121);
    }
    ::fexecve(4, argv.get(), environment.get());
    ::_exit(122);
}

// Processor time that it has used, in clock ticks (proc(5), /proc/PID/stat: utime and stime).
std::uint64_t ticks_of(pid_t pid) {
    const auto stat = content_of("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream fields(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
    std::string skipped;
    for (int i = 3; i < 14; ++i) fields >> skipped;
    std::uint64_t user = 0, system = 0;
    fields >> user >> system;
    return user + system;
}

// Waits for its answer as long as it gets on: on an emulated processor the verifier takes minutes
// for what takes seconds elsewhere. One that never ends meets the limit of the test program.
bool will_answer(int channel, pid_t pid) {
    pollfd wait{.fd = channel, .events = POLLIN, .revents = 0};
    auto before = ticks_of(pid);
    for (;;) {
        if (::poll(&wait, 1, kPatience) == 1) return true;
        const auto now = ticks_of(pid);
        if (now == before) return false;
        before = now;
    }
}

}  // namespace

std::string example(const std::string& name) {
    return content_of(std::string(BULKHEAD_EXAMPLES) + "/" + name + ".o");
}
std::string object(const std::string& name) {
    return content_of(std::string(BULKHEAD_OBJECTS) + "/" + name + ".o");
}

std::string Answer::words() const {
    if (loaded) return "loaded";
    if (probed) return "probed";
    if (!failed) return "silent, status " + std::to_string(status);
    return failed->step.str() + ": " + std::to_string(failed->error) + ": " + failed->what.str();
}

OnlyCalls::OnlyCalls(std::span<const std::string_view> calls) {
    auto list = walls().policy.seccomp.at(walls().profile.seccomp);
    std::erase_if(list.rules, [&](const policy::SyscallRule& rule) {
        return rule.action.kind == policy::SyscallAction::allow &&
               std::ranges::find(calls, rule.call) == calls.end();
    });
    other_filter = sandbox::compile(list).value();
}
OnlyCalls::~OnlyCalls() { other_filter.reset(); }

Loader::Loader(const std::string& program, const std::vector<std::string>& arguments,
               std::function<void()> before_exec) {
    static_cast<void>(walls());
    auto [ours, theirs] = link::Channel::pair().value();
    child_.emplace(sandbox::Child::start(0, -1, [&, fd = theirs.fd()] {
                       become(program, arguments, fd, before_exec);
                   }).value());
    channel_.emplace(std::move(ours));
}

void Loader::send_load(const std::string& elf, const std::vector<Plan>& plans, const Values& values,
                       bool sealed) {
    protocol::LoadArtifact order;
    give_walls(order);
    if (sealed) {
        order.elf.fd = sys::sealed_memfd("artifact", as_bytes(elf)).value();
    } else {
        order.elf.fd = sys::Fd(::memfd_create("artifact", MFD_CLOEXEC));
        static_cast<void>(sys::write_all(order.elf.fd, as_bytes(elf)));
    }
    for (const auto& plan : plans) {
        auto& one = order.programs.items.emplace_back();
        one.name = protocol::Name::clipped(plan.name);
        one.type = plan.type;
        one.attach = protocol::Label::clipped(plan.attach);
        const bool on_interface = plan.type == approval::ProgramType::xdp ||
                                  plan.type == approval::ProgramType::tc_ingress ||
                                  plan.type == approval::ProgramType::tc_egress;
        if (on_interface) one.interface = kLoopback;
        if (plan.cgroup >= 0) one.cgroup.emplace(sys::Fd(::dup(plan.cgroup)));
    }
    for (const auto& [name, hex] : values) {
        order.rodata.items.push_back(
            {.name = protocol::Name::clipped(name), .hex = BoundaryText<16>::clipped(hex)});
    }
    send(*channel_, order);
}

void Loader::reply_beforehand() {
    const protocol::LoaderReply reply{.status = protocol::Status::done};
    const auto frame = protocol::encode(protocol::ArtifactLoaded::spec.id, 1, reply).value();
    static_cast<void>(channel_->send(frame.bytes, frame.descriptors));
}

Answer Loader::answer() {
    Answer answer;
    if (will_answer(channel_->fd(), child_->pid())) {
        auto packet = channel_->receive();
        if (packet && *packet) {
            static_cast<void>(take(**packet, answer.loaded) || take(**packet, answer.failed) ||
                              take(**packet, answer.probed));
            reply(*channel_, **packet);
        }
    } else {
        child_->kill();
    }
    const auto ended = child_->reap();
    answer.status = ended.status;
    answer.peak_kib = ended.usage.ru_maxrss;
    return answer;
}

Answer Loader::load(const std::string& elf, const std::vector<Plan>& plans, const Values& values) {
    send_load(elf, plans, values);
    return answer();
}

Answer Loader::remove(const std::vector<protocol::NamedFilter>& filters) {
    protocol::ProbeKernel order;
    give_walls(order);
    order.remove.items = filters;
    send(*channel_, order);
    return answer();
}

void LoaderTest::SetUp() {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    static const auto entered = enter_own_network();
    if (!entered) GTEST_SKIP() << entered.error().what;
    const std::uint64_t needed = walls().profile.capabilities;
    if ((sandbox::reachable_capabilities() & needed) != needed)
        GTEST_SKIP() << "this root has not the loader's capabilities";
}

void send_packet() {
    const sys::Fd from(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to{.sin_family = AF_INET,
                         .sin_port = htons(9),
                         .sin_addr = {htonl(INADDR_LOOPBACK)},
                         .sin_zero = {}};
    ::sendto(from.get(), "packet", 6, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

std::uint64_t count_in(const protocol::ArtifactLoaded& loaded, const std::string& map) {
    for (const auto& one : loaded.maps.items) {
        if (one.name.str() != map) continue;
        std::vector<std::uint64_t> values(static_cast<std::size_t>(::libbpf_num_possible_cpus()));
        const std::uint32_t key = 0;
        ::bpf_map_lookup_elem(one.map.fd.get(), &key, values.data());
        std::uint64_t sum = 0;
        for (const auto value : values) sum += value;
        return sum;
    }
    return ~std::uint64_t{0};
}

std::string attached_now() {
    std::string all;
    for (const char* command : {"ip -d link show", "ip address show", "tc qdisc show",
                                "tc filter show dev lo ingress", "tc filter show dev lo egress"}) {
        const auto run = "PATH=/usr/sbin:/sbin:/usr/bin:/bin " + std::string(command) + " 2>&1";
        FILE* const out = ::popen(run.c_str(), "r");
        char line[512];
        while (std::fgets(line, sizeof line, out) != nullptr) all += line;
        ::pclose(out);
    }
    return all;
}

}  // namespace bulkhead::test
