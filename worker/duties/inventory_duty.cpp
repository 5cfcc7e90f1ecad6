#include "worker/duties/inventory_duty.hpp"

#include <algorithm>

namespace bulkhead::worker {

namespace {

using std::chrono::milliseconds;
using Kind = Failure::Kind;

// Of one run: each costs a request, and a backend that refuses everything must not get thousands.
constexpr std::size_t kMaxSetbacks = 200;
// Elements. With fewer it is not their storing that takes a backend longer than the timeout.
constexpr std::size_t kLeastToHalve = 32;

std::string since(sys::Clock::time_point start) {
    const auto passed = sys::Clock::now() - start;
    return std::to_string(std::chrono::duration_cast<milliseconds>(passed).count());
}

}  // namespace

InventoryDuty::InventoryDuty(Services& services, const BackendConfig& config,
                             const InventoryDialect& dialect, HttpClient& client,
                             const Identity& identity, std::function<void()> before_each,
                             OnReport reported, OnFinished finished)
    : services_(services),
      config_(config),
      dialect_(dialect),
      client_(client),
      identity_(identity),
      before_each_(std::move(before_each)),
      reported_(std::move(reported)),
      finished_(std::move(finished)),
      backoff_(services.random) {}

Cadence InventoryDuty::cadence() const {
    const auto& traits = dialect_.traits();
    return {.interval = state_.policy.interval.value_or(traits.interval),
            .jitter = state_.policy.jitter.value_or(traits.jitter),
            .timer_interval = traits.timer_interval};
}

std::chrono::seconds InventoryDuty::collect_timeout() const {
    return state_.policy.collect_timeout.value_or(dialect_.traits().collect_timeout);
}

void InventoryDuty::learn(const InventoryPolicyChange& asked) {
    stop();
    auto known = services_.inventory.load(config_.name);
    if (!known) {
        // Everything is reported anew, which the backend takes well.
        services_.log.error("inventory state",
                            {{"backend", config_.name}, {"why", known.error().what}});
    }
    state_ = std::move(known).value_or(InventoryState{});
    merge(state_.policy, asked);
    remember();
}

void InventoryDuty::start() {
    const auto rhythm = cadence();
    const auto now = services_.now();
    backoff_ = Backoff(retry_limits(rhythm), services_.random);
    if (services_.pass != Pass::serve && !services_.forced &&
        !rhythm.is_due(now, state_.last_accepted)) {
        services_.log.info("inventory is not due yet", {{"backend", config_.name}});
        return finished_(true);
    }
    auto delay = rhythm.drawn_jitter(services_.random);
    if (services_.pass == Pass::serve) delay += rhythm.remaining(now, state_.last_accepted);
    // Who started a pass by hand would else see nothing for minutes.
    if (delay > std::chrono::seconds(0)) {
        services_.log.info("inventory follows",
                           {{"backend", config_.name}, {"in_s", std::to_string(delay.count())}});
    }
    schedule(delay);
}

void InventoryDuty::stop() {
    services_.loop.cancel(timer_);
    if (std::exchange(run_, std::nullopt)) client_.cancel(request_);
}

void InventoryDuty::schedule(milliseconds delay) {
    services_.loop.cancel(timer_);
    timer_ = services_.loop.after(delay, [this] { begin(); });
}

void InventoryDuty::begin() {
    before_each_();
    // Held back, only the question goes whether that is still so.
    run_ = prepare(state_.held ? Inventory{} : collect());
    send();
}

Inventory InventoryDuty::collect() {
    const auto start = sys::Clock::now();
    auto inventory = services_.collect({.time = collect_timeout()});
    if (inventory.sockets) inventory.owners = ask_owners();
    if (inventory.problems != problems_) {
        for (const auto& problem : inventory.problems) {
            services_.log.warning("inventory", {{"backend", config_.name}, {"why", problem}});
        }
        problems_ = inventory.problems;
    }
    services_.log.debug("inventory read", {{"backend", config_.name}, {"ms", since(start)}});
    return inventory;
}

// Without them connections go without names: a policy may well say so.
std::shared_ptr<const SocketOwners> InventoryDuty::ask_owners() {
    auto owners = services_.broker.socket_owners();
    if (!owners) {
        services_.fatal(owners.error());
        return nullptr;
    }
    if (!(*owners)->refused.empty()) {
        services_.log.debug("socket owners", {{"why", (*owners)->refused}});
    }
    return *std::move(owners);
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
    for (auto& element : dialect_.elements(inventory)) {
        if (!known[index_of(element.collection)]) continue;
        const auto digest = digest_of(element);
        items.push_back({std::move(element), digest});
    }
    // The same thing twice is one thing: several sockets may listen on one port.
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
            .started = start};
}

