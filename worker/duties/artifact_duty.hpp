// Fetches the eBPF artifacts that the backend assigns to this host, hands each to the broker with
// its approval, and tells what comes of them. Whether one is loaded is the broker's decision.
//
// An artifact stays as long as its manifest says (ttl). If it is still assigned then it is offered
// again, so that the backend renews it by assigning it. One that is assigned no longer is told and
// left to its ttl: a backend can withdraw no protection before the time that approvers signed.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "worker/backend/json/json.hpp"
#include "worker/broker/client.hpp"
#include "worker/duties/artifact_offer.hpp"
#include "worker/duties/artifact_reports.hpp"
#include "worker/duties/host_facts.hpp"
#include "worker/duties/telemetry.hpp"
#include "worker/state/artifact_store.hpp"

namespace bulkhead::worker {

class ArtifactDuty {
  public:
    // `sink` may be null: there is no telemetry. `records` are of an earlier worker.
    ArtifactDuty(const DutyContext& context, const ArtifactDialect& dialect, BrokerClient& broker,
                 const ArtifactStore& store, std::vector<ArtifactRecord> records,
                 const HostFacts& facts, TelemetrySink* sink);

    // All that the backend assigns at present. One is fetched after the other.
    void assigned(std::vector<AssignedArtifact> all);
    void changed(const protocol::ArtifactStatus& status);
    // Nothing is fetched any more, and the backend is told nothing.
    void stop();
    // The same for ever: nothing is known of any artifact, and telemetry is told nothing either.
    void forget_all();

    // For `bulkhead status`: members of the backend's object.
    void describe(JsonWriter& json) const;
    // What stands between this duty and its next success.
    void tell(std::vector<Trouble>& all) const;

  private:
    struct Entry {
        explicit Entry(const Random& random) : backoff(random) {}
        std::optional<AssignedArtifact> assigned;  // empty: it is not, or not any more
        std::optional<ArtifactRecord> record;
        std::optional<protocol::ArtifactStatus> live;   // as the broker last told it
        sys::Clock::time_point not_before{};            // of the next try, after one that failed
        std::optional<sys::Clock::time_point> offered;  // by this worker
        Backoff backoff;
        bool agent_stops = false;  // this broker ended it as it ends itself, and takes no offer
        DutyTrouble trouble;       // of fetching
    };
    // What is under way: of one artifact at a time.
    struct Work {
        AssignedArtifact artifact;
        bool approval_only = false;  // to see whether that is another than the last one
        std::vector<Exchange<Found>> places;
        std::size_t place = 0;
        SignatureCheck signature;
        Bundle bundle;
    };
    enum class Due { no, bundle, approval };

    Due due(const Entry& entry) const;
    Due due_again(const Entry& entry) const;
    void forget_unassigned();
    bool still_wanted() const;
    void next();
    void begin(const AssignedArtifact& artifact, bool approval_only);
    void ask_bundle();
    void on_bundle(Answer<Found> answer);
    void take_bundle(std::string_view bytes);
    void ask_approval();
    void on_approval(Answer<Found> answer);
    void offer(std::string_view approval, bool inside);
    void failed(const std::string& why, std::optional<std::chrono::seconds> retry_after = {});
    void unusable(std::string_view code, const std::string& detail);
    void settle(ArtifactRecord record);
    void done();

    Entry& entry_of(const std::string& id);
    std::vector<Entry*> entries_of(const protocol::ArtifactStatus& status);
    void change(Entry& entry, const protocol::ArtifactStatus& status);
    ArtifactRecord new_record(std::string state, std::string_view reason, std::string detail) const;
    void keep(const ArtifactRecord& record);
    void report(const Entry& entry);
    void tell_telemetry(const Entry& entry);
    Result<> read_live();
    void watch_figures();
    void on_figures();
    void tell_loaded();

    const DutyContext& context_;
    const ArtifactDialect& dialect_;
    BrokerClient& broker_;
    const ArtifactStore& store_;
    const HostFacts& facts_;
    TelemetrySink* sink_;
    ArtifactReports reports_;
    std::map<std::string, Entry, std::less<>> entries_;  // by the backend's id
    std::optional<Work> work_;
    std::string last_;  // whose turn it was
    bool stopped_ = false;
    bool live_known_ = false;  // the broker was asked once what is loaded
    sys::TimerId figures_timer_;
    bool figures_watched_ = false;
    unsigned figures_ = 0;  // how often they were read
};

}  // namespace bulkhead::worker
