#include "broker/artifacts/plan.hpp"

#include <linux/bpf.h>
#include <net/if.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

namespace {

using approval::AttachKind, approval::ProgramType;

bool is_tc(ProgramType type) {
    return type == ProgramType::tc_ingress || type == ProgramType::tc_egress;
}

// What the kernel says of a program of a type, and of its link (enum bpf_prog_type, bpf_link_type,
// bpf_attach_type in linux/bpf.h).
struct Kind {
    ProgramType type;
    std::uint32_t program;
    std::uint32_t link;
    std::uint32_t attach;  // where the kernel tells it
};
constexpr Kind kKinds[] = {
    {ProgramType::xdp, BPF_PROG_TYPE_XDP, BPF_LINK_TYPE_XDP, 0},
    {ProgramType::tc_ingress, BPF_PROG_TYPE_SCHED_CLS, bpf::kLinkTcx, bpf::kTcxIngress},
    {ProgramType::tc_egress, BPF_PROG_TYPE_SCHED_CLS, bpf::kLinkTcx, bpf::kTcxEgress},
    {ProgramType::cgroup_connect4, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_LINK_TYPE_CGROUP,
     BPF_CGROUP_INET4_CONNECT},
    {ProgramType::cgroup_connect6, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_LINK_TYPE_CGROUP,
     BPF_CGROUP_INET6_CONNECT},
    {ProgramType::cgroup_ingress, BPF_PROG_TYPE_CGROUP_SKB, BPF_LINK_TYPE_CGROUP,
     BPF_CGROUP_INET_INGRESS},
    {ProgramType::cgroup_egress, BPF_PROG_TYPE_CGROUP_SKB, BPF_LINK_TYPE_CGROUP,
     BPF_CGROUP_INET_EGRESS},
    {ProgramType::lsm, BPF_PROG_TYPE_LSM, BPF_LINK_TYPE_TRACING, BPF_LSM_MAC},
    {ProgramType::fentry, BPF_PROG_TYPE_TRACING, BPF_LINK_TYPE_TRACING, BPF_TRACE_FENTRY},
    {ProgramType::fexit, BPF_PROG_TYPE_TRACING, BPF_LINK_TYPE_TRACING, BPF_TRACE_FEXIT},
    {ProgramType::kprobe, BPF_PROG_TYPE_KPROBE, BPF_LINK_TYPE_PERF_EVENT, 0},
};

const Kind* kind_of(ProgramType type) {
    const auto* kind = std::ranges::find(kKinds, type, &Kind::type);
    return kind == std::end(kKinds) ? nullptr : kind;
}

// Beneath the mount of cgroup2 and through no symlink: the path comes from who signed.
Result<protocol::Handle> open_cgroup(const std::string& path, const std::string& root) {
    const auto tree = TRY(sys::Dir::open(root));
    const auto relative = path.find_first_not_of('/');
    const auto dir = TRY(tree.open_dir(relative == path.npos ? "." : path.substr(relative)));
    return protocol::Handle{TRY(dir.duplicate())};
}

std::string hex(const std::string& bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text += kDigits[value >> 4];
        text += kDigits[value & 0xf];
    }
    return text;
}

Result<> require(bool same, const std::string& what) {
    return same ? Result<>() : fail(what, Error::Kind::differs);
}

Result<> require_link(const bpf::LinkInfo& link, const bpf::ProgramInfo& program, const Kind& kind,
                      const Place& place) {
    TRY(require(link.type == kind.link, "its link is of type " + std::to_string(link.type)));
    TRY(require(link.program_id == program.id, "its link is another program's"));
    TRY(require(link.interface == place.interface,
                "its link is to interface " + std::to_string(link.interface)));
    TRY(require(link.cgroup == place.cgroup, "its link is to another cgroup"));
    const bool tells = kind.link != BPF_LINK_TYPE_XDP && kind.link != BPF_LINK_TYPE_PERF_EVENT;
    return require(!tells || link.attach_type == kind.attach,
                   "its link is attached as " + std::to_string(link.attach_type));
}

bool same(const protocol::NamedFilter& a, const protocol::NamedFilter& b) {
    return a.interface == b.interface && a.egress == b.egress && a.handle == b.handle &&
           a.priority == b.priority;
}

protocol::NamedFilter filter_for(const approval::ArtifactProgram& program, const Place& place,
                                 std::uint32_t handle) {
    return {.interface = place.interface,
            .egress = program.type == ProgramType::tc_egress,
            .handle = handle,
            .priority = protocol::kFilterPriority};
}