void InventoryDuty::send() {
    InventoryReport report{.observed_at = services_.now(),
                           .sequence = state_.sequence + 1,
                           .first = !state_.last_accepted && !state_.held,
                           .agent_version = BULKHEAD_VERSION,
                           .system = services_.system,
                           .elements = run_->queue.next()};
    ++run_->reports;
    request_ = perform<InventoryReceipt>(
        client_, dialect_.report(identity_, report),
        [this](Answer<InventoryReceipt> answer) { on_answer(std::move(answer)); });
}

void InventoryDuty::on_answer(Answer<InventoryReceipt> answer) {
    if (answer) {
        on_accepted(*answer);
    } else if (!take_setback(answer.error())) {
        return give_up(answer.error());
    }
    if (!run_->queue.done()) return send();
    succeed();
}

void InventoryDuty::on_accepted(const InventoryReceipt& receipt) {
    state_.sequence += 1;
    merge(state_.policy, receipt.policy);
    settle(run_->queue.accepted());
    if (state_.held) return;  // that was the question only
    state_.last_accepted = services_.now();
    if (run_->queue.done()) {
        // What is gone is forgotten, so that it is news when it comes back; of what could not be
        // looked at nothing is gone.
        for (std::size_t i = 0; i < kCollections; ++i) {
            if (run_->known[i]) state_.accepted[i] = run_->current[i];
        }
    }
    remember();
}

bool InventoryDuty::take_setback(const Failure& failure) {
    const bool by_name = failure.kind == Kind::refused && !failure.elements.empty();
    if (!by_name && !failure.too_slow && failure.kind != Kind::too_large) return false;
    if (run_->queue.next_size() < (failure.too_slow ? kLeastToHalve : 1)) return false;
    if (++run_->setbacks > kMaxSetbacks) return false;
    const auto dropped = by_name ? run_->queue.refused(failure.elements) : run_->queue.too_large();
    run_->dropped += dropped.size();
    for (const auto* item : dropped) {
        services_.log.warning("inventory: the backend refuses this",
                              {{"backend", config_.name},
                               {"collection", std::string(name_of(item->element.collection))},
                               {"element", item->element.json},
                               {"why", failure.text}});
    }
    settle(dropped);
    if (!dropped.empty()) remember();
    return true;
}

void InventoryDuty::settle(const ReportQueue::Settled& items) {
    for (const auto* item : items) state_.of(item->element.collection).push_back(item->digest);
    for (auto& digests : state_.accepted) std::ranges::sort(digests);
}

void InventoryDuty::remember() {
    if (const auto saved = services_.inventory.save(config_.name, state_); !saved) {
        services_.log.error("inventory state",
                            {{"backend", config_.name}, {"why", saved.error().what}});
    }
}

void InventoryDuty::succeed() {
    const auto run = std::exchange(run_, std::nullopt);
    if (!trouble_.empty()) services_.log.info("inventory again", {{"backend", config_.name}});
    trouble_.clear();
    backoff_.succeeded();
    reported_(nullptr);
    if (std::exchange(state_.held, false)) {
        remember();
        return begin();
    }
    std::size_t elements = 0;
    for (const auto& digests : run->current) elements += digests.size();
    services_.log.info("inventory reported", {{"backend", config_.name},
                                              {"sequence", std::to_string(state_.sequence)},
                                              {"reports", std::to_string(run->reports)},
                                              {"elements", std::to_string(elements)},
                                              {"refused", std::to_string(run->dropped)},
                                              {"ms", since(run->started)}});
    if (services_.pass != Pass::serve) return finished_(true);
    const auto rhythm = cadence();
    schedule(rhythm.interval + rhythm.drawn_jitter(services_.random));
}

void InventoryDuty::give_up(const Failure& failure) {
    run_.reset();
    state_.held = state_.held || failure.kind == Kind::not_yet;
    // Dropped elements and accepted parts are not thought of again.
    remember();
    if (failure.text != trouble_) {
        services_.log.warning("inventory", {{"backend", config_.name}, {"why", failure.text}});
    }
    trouble_ = failure.text;
    reported_(&failure);
    if (services_.pass != Pass::serve) return finished_(false);
    if (failure.kind == Kind::retry) return schedule(backoff_.next(failure.retry_after));
    const auto rhythm = cadence();
    schedule(rhythm.slow() + rhythm.drawn_jitter(services_.random));
}

void InventoryDuty::describe(JsonWriter& json) const {
    json.put("inventory_reports", state_.sequence);
    if (state_.last_accepted) json.put("last_inventory", format_utc(*state_.last_accepted));
    if (!trouble_.empty()) json.put("inventory_trouble", trouble_);
}

}  // namespace bulkhead::worker
