// eBPF artifacts of this host: what is loaded, what a loader is about to load, what has ended. It
// owns the descriptors that keep programs attached: with the broker they end, but for pinned ones.
//
// One loader runs at a time. An offer is judged and answered at once; how loading went, backends
// that offered the artifact are told. Another manifest of the same id takes the place of a loaded
// one when it is loaded itself; where the kernel takes one program only (XDP), the old one makes
// room first, and comes back if the new one fails. So it does if the guard rolls the new one back.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "broker/artifacts/guard.hpp"
#include "broker/artifacts/loader_port.hpp"
#include "broker/artifacts/pins.hpp"
#include "broker/artifacts/plan.hpp"
#include "broker/artifacts/withdrawn.hpp"
#include "broker/context/context.hpp"
#include "common/admission/admit_artifact.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

// The bytes are ours: they were read of sealed memfds.
struct ArtifactOffer {
    std::string backend;
    protocol::DeliveryId delivery_id;
    std::string elf;
    std::optional<std::string> manifest;
    std::string signatures;
};

class Artifacts {
  public:
    // Tells the worker of a backend.
    using Tell = std::function<void(std::string_view backend, const protocol::ArtifactChanged&)>;
    // Ended ones that are remembered.
    static constexpr std::size_t kMostEnded = protocol::kMaxArtifacts;
    // Between two loaders for one id, unless the second mends what the first has left. The guard
    // has its figures before one that burns can be replaced by another.
    static constexpr std::chrono::seconds kBetweenLoads = Guard::kInterval * (Guard::kStrikes + 1);
    // In the broker's state: filters that were attached by name and may still be there.
    static constexpr std::string_view kFilters = "artifact-filters";

    Artifacts(sys::Loop& loop, Context& broker, sys::Dir state, LoaderPort loader, Tell tell,
              std::chrono::seconds between_loads = kBetweenLoads);
    ~Artifacts();
    Artifacts(const Artifacts&) = delete;
    Artifacts& operator=(const Artifacts&) = delete;

    // Once, when the first policy is in force: adopts what was pinned, removes what an earlier
    // broker left, and has the kernel probed.
    void begin();

    protocol::OfferReply offer(ArtifactOffer offer);
    // Records the refusal of an offer that could not be read.
    protocol::OfferReply refused(const std::string& backend, const protocol::DeliveryId& delivery,
                                 admission::Reason reason, const std::string& detail);
    // Those that `backend` offered; of an empty name all.
    std::vector<protocol::ArtifactStatus> list(std::string_view backend) const;
    const protocol::FeaturesReply& features() const { return features_; }
    // Why no loader can be started; "" if one can.
    std::string unusable() const;

    // Unloads what the policy in force admits no longer.
    void policy_changed();
    // An operator's order. False: no artifact of that id is known.
    bool remove(std::string_view id, const std::string& reason);
    // The broker ends: all that is not pinned ends with it. Filters are removed until idle().
    void stop();
    bool idle() const { return !running_ && queue_.empty(); }

  private:
    struct Loaded {
        ApprovedPtr approved;
        Bringers bringers;
        Held held;
        Facts facts;
        Guard guard;
        UnixTime since, expires;
        std::chrono::seconds expires_up;  // of CLOCK_BOOTTIME, which nobody can set
        Facts last;                       // as the kernel last said
        std::uint64_t drops = 0;
        bool pinned = false;
        ApprovedPtr before;  // the one of the same id that it replaced
    };
    struct Ended {
        protocol::ArtifactStatus status;
        UnixTime not_after;  // of the manifest
        Bringers bringers;
    };
    // What a loader is to do, or is doing: load, remove filters, or probe.
    struct Work {
        ApprovedPtr approved;
        Bringers bringers;
        std::vector<protocol::NamedFilter> remove;
        ApprovedPtr before;  // made room for it already
        std::vector<Place> places;
        std::uint32_t handle = 0;
        std::optional<Taken> taken;
        std::string reason, detail;  // why it failed
        bool busy = false;           // the kernel takes one program only there
        bool at_once = false;        // see kBetweenLoads
        bool coming_back = false;    // it was loaded before
    };

