#include "worker/duties/inventory_duty.hpp"

#include <algorithm>
#include <iterator>

namespace bulkhead::worker {

namespace {

using std::chrono::milliseconds;
using Kind = Failure::Kind;

// Failures after which a run gives up: each costs a request, and a backend that refuses everything
// must not get thousands of them.
constexpr std::size_t kMaxFailures = 200;
// Elements. Below this number a timeout is not caused by the size of the report, so it is not
// halved.
constexpr std::size_t kLeastToHalve = 32;

std::int64_t since(sys::Clock::time_point start) {
    const auto passed = sys::Clock::now() - start;
    return std::chrono::duration_cast<milliseconds>(passed).count();
}

}  // namespace

InventoryDuty::InventoryDuty(const DutyContext& context, const InventoryDialect& dialect,
                             BrokerClient& broker, const InventoryStore& store,
                             const HostFacts& facts, CollectInventory collect, bool report_now,
                             Callbacks callbacks)
    : context_(context),
      dialect_(dialect),
      broker_(broker),
      store_(store),
      facts_(facts),
      collect_(std::move(collect)),
      report_now_(report_now),
      callbacks_(std::move(callbacks)),
      backoff_(context.random) {}

Cadence InventoryDuty::cadence() const {
    const auto& traits = dialect_.traits();
    return {.interval = state_.policy.interval.value_or(traits.interval),
            .jitter = state_.policy.jitter.value_or(traits.jitter),
            .timer_interval = traits.timer_interval};
}

std::chrono::seconds InventoryDuty::collect_timeout() const {
    return state_.policy.collect_timeout.value_or(dialect_.traits().collect_timeout);
}

void InventoryDuty::resume(const InventoryPolicyChange& asked) {
    stop();
    auto known = store_.load(context_.config.name);
    if (!known) {
        // Without the state everything is reported again; a backend ignores what it knows already.
        context_.log.error("inventory-state-failed", {{"why", known.error().what}});
    }
    state_ = std::move(known).value_or(InventoryState{});
    merge(state_.policy, asked);
    save_state();
}

void InventoryDuty::start() {
    const auto rhythm = cadence();
    const auto now = context_.now();
    backoff_ = Backoff(retry_limits(rhythm), context_.random);
    if (!context_.serves() && !report_now_ && !rhythm.is_due(now, state_.last_accepted)) {
        context_.log.info("inventory-not-due");
        return callbacks_.finished(true);
    }
    auto delay = rhythm.drawn_jitter(context_.random);
    if (context_.serves()) delay += rhythm.remaining(now, state_.last_accepted);
    // Logged because a run started by hand would otherwise print nothing for minutes.
    if (delay > std::chrono::seconds(0)) {
        context_.log.info("inventory-follows", {{"in_s", delay.count()}});
    }
    schedule(delay);
}

void InventoryDuty::stop() {
    context_.loop.cancel(timer_);
    if (std::exchange(run_, std::nullopt)) context_.client.cancel(request_);
}

void InventoryDuty::schedule(milliseconds delay) {
    context_.loop.cancel(timer_);
    timer_ = context_.loop.after(delay, [this] { begin(); });
}

void InventoryDuty::begin() {
    callbacks_.before_each();
    // While the backend has this host on hold, an empty report asks whether it still does.
    run_ = prepare(state_.held ? Inventory{} : collect());
    send();
}

Inventory InventoryDuty::collect() {
    const auto start = sys::Clock::now();
    auto inventory = collect_({.time = collect_timeout()});
    if (inventory.sockets) {
        remove_own_sockets(*inventory.sockets, facts_.worker_uids, backends());
        inventory.owners = ask_owners();
    }
    context_.log.debug("inventory-read", {{"ms", since(start)}});
    return inventory;
}

// Where the backend was met, now and by the run before this one.
std::vector<Endpoint> InventoryDuty::backends() const {
    std::vector<Endpoint> found;
    for (const auto& peer : {state_.peer, context_.client.peer()}) {
        const auto ip = peer ? IpAddress::parse(peer->ip) : std::nullopt;
        if (ip) found.push_back({ip->unmapped(), peer->port});
    }
    return found;
}

// Without owners, connections are reported without process names; policy may refuse the reading.
std::shared_ptr<const SocketOwners> InventoryDuty::ask_owners() {
    auto owners = broker_.socket_owners();
    if (!owners) {
        context_.fatal(owners.error());
        return nullptr;
    }
    if (!(*owners)->refused.empty()) {
        context_.log.debug("socket-owners-unread", {{"why", (*owners)->refused}});
    }
    return *std::move(owners);
}

// Problems that last are logged once.
void InventoryDuty::log_problems(std::vector<std::string> problems) {
    if (problems == problems_) return;
    for (const auto& problem : problems) {
        context_.log.warning("inventory-incomplete", {{"why", problem}});
    }
    problems_ = std::move(problems);
}

InventoryDuty::Run InventoryDuty::prepare(const Inventory& inventory) {
    const auto& traits = dialect_.traits();
    const auto start = sys::Clock::now();
    auto known = state_.policy.enabled.value_or(CollectionSet().set());
    const std::array<bool, kCollections> read{
        inventory.addresses && inventory.links, inventory.neighbours && inventory.links,
        inventory.sockets.has_value(), inventory.routes && inventory.links};
    for (std::size_t i = 0; i < kCollections; ++i) known[i] = known[i] && read[i];

    std::vector<ReportItem> items;
    auto elements = dialect_.elements(inventory);
    auto problems = inventory.problems;
    std::ranges::move(elements.problems, std::back_inserter(problems));
    log_problems(std::move(problems));
    for (auto& element : elements.rows) {
        if (!known[index_of(element.collection)]) continue;
        const auto digest = digest_of(element);
        items.push_back({std::move(element), digest});
    }
    // Equal elements are reported once: several sockets may listen on one port.
    const auto order = [](const ReportItem& item) {
        return std::pair(item.element.collection, item.digest);
    };
    std::ranges::sort(items, {}, order);
    const auto doubled = std::ranges::unique(items, {}, order);
    items.erase(doubled.begin(), doubled.end());

    std::array<ElementDigests, kCollections> current;
    for (const auto& item : items) {
        current[index_of(item.element.collection)].push_back(item.digest);
    }
    std::erase_if(items, [this](const ReportItem& item) {
        return std::ranges::binary_search(state_.of(item.element.collection), item.digest);
    });
    const auto bytes = state_.policy.max_report_bytes.value_or(traits.max_report_bytes);
    const ReportLimits limits{.bytes = bytes - std::min(bytes, traits.envelope_bytes),
                              .elements = traits.max_elements};
    return {.queue = ReportQueue(std::move(items), limits),
            .known = known,
            .current = std::move(current),
            .started = start,
            .left_out = elements.left_out};
}

void InventoryDuty::send() {
    InventoryReport report{.observed_at = context_.now(),
                           .sequence = state_.sequence + 1,
                           .first = !state_.last_accepted && !state_.held,
                           .agent_version = BULKHEAD_VERSION,
                           .system = facts_.system,
                           .elements = run_->queue.next()};
    // With an error the broker is gone, and what the worker does next ends it.
    if (const auto state = broker_.host_state()) {
        report.policy_digest = facts_.policy_digest;
        report.audit = audit_head(*state);
        report.ledger = ledger_head(*state);
        report.troubles = troubles_of(*state);
    }
    ++run_->reports;
    request_ = perform<InventoryReceipt>(
        context_.client, dialect_.report(context_.identity, report),
        [this](Answer<InventoryReceipt> answer) { on_answer(std::move(answer)); });
}

void InventoryDuty::on_answer(Answer<InventoryReceipt> answer) {
    if (answer) {
        on_accepted(*answer);
    } else if (!shrink_report(answer.error())) {
        return give_up(answer.error());
    }
    if (!run_->queue.done()) return send();
    succeed();
}

void InventoryDuty::on_accepted(const InventoryReceipt& receipt) {
    state_.sequence += 1;
    state_.peer = context_.client.peer();
    merge(state_.policy, receipt.policy);
    const auto accepted = run_->queue.accepted();
    run_->sent += accepted.size();
    mark_reported(accepted);
    if (state_.held) return;  // the empty report only asked whether the hold is over
    state_.last_accepted = context_.now();
    if (run_->queue.done()) {
        // Elements that are gone are forgotten, so that they are reported if they come back. A
        // collection that could not be read keeps its elements.
        for (std::size_t i = 0; i < kCollections; ++i) {
            if (run_->known[i]) state_.accepted[i] = run_->current[i];
        }
    }
    save_state();
}

bool InventoryDuty::shrink_report(const Failure& failure) {
    const bool by_name = failure.kind == Kind::refused && !failure.elements.empty();
    if (!by_name && !failure.too_slow && failure.kind != Kind::too_large) return false;
    if (run_->queue.next_size() < (failure.too_slow ? kLeastToHalve : 1)) return false;
    if (++run_->failures > kMaxFailures) return false;
    const auto dropped = by_name ? run_->queue.refused(failure.elements) : run_->queue.too_large();
    run_->dropped += dropped.size();
    for (const auto* item : dropped) {
        context_.log.warning("inventory-refused",
                             {{"collection", name_of(item->element.collection)},
                              {"element", item->element.json},
                              {"why", failure.text}});
    }
    mark_reported(dropped);
    if (!dropped.empty()) save_state();
    return true;
}

void InventoryDuty::mark_reported(const ReportQueue::Settled& items) {
    for (const auto* item : items) state_.of(item->element.collection).push_back(item->digest);
    for (auto& digests : state_.accepted) std::ranges::sort(digests);
}

void InventoryDuty::save_state() {
    if (const auto saved = store_.save(context_.config.name, state_); !saved) {
        context_.log.error("inventory-state-failed", {{"why", saved.error().what}});
    }
}

void InventoryDuty::succeed() {
    const auto run = std::exchange(run_, std::nullopt);
    if (trouble_.stands()) context_.log.info("inventory-again");
    trouble_.clear();
    backoff_.succeeded();
    callbacks_.reported(nullptr);
    if (std::exchange(state_.held, false)) {
        save_state();
        return begin();
    }
    std::size_t known = 0;
    for (const auto& digests : state_.accepted) known += digests.size();
    context_.log.info("inventory-reported", {{"sequence", state_.sequence},
                                             {"reports", run->reports},
                                             {"sent", run->sent},
                                             {"known", known},
                                             {"left_out", run->left_out},
                                             {"refused", run->dropped},
                                             {"ms", since(run->started)}});
    if (!context_.serves()) return callbacks_.finished(true);
    const auto rhythm = cadence();
    schedule(rhythm.interval + rhythm.drawn_jitter(context_.random));
}

void InventoryDuty::give_up(const Failure& failure) {
    run_.reset();
    state_.held = state_.held || failure.kind == Kind::not_yet;
    // Saved so that dropped elements and accepted parts are not reported again.
    save_state();
    if (trouble_.failed(failure.text)) {
        context_.log.warning("inventory-failed", {{"why", failure.text}});
    }
    callbacks_.reported(&failure);
    if (!context_.serves()) return callbacks_.finished(false);
    if (failure.kind == Kind::retry) return schedule(backoff_.next(failure.retry_after));
    const auto rhythm = cadence();
    schedule(rhythm.slow() + rhythm.drawn_jitter(context_.random));
}

void InventoryDuty::describe(JsonWriter& json) const {
    json.put("inventory_reports", state_.sequence);
    if (state_.last_accepted) json.put("last_inventory", format_utc(*state_.last_accepted));
    if (trouble_.stands()) json.put("inventory_trouble", trouble_.why());
}

}  // namespace bulkhead::worker
