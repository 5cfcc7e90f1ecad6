// Filters that are attached by name where a kernel has no link for TC (before 6.6). They outlive
// everybody, so they are written down before they can be there, and a loader removes them.
#include <algorithm>
#include <cerrno>

#include "broker/artifacts/artifacts.hpp"
#include "common/protocol/codec.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::uint32_t kHandles = approval::kMaxPrograms;  // for one artifact
constexpr std::size_t kMostFilters = protocol::kMaxArtifacts * 2 * kHandles;

// Filters that may be there, as one payload in the file kFilters.
struct FilterFile {
    protocol::Bounded<protocol::NamedFilter, kMostFilters> filters;
    static constexpr auto fields = std::tuple{protocol::field("filters", &FilterFile::filters)};
};

bool same(const protocol::NamedFilter& a, const protocol::NamedFilter& b) {
    return a.interface == b.interface && a.egress == b.egress && a.handle == b.handle &&
           a.priority == b.priority;
}

}  // namespace

// Writes down those that may be there from now on, beside the ones that may already. After an error
// none may be attached.
Result<> Artifacts::note_filters(const std::vector<protocol::NamedFilter>& more) {
    if (more.empty()) return {};
    if (filters_.size() + more.size() > kMostFilters) {
        return fail("too many filters could not be removed: tc filter show");
    }
    filters_.insert(filters_.end(), more.begin(), more.end());
    return within("the record of filters", write_filters());
}

// A kernel with tcx makes links in their place.
void Artifacts::forget_unused_filters(const Work& work, const Facts& facts) {
    auto planned = filters_for(work);
    const auto is_used = [&](const protocol::NamedFilter& one) {
        return std::ranges::any_of(facts.programs.items, [&](const ProgramFacts& program) {
            return program.filter && same(*program.filter, one);
        });
    };
    std::erase_if(planned, is_used);
    forget_filters(planned);
}

Result<> Artifacts::write_filters() {
    FilterFile file;
    file.filters.items = filters_;
    const auto frame = protocol::encode(1, 0, file);
    const auto written = filters_.empty() ? state_.remove_file(kFilters)
                         : frame ? state_.write_atomic(kFilters, as_text(frame->bytes), 0600)
                                 : Result<>(std::unexpected(frame.error()));
    broker_.log.check(written, "artifact-filters-failed");
    return written;
}

// Of an earlier broker, whose programs ended with it but for these. On this boot or another: a
// filter that is not there is none to remove. Those of what was adopted stay.
void Artifacts::remove_left_filters() {
    const auto text = state_.read_file(kFilters, 64_KiB);
    if (!text && text.error().code == ENOENT) return;
    const auto read = [&]() -> Result<FilterFile> {
        const auto bytes = TRY(text);
        TRY(protocol::decode_header(as_bytes(bytes)));
        std::vector<sys::Fd> none;
        return protocol::decode<FilterFile>(as_bytes(bytes), none);
    };
    auto file = read();
    if (!broker_.log.check(file ? Result<>() : std::unexpected(file.error()),
                           "artifact-filters-failed")) {
        return tell_still_attached("filters of artifacts may be left that nobody knows: " +
                                   file.error().what);
    }
    filters_ = std::move(file->filters.items);
    auto left = filters_;
    for (const auto& [id, one] : loaded_) {
        for (const auto& program : one.facts.programs.items) {
            std::erase_if(left, [&](const auto& row) {
                return program.filter && same(*program.filter, row);
            });
        }
    }
    remove_filters(std::move(left));
}

void Artifacts::remove_filters(std::vector<protocol::NamedFilter> filters) {
    for (std::size_t i = 0; i < filters.size(); i += kHandles) {
        Work work;
        const auto last = std::min(filters.size(), i + kHandles);
        work.remove.assign(filters.begin() + static_cast<std::ptrdiff_t>(i),
                           filters.begin() + static_cast<std::ptrdiff_t>(last));
        queue_.push_back(std::move(work));
    }
    if (!filters.empty()) start_soon({});
}

// Filters that a loader may leave: none where the kernel is known to have links for TC.
std::vector<protocol::NamedFilter> Artifacts::filters_for(const Work& work) const {
    const auto has_tcx = [](const protocol::KernelFeature& one) {
        return one.name.str() == "tcx" && one.works;
    };
    if (std::ranges::any_of(features_.features.items, has_tcx)) return {};
    if (work.places.empty()) return {};
    return filters_of(work.approved->manifest, work.places, work.handle);
}

// The first of kHandles that no filter of ours has.
std::uint32_t Artifacts::free_handle() const {
    std::uint32_t handle = 1;
    const auto is_taken = [&](const protocol::NamedFilter& one) {
        return one.handle >= handle && one.handle < handle + kHandles;
    };
    while (std::ranges::any_of(filters_, is_taken)) handle += kHandles;
    return handle;
}

// They are gone, or never were.
void Artifacts::forget_filters(const std::vector<protocol::NamedFilter>& gone) {
    if (gone.empty()) return;
    std::erase_if(filters_, [&](const auto& one) {
        return std::ranges::any_of(gone, [&](const auto& row) { return same(row, one); });
    });
    // One that is still in the record after an error is removed twice.
    static_cast<void>(write_filters());
}

}  // namespace bulkhead::broker