Result<ProgramFacts> facts_of(const protocol::LoadedProgram& loaded,
                              const approval::ArtifactProgram& program, const Place& place,
                              std::uint32_t handle) {
    const auto* kind = kind_of(program.type);
    if (kind == nullptr) return fail("it is of no known type");
    ProgramFacts facts;
    facts.name = TRY(protocol::Name::create(program.name));
    facts.program = TRY(bpf::program_info(loaded.program.fd));
    TRY(require(facts.program.type == kind->program,
                "it is of type " + std::to_string(facts.program.type)));
    TRY(require(facts.program.name.str() == bpf::kernel_name(program.name).str(),
                "it is named " + quoted(facts.program.name.str())));
    TRY(require(loaded.link.has_value() != loaded.filter.has_value(), "it has not one attachment"));
    if (loaded.filter) {
        TRY(require(is_tc(program.type) && same(*loaded.filter, filter_for(program, place, handle)),
                    "its filter is not the one that was planned"));
        facts.filter = loaded.filter;
        return facts;
    }
    facts.link = TRY(bpf::link_info(loaded.link->fd));
    TRY(require_link(*facts.link, facts.program, *kind, place));
    return facts;
}

}  // namespace

Result<LoadPlan> plan_load(const ApprovedArtifact& artifact, std::uint32_t filter_handle,
                           const std::string& cgroups) {
    LoadPlan plan;
    plan.frame.elf.fd = TRY(artifact.elf.duplicate());
    plan.frame.filter_handle = filter_handle;
    for (const auto& program : artifact.manifest.programs) {
        auto& row = plan.frame.programs.items.emplace_back();
        auto& place = plan.places.emplace_back();
        row.name = TRY(protocol::Name::create(program.name));
        row.type = program.type;
        switch (approval::attach_kind(program.type)) {
            case AttachKind::interface:
                row.interface = place.interface = ::if_nametoindex(program.attach.c_str());
                if (row.interface == 0) {
                    return fail("this host has no network interface " + quoted(program.attach),
                                Error::Kind::not_there);
                }
                break;
            case AttachKind::cgroup: {
                row.cgroup = TRY(within("cgroup", open_cgroup(program.attach, cgroups)));
                struct stat info {};
                TRY(sys::check(::fstat(row.cgroup->fd.get(), &info), "fstat"));
                place.cgroup = info.st_ino;
                break;
            }
            case AttachKind::function:
                row.attach = TRY(protocol::Label::create(program.attach));
        }
    }
    for (const auto& one : artifact.manifest.rodata) {
        auto& row = plan.frame.rodata.items.emplace_back();
        row.name = TRY(protocol::Name::create(one.name));
        row.hex = TRY(decltype(row.hex)::create(hex(one.bytes)));
    }
    return plan;
}

std::vector<protocol::NamedFilter> filters_of(const approval::ArtifactManifest& manifest,
                                              const std::vector<Place>& places,
                                              std::uint32_t filter_handle) {
    std::vector<protocol::NamedFilter> filters;
    for (std::size_t i = 0; i < manifest.programs.size(); ++i) {
        if (!is_tc(manifest.programs[i].type)) continue;
        filters.push_back(filter_for(manifest.programs[i], places[i],
                                     filter_handle + static_cast<std::uint32_t>(i)));
    }
    return filters;
}

Result<Taken> take_as_approved(protocol::ArtifactLoaded answer,
                               const approval::ArtifactManifest& manifest,
                               const std::vector<Place>& places, std::uint32_t filter_handle) {
    auto& programs = answer.programs.items;
    TRY(require(programs.size() == manifest.programs.size(),
                std::to_string(programs.size()) + " programs came, the manifest has " +
                    std::to_string(manifest.programs.size())));
    Taken taken;
    std::set<std::uint32_t> ids;
    for (std::size_t i = 0; i < programs.size(); ++i) {
        const auto& name = manifest.programs[i].name;
        auto facts =
            TRY(within("program " + name, facts_of(programs[i], manifest.programs[i], places[i],
                                                   filter_handle + static_cast<unsigned>(i))));
        if (facts.link) {
            TRY(require(ids.insert(facts.link->id).second, "one link came for two programs"));
        }
        taken.facts.programs.items.push_back(std::move(facts));
        auto& held = taken.held.programs.emplace_back();
        held.program = std::move(programs[i].program.fd);
        if (programs[i].link) held.link = std::move(programs[i].link->fd);
    }
    bool drops = manifest.drops_map.empty();
    for (auto& one : answer.maps.items) {
        auto info = TRY(within("map " + quoted(one.name.str()), bpf::map_info(one.map.fd)));
        drops = drops || (one.name.str() == manifest.drops_map &&
                          info.name.str() == bpf::kernel_name(manifest.drops_map).str());
        taken.facts.maps.items.push_back({.name = one.name, .map = std::move(info)});
        taken.held.maps.push_back(std::move(one.map.fd));
    }
    TRY(require(drops, "it has no map " + quoted(manifest.drops_map)));
    return taken;
}

}  // namespace bulkhead::broker
