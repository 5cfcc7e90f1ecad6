#include "tests/cli/live_broker.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/approval/signed_script.hpp"
#include "common/base/strong.hpp"
#include "common/sandbox/landlock.hpp"
#include "tests/broker/records/samples.hpp"

namespace bulkhead::test {

namespace {

protocol::Handle sealed(std::string_view bytes) {
    return {sys::sealed_memfd("part", as_bytes(bytes)).value()};
}

template <class Request>
Request request_for(const Offer& offer) {
    Request request;
    request.delivery_id.value = protocol::Label::create(offer.delivery).value();
    request.streams = protocol::Streams::merged;
    for (const auto& [name, value] : offer.params) {
        request.params.items.push_back({.name = protocol::Name::create(name).value(),
                                        .value = protocol::Detail::create(value).value()});
    }
    return request;
}

// As a dry run assumes it: born before any job was approved.
records::Ledger old_ledger(const TempDir& state) {
    const auto dir = state.open();
    const auto file = records::file_of({records::clock_record(1, UnixTime(std::chrono::hours(1)))});
    if (!dir.write_atomic("ledger", file, 0600)) throw std::runtime_error("cannot write a ledger");
    return records::Ledger::open(dir, sys::now()).value();
}

}  // namespace

LiveBroker::LiveBroker(const std::string& policy_directory)
    : log_("broker", STDERR_FILENO, sys::Log::Form::text, sys::Level::error),
      loop_(sys::Loop::create().value()),
      cgroups_(broker::CgroupTree::create("test-" + std::to_string(::getpid())).value()),
      ledger_(old_ledger(state_)),
      audit_(records::Audit::open(logs_.open()).value()),
      evidence_(records::Evidence::open(state_.open()).value()),
      jobs_(loop_, cgroups_, ledger_, audit_, log_,
            [this](JobNumber number, const protocol::JobEnd&) { ended_ = number; }),
      context_{.policy = broker::ReadyPolicy::load(policy_directory).value(),
               .ledger = ledger_,
               .audit = audit_,
               .evidence = evidence_,
               .jobs = jobs_,
               .log = log_,
               .intake = broker::Intake(state_.path()),
               .missing = {},
               .landlock_abi = sandbox::landlock_abi(),
               .policy_directory = policy_directory} {
    context_.ceiling.capabilities = sandbox::kAllCapabilities;
}

std::string LiveBroker::answer(const auto& request, std::vector<nlohmann::json>& events) {
    context_.refused_starts = {};  // as if an hour had passed: every refusal is in the log
    const auto reply = broker::handle(request, caller_, context_);
    if (!reply) throw std::runtime_error(reply.error().what);
    const sys::Fd file(::open((logs_ / "audit.log").c_str(), O_RDONLY | O_CLOEXEC));
    ::lseek(file.get(), static_cast<off_t>(read_), SEEK_SET);
    const auto fresh = sys::read_to_end(file, 1_MiB).value();
    read_ += fresh.size();
    events.clear();
    for (const auto line : split(fresh, '\n')) {
        auto event = nlohmann::json::parse(line, nullptr, false);
        if (event.is_object()) events.push_back(std::move(event));
    }
    if (reply->decision == protocol::Decision::admitted) {
        ended_.reset();
        while (!ended_) {
            if (!loop_.step(std::chrono::seconds(10))) throw std::runtime_error("loop");
        }
        ++jobs_run_;
        if (!jobs_.acknowledge(*ended_)) throw std::runtime_error("not acknowledged");
    }
    return reply->reason.str();
}

nlohmann::json LiveBroker::answer(const auto& request) {
    std::vector<nlohmann::json> events;
    const auto reason = answer(request, events);
    nlohmann::json verdict;
    for (const auto& event : events) {
        if (event["event"] == "verdict") verdict = event;
    }
    // The worker is told what was written down.
    if (verdict["reason"] != reason) throw std::runtime_error("another reason");
    return verdict;
}

std::string LiveBroker::ask(const Offer& offer, std::vector<nlohmann::json>& events) {
    auto request = request_for<protocol::StartJob>(offer);
    request.script = sealed(offer.text);
    return answer(request, events);
}

void LiveBroker::begin_another_log() {
    ::unlink((logs_ / "audit.log").c_str());
    read_ = 0;
}

std::uint64_t LiveBroker::ledger_bytes() const {
    return state_.open().read_file("ledger", 1_MiB).value().size();
}

void LiveBroker::lose_evidence(const std::string& digest) const {
    const auto file = state_ / "evidence/" + digest;
    ::unlink(file.c_str());
    ::mkdir((file + ".new").c_str(), 0700);
}

void LiveBroker::let_evidence_be(const std::string& digest) const {
    ::rmdir((state_ / "evidence/" + digest + ".new").c_str());
}

bool LiveBroker::trouble(std::string_view code) const {
    const auto told = context_.troubles.told();
    return std::ranges::any_of(told.items, [&](const auto& one) { return one.code.str() == code; });
}

nlohmann::json LiveBroker::decide(const Offer& offer) {
    if (!offer.catalogue.empty()) {
        auto request = request_for<protocol::StartCatalogueJob>(offer);
        request.name = protocol::Name::create(offer.catalogue).value();
        return answer(request);
    }
    const auto parts = approval::split_signed_script(offer.text);
    if (!parts) return {{"decision", "refuse"}, {"reason", "job-unusable"}};
    auto request = request_for<protocol::StartJob>(offer);
    request.script = sealed(parts->script);
    if (!parts->manifest.empty()) request.manifest = sealed(parts->manifest);
    if (!parts->signatures.empty()) request.signatures = sealed(parts->signatures);
    return answer(request);
}

}  // namespace bulkhead::test
