#include "worker/duties/presence_duty.hpp"

namespace bulkhead::worker {

void PresenceDuty::start(bool just_enrolled) {
    was_known_ = !just_enrolled;
    stopped_ = false;
    show();
    // All hosts of a backend that was restarted enroll again within one interval. The random part
    // spreads them over the intervals that follow.
    const std::chrono::milliseconds half = dialect_.interval() / 2;
    show_again_after(half + first_phase(half, context_.random));
}

void PresenceDuty::stop() {
    stopped_ = true;
    context_.loop.cancel(timer_);
}

void PresenceDuty::show_again_after(std::chrono::milliseconds delay) {
    context_.loop.cancel(timer_);
    if (stopped_ || !context_.serves()) return;
    timer_ = context_.loop.after(delay, [this] {
        show_again_after(dialect_.interval());
        show();
    });
}

void PresenceDuty::show() {
    if (std::exchange(waiting_, true)) return;
    perform<Presence>(context_.client, dialect_.presence(context_.identity, callbacks_.report()),
                      [this](Answer<Presence> answer) { on_answer(std::move(answer)); });
}

void PresenceDuty::on_answer(Answer<Presence> answer) {
    if (answer && answer->next) {
        perform<Presence>(context_.client, answer->next(),
                          [this](Answer<Presence> given) { on_answer(std::move(given)); });
        return;
    }
    waiting_ = false;
    if (stopped_) return;
    if (answer) return judge(answer->known);
    say(answer.error().text);
    callbacks_.failed();
}

void PresenceDuty::judge(bool known) {
    if (known) {
        was_known_ = true;
        trouble_.clear();
        return callbacks_.known();
    }
    if (was_known_) {
        stop();
        trouble_.clear();
        return callbacks_.forgotten();
    }
    say("the backend does not know this host, although it has just enrolled it");
    callbacks_.failed();
}

// The same trouble is logged once.
void PresenceDuty::say(const std::string& trouble) {
    if (trouble_.failed(trouble)) {
        context_.log.warning("presence-failed", {{"why", trouble}});
    }
}

void PresenceDuty::describe(JsonWriter& json) const {
    if (trouble_.stands()) json.put("presence_trouble", trouble_.why());
}

}  // namespace bulkhead::worker
