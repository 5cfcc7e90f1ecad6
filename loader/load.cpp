#include "loader/load.hpp"

#include <fcntl.h>

#include "common/sys/fd.hpp"

namespace bulkhead::loader {

namespace {

// A copy of a descriptor that libbpf owns.
Result<protocol::Handle> copy_of(int fd) {
    protocol::Handle handle;
    handle.fd = sys::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!handle.fd) return sys::fail_errno("copy of a descriptor");
    return handle;
}

}  // namespace

Result<Loaded> Loaded::load(const protocol::LoadArtifact& order, std::string_view& step) {
    Loaded made;
    step = "open";
    TRY(within("elf", sys::require_sealed(order.elf.fd, approval::kMaxElf)));
    made.object_ = TRY(Object::open(TRY(sys::read_from_start(order.elf.fd, approval::kMaxElf))));
    TRY(made.object_.hold_against(order.programs.items));
    step = "rodata";
    TRY(made.object_.set_rodata(order.rodata.items));
    step = "load";
    TRY(made.object_.load());
    step = "attach";
    auto handle = order.filter_handle;
    for (const auto& plan : order.programs.items) {
        const int program = bpf_program__fd(made.object_.program(plan.name.str()));
        made.attached_.push_back(TRY(within(plan.name.str(), attach(plan, program, handle++))));
        made.programs_.push_back(plan.name.str());
    }
    return made;
}

Result<protocol::ArtifactLoaded> Loaded::described() const {
    protocol::ArtifactLoaded loaded;
    for (std::size_t i = 0; i < attached_.size(); ++i) {
        auto& one = loaded.programs.items.emplace_back();
        one.program = TRY(copy_of(bpf_program__fd(object_.program(programs_[i]))));
        if (attached_[i].link()) one.link = TRY(copy_of(attached_[i].link().get()));
        one.filter = attached_[i].filter();
    }
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object_.get()) {
        auto& one = loaded.maps.items.emplace_back();
        one.name = TRY(protocol::Name::create(bpf_map__name(map)));
        one.map = TRY(copy_of(bpf_map__fd(map)));
    }
    return loaded;
}

void Loaded::let_stay() {
    for (auto& one : attached_) one.let_filter_stay();
}

}  // namespace bulkhead::loader
