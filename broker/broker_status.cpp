// Root's part of `bulkhead status`: written at each change and at each tick.
#include "broker/broker.hpp"
#include "common/sys/clock.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::chrono::milliseconds kToGather{500};  // changes that come together are one write
// The group of the status sockets.
constexpr const char* kOperators = "bulkhead";

}  // namespace

// One pass has no status: what it would write could take the place of a service's.
Result<> Broker::follow_status() {
    if (parts_.options.command != Command::serve) return {};
    status_.emplace(TRY(sys::Dir::open(parts_.options.run_dir)));
    context_.changed = [this] {
        if (std::exchange(status_due_, true)) return;
        parts_.loop.after(kToGather, [this] { write_status(); });
    };
    context_.troubles.watch([this] { context_.changed(); });
    tick();
    return {};
}

void Broker::tick() {
    watch_host(context_, workers_->facts());
    if (upgrade_) upgrade_->look();
    write_status();
    parts_.loop.after(kStatusTick, [this] { tick(); });
}

// Who may read the audit log may read this; else who may ask the status sockets.
void Broker::write_status() {
    status_due_ = false;
    const auto readers = readers_of(context_);
    const auto group = sandbox::find_group(readers.empty() ? kOperators : readers);
    const auto text = root_status(context_, workers_->facts(), sys::read_clocks(), started_);
    const auto written = status_->write(text, group.value_or(0));
    // Whoever reads the file sees by its age that it fails; the heartbeat tells this.
    if (written) return context_.troubles.clear("status-unwritable");
    context_.troubles.set("status-unwritable",
                          written.error().what +
                              "; `bulkhead status` is out of date: make room in " +
                              parts_.options.run_dir);
}

}  // namespace bulkhead::broker