    // --- artifacts_offer.cpp
    admission::ArtifactVerdict judge(const ArtifactOffer& offer);
    admission::ArtifactFacts facts(const ArtifactOffer& offer);
    Result<> record(const Work& work);
    Result<> record_refusal(const ArtifactOffer& offer, const admission::ArtifactVerdict& verdict);
    Result<> keep(const ArtifactOffer& offer, const admission::ArtifactVerdict& verdict);
    // Why policy would not admit it any more, were it offered when it was admitted; else admitted.
    // It is asked of one that is loaded: what time alone ends, its timers end.
    admission::ArtifactVerdict judge_as_admitted(const ApprovedArtifact& artifact) const;
    // The same, were it offered now, by the ledger's floors too.
    admission::ArtifactVerdict judge_now(const ApprovedArtifact& artifact) const;
    admission::ArtifactVerdict judge_again(const ApprovedArtifact& artifact,
                                           const admission::LedgerView& ledger, UnixTime at) const;
    // Why nothing that these brought may begin; empty if it may.
    std::string suspended(const Bringers& bringers) const;

    // --- artifacts_load.cpp
    void enqueue(Work work);
    void give_way(const Work& work);
    void start_soon(sys::Clock::duration delay);
    void start_next();
    Result<> start(Work& work);
    bool answered(LoaderAnswer answer);
    void finished(const std::string& fault);
    void settle(Work work);
    Result<> install(Work& work);
    void failed(const Work& work);
    void come_back(const ApprovedPtr& before, const Bringers& bringers);

    // --- artifacts_filters.cpp
    std::vector<protocol::NamedFilter> filters_for(const Work& work) const;
    std::uint32_t free_handle() const;
    Result<> note_filters(const std::vector<protocol::NamedFilter>& more);
    void forget_filters(const std::vector<protocol::NamedFilter>& gone);
    void forget_unused_filters(const Work& work, const Facts& facts);
    Result<> write_filters();
    void remove_left_filters();
    void remove_filters(std::vector<protocol::NamedFilter> filters);

    // --- artifacts_life.cpp
    void tick();
    void look_at(const std::string& id, const sys::TwoClocks& clocks);
    void adopt(Adopted one);
    void adopt_all();
    void end(const std::string& id, protocol::ArtifactState state, std::string_view reason,
             const std::string& detail);
    void detach(Loaded& one);
    void unpin(const protocol::JobId& id);
    void withdraw(const crypto::Digest& manifest, UnixTime not_after, const std::string& id);
    void count_run_time();
    void schedule();

    // --- artifacts.cpp
    static protocol::ArtifactStatus status_of(const Loaded& one);
    static protocol::ArtifactStatus status_of(const approval::ArtifactManifest& manifest,
                                              protocol::ArtifactState state,
                                              std::string_view reason, std::string_view detail);
    void tell(protocol::ArtifactStatus status, const Bringers& bringers);
    void remember(protocol::ArtifactStatus status, UnixTime not_after, const Bringers& bringers);
    void tell_troubles();
    // What could not be unloaded, or was not found out. All of it is told until the broker is
    // started anew, the newest first, as far as a trouble's text holds it.
    void tell_still_attached(const std::string& what);
    Work* pending(std::string_view id);

    sys::Loop& loop_;
    Context& broker_;
    sys::Dir state_;
    LoaderPort loader_;
    Tell tell_;
    std::chrono::seconds between_loads_;
    std::map<std::string, Loaded, std::less<>> loaded_;  // by id
    std::deque<Ended> ended_;                            // the newest first, each id once
    std::deque<Work> queue_;                             // at most one of each id
    std::optional<Work> running_;
    std::map<std::string, sys::Clock::time_point, std::less<>>
        next_load_;  // by id, see kBetweenLoads
    sys::TimerId start_;
    Result<Withdrawn> withdrawn_;
    std::optional<Pins> pins_;
    std::vector<protocol::NamedFilter> filters_;  // that kFilters has
    std::vector<std::string> still_attached_;     // the newest first
    std::size_t still_untold_ = 0;                // older ones that were dropped from it
    sys::Fd run_time_;                            // see bpf::enable_run_time()
    protocol::FeaturesReply features_;
    sys::TimerId tick_;
    // When guard and drift are looked at next, whatever is loaded and unloaded until then.
    std::optional<sys::Clock::time_point> look_due_;
};

}  // namespace bulkhead::broker
