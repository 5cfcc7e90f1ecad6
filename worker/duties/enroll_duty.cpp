#include "worker/duties/enroll_duty.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "worker/backend/registry.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::chrono::seconds kToBegin{10};

}  // namespace

std::string_view name_of(EnrollDuty::State state) {
    static constexpr std::array<std::string_view, 5> kNames{"unknown", "trying", "enrolled",
                                                            "refused", "pending"};
    return kNames[static_cast<std::size_t>(state)];
}

void EnrollDuty::start() {
    auto known = credentials_.load(context_.config.name);
    if (!known) {
        context_.log.error("credential-unread", {{"why", known.error().what}});
        known = std::optional<Identity>{};
    }
    if (!*known) {
        auto taken = take_over();
        if (!taken) return give_up(taken.error().what);
        *known = *std::move(taken);
    }
    known_ = known->has_value();
    // A configured credential goes before the one on disk: an administrator may have made a new
    // one.
    if (!context_.config.credential.empty()) return use_credential(context_.config.credential);
    Enrolled already{.identity = {}, .kept = true};
    if (*known) {
        const auto renewed = renews(**known);
        if (!renewed) return give_up("identity key: " + renewed.error().what);
        if (*renewed) return ask();
        already.identity = **std::move(known);
    } else if (dialect_.enrollment() == nullptr) {
        from_configuration_ = true;
        if (dialect_.traits().wants_credential) {
            context_.log.warning("credential-missing",
                                 {{"advice", "put it into " + context_.config.credential_file}});
        }
    } else if (context_.config.install_token.empty() && dialect_.enrollment()->needs_token()) {
        return give_up(no_token());
    } else {
        return ask();
    }
    state_ = State::enrolled;
    callbacks_.enrolled(already);
}

void EnrollDuty::stay_away() {
    context_.loop.cancel(next_try_);
    give_up(
        "this host has left the backend by bulkhead leave; to enroll it again: bulkhead leave " +
        context_.config.name + " --undo; systemctl restart bulkhead");
}

void EnrollDuty::keep_shut() {
    give_up(context_.config.shut + "; then: bulkhead reload; until then nothing is sent to it");
}

// At the first start: the identity of the agent that this one replaces. With one of its own the
// host would be a second agent to the backend.
Result<std::optional<Identity>> EnrollDuty::take_over() {
    const auto& config = context_.config;
    const auto* const enrollment = dialect_.enrollment();
    if (enrollment == nullptr || credentials_.has_own(config.name)) return std::nullopt;
    auto adopted = enrollment->adopt(config.original);
    if (!config.original_trouble.empty()) adopted = fail(config.original_trouble);
    if (!adopted) {
        return fail("the identity of the agent that this one replaces cannot be taken over: " +
                    adopted.error().what +
                    "; use bulkhead migrate, or register this host as another agent by setting "
                    "options.original_state to \"\"; then restart the agent");
    }
    if (adopted->agent_id.empty() && adopted->key.empty()) return std::nullopt;
    if (!adopted->key.empty()) TRY(credentials_.save_key(config.name, adopted->key));
    std::optional<Identity> identity;
    if (!adopted->credential.empty()) {
        identity.emplace(adopted->agent_id, std::move(adopted->credential));
        TRY(credentials_.save(config.name, *identity));
    }
    // Last, so that a run that was cut off takes over all of it once more.
    if (!adopted->agent_id.empty()) TRY(credentials_.save_own_id(config.name, adopted->agent_id));
    context_.log.info("identity-taken-over",
                      {{"agent_id", adopted->agent_id},
                       {"advice", "disable that agent: two of it would be one to the backend"}});
    return identity;
}

std::string EnrollDuty::no_token() const {
    const auto& why = context_.config.install_token_missing;
    if (context_.config.install_token_unusable) {
        return "not enrolled yet, and the install token cannot be used: " + why +
               "; mend that and restart the agent";
    }
    return "not enrolled yet, and there is no install token" + (why.empty() ? "" : ": " + why) +
           "; ask an admin for one, " + how_to_enroll();
}

void EnrollDuty::use_credential(Secret credential) {
    Enrolled already{.identity = {.agent_id = {}, .credential = std::move(credential)},
                     .kept = true};
    const auto* enrollment = dialect_.enrollment();
    if (enrollment != nullptr && enrollment->enroll_traits().names_itself) {
        auto id = credentials_.own_id(context_.config.name);
        if (!id) return give_up(id.error().what);
        already.identity.agent_id = *std::move(id);
    }
    context_.loop.cancel(next_try_);
    from_configuration_ = true;
    trouble_.clear();
    state_ = State::enrolled;
    callbacks_.enrolled(already);
}

void EnrollDuty::give_up(std::string why) {
    trouble_.failed(std::move(why));
    state_ = State::refused;
    context_.log.error("enroll-failed", {{"why", trouble_.why()}});
    callbacks_.failed();
}

void EnrollDuty::renew(const std::string& why) {
    if (state_ != State::enrolled) return;  // the operator has been told already
    state_ = State::refused;
    const auto& traits = dialect_.traits();
    auto text = std::string(traits.credential_name) + " rejected: " + why;
    const auto* const enrollment = dialect_.enrollment();
    const bool asks = enrollment != nullptr && enrollment->enroll_traits().gives_again &&
                      (!context_.config.install_token.empty() || !enrollment->needs_token()) &&
                      !from_configuration_;
    text += asks ? "; enrolling again" : "; " + how_to_renew();
    trouble_.failed(std::move(text));
    context_.log.error("credential-rejected", {{"why", trouble_.why()}});
    if (asks) next_try_ = context_.loop.after(backoff_.next(), [this] { ask(); });
}

void EnrollDuty::enroll_again() {
    if (state_ != State::enrolled) return;
    state_ = State::trying;
    known_ = false;
    trouble_.failed("the backend has forgotten this host; enrolling again");
    context_.log.warning("enroll-failed", {{"why", trouble_.why()}});
    next_try_ = context_.loop.after(backoff_.next(), [this] { ask(); });
}

void EnrollDuty::tell(std::vector<Trouble>& all) const {
    trouble_.tell(all, "enroll");
    if (trouble_.stands() || state_ == State::enrolled) return;
    // A worker that was just replaced has not yet come so far, or asks once more.
    const bool begins = sys::now() - began_ < kToBegin;
    if (begins && (known_ || state_ == State::unknown)) return;
    all.push_back({.code = "not-enrolled",
                   .since = began_,
                   .why = "the backend has not answered yet; if that lasts, see the agent's log"});
}

std::string EnrollDuty::where_to_put_a_token() const {
    if (!context_.config.install_token_file.empty()) return context_.config.install_token_file;
    if (!context_.config.install_token_origin.empty()) return context_.config.install_token_origin;
    return "install_token_file in agent.yaml";
}

std::string EnrollDuty::how_to_enroll() const {
    const auto& config = context_.config;
    if (config.install_token_file.empty() && config.install_token_origin.empty()) {
        return "put it into a file of root's alone, name that by install_token_file in "
               "agent.yaml, and restart the agent";
    }
    return "put it into " + where_to_put_a_token() + " and restart the agent";
}

// What an operator has to do, literally: a test follows the text for each dialect.
std::string EnrollDuty::how_to_renew() const {
    const auto* const dialect = find_dialect(context_.config.dialect);
    const bool enrolls = dialect != nullptr && dialect->enrolls;
    auto text = std::string(dialect_.traits().rejection_hint) + "; then ";
    if (enrolls && !dialect->takes_credential) return text + how_to_enroll();
    const auto& file = context_.config.credential_file;
    if (!file.empty()) {
        text += "put the new one into " + file +
                ", for root alone to read; it is looked for all the time";
    } else {
        text +=
            "put the new one into " + context_.config.credential_origin + " and restart the agent";
    }
    if (!enrolls || !dialect_.enrollment()->enroll_traits().spends_token) return text;
    const auto& origin = context_.config.credential_origin;
    return text + "; or, with a new install token, delete credentials/" + context_.config.name +
           ".credential in the worker's state directory" + (file.empty() ? "" : " and " + file) +
           (origin.empty() ? "" : ", take the old one out of " + origin) + ", " + how_to_enroll();
}

bool EnrollDuty::accepted() {
    backoff_.succeeded();
    if (state_ == State::enrolled) return false;
    context_.loop.cancel(next_try_);
    state_ = State::enrolled;
    trouble_.clear();
    return true;
}

// The key stays the same in every try: a backend that lost its record recognises this host by it.
Result<Secret> EnrollDuty::own_key() const {
    const auto& enrollment = *dialect_.enrollment();
    if (auto known = TRY(credentials_.load_key(context_.config.name))) {
        TRY(within(context_.config.name + ".key", enrollment.check_key(*known)));
        return *std::move(known);
    }
    auto made = TRY(enrollment.make_key());
    if (!made.empty()) TRY(credentials_.save_key(context_.config.name, made));
    return made;
}

Result<bool> EnrollDuty::renews(const Identity& identity) const {
    const auto* const enrollment = dialect_.enrollment();
    if (enrollment == nullptr) return false;
    const auto key = TRY(credentials_.load_key(context_.config.name));
    if (!key) return false;
    TRY(within(context_.config.name + ".key", enrollment->check_key(*key)));
    return enrollment->renews(identity, *key);
}

void EnrollDuty::ask() {
    if (auto given = callbacks_.refresh()) return use_credential(*std::move(given));
    state_ = State::trying;
    EnrollRequest request;
    auto key = own_key();
    if (!key) return give_up("identity key: " + key.error().what);
    request.key = *std::move(key);
    if (dialect_.traits().wants_bpf_support) {
        request.bpf_support = facts_.bpf_support;
    }
    request.install_token = context_.config.install_token;
    request.host_id = facts_.host_id;
    request.agent_version = BULKHEAD_VERSION;
    request.system = facts_.system;
    const auto traits = dialect_.enrollment()->enroll_traits();
    if (traits.names_itself) {
        auto id = credentials_.own_id(context_.config.name);
        if (!id) return give_up(id.error().what);
        request.agent_id = *std::move(id);
    }
    if (traits.sends_addresses) request.inventory = collect_({});
    request.network = read_network(dialect_.traits().network, proc_);
    asking_ = true;
    perform<Enrolled>(context_.client, dialect_.enrollment()->enroll(request),
                      [this](Answer<Enrolled> answer) { on_answer(std::move(answer)); });
}

void EnrollDuty::on_answer(Answer<Enrolled> answer) {
    asking_ = answer && answer->next;
    if (!answer) return retry_later(answer.error());
    if (answer->next) {
        perform<Enrolled>(context_.client, answer->next(),
                          [this](Answer<Enrolled> given) { on_answer(std::move(given)); });
        return;
    }
    trouble_.clear();
    state_ = State::enrolled;
    from_configuration_ = false;
    callbacks_.identified(answer->identity, !std::exchange(known_, true));
    // The credential is saved before anything else: the token may be spent, so a lost credential
    // cannot be had again.
    if (const auto saved = credentials_.save(context_.config.name, answer->identity); !saved) {
        trouble_.failed(
            "the credential could not be kept, so a restart will need a new install token: " +
            saved.error().what);
        context_.log.error("credential-unsaved", {{"why", saved.error().what}});
    } else if (!context_.config.install_token.empty()) {
        context_.log.info(
            "install-token-used",
            {{"advice", context_.config.install_token_file.empty()
                            ? "it can be removed from " + where_to_put_a_token()
                            : context_.config.install_token_file + " can be deleted"}});
    }
    context_.log.info("enrolled", {{"agent_id", answer->identity.agent_id},
                                   {"credential", fingerprint(answer->identity.credential)}});
    callbacks_.enrolled(*answer);
}

void EnrollDuty::retry_later(const Failure& failure) {
    auto why = failure.text;
    if (failure.kind == Failure::Kind::not_yet) {
        state_ = State::pending;
    } else if (failure.kind != Failure::Kind::retry) {
        state_ = State::refused;
    }
    if (state_ == State::refused && dialect_.enrollment()->enroll_traits().spends_token) {
        return give_up("the install token was refused, and it works only once: " + failure.text +
                       "; ask an admin for a new one, " + how_to_enroll());
    }
    if (failure.kind == Failure::Kind::refused && failure.text.find("; ") == std::string::npos) {
        why += "; see url of agent.yaml, and ask an admin of the backend what it wants";
    }
    if (failure.kind == Failure::Kind::credential_lost) why += "; " + how_to_renew();
    if (failure.kind == Failure::Kind::credential_rejected &&
        dialect_.enrollment()->needs_token()) {
        why += "; if another install token is needed, " + how_to_enroll();
    }
    trouble_.failed(std::move(why));
    const auto delay = delay_after(failure);
    context_.log.warning("enroll-failed",
                         {{"why", trouble_.why()}, {"next_try_ms", delay.count()}});
    if (context_.serves()) next_try_ = context_.loop.after(delay, [this] { ask(); });
    callbacks_.failed();
}

// An answer that an administrator must change is asked for less often than a network failure is
// retried.
std::chrono::milliseconds EnrollDuty::delay_after(const Failure& failure) {
    const auto usual = backoff_.next(failure.retry_after);
    if (failure.kind == Failure::Kind::retry) return usual;
    return std::max<std::chrono::milliseconds>(
        usual, dialect_.enrollment()->enroll_traits().pause_after_refusal);
}

}  // namespace bulkhead::worker
