#include "worker/duties/enroll_duty.hpp"

#include <algorithm>
#include <array>

#include "worker/backend/registry.hpp"

namespace bulkhead::worker {

std::string_view name_of(EnrollDuty::State state) {
    static constexpr std::array<std::string_view, 5> kNames{"unknown", "trying", "enrolled",
                                                            "refused", "pending"};
    return kNames[static_cast<std::size_t>(state)];
}

void EnrollDuty::start(OnEnrolled enrolled, OnFailed failed) {
    enrolled_ = std::move(enrolled);
    failed_ = std::move(failed);
    auto known = services_.credentials.load(config_.name);
    if (!known) {
        services_.log.error("credential file",
                            {{"backend", config_.name}, {"why", known.error().what}});
        known = std::optional<Identity>{};
    }
    // Before the one on disk: an administrator may have made a new one.
    if (!config_.credential.empty()) return use(config_.credential);
    Enrolled already;
    if (*known) {
        already.identity = **std::move(known);
    } else if (dialect_.enrollment() == nullptr) {
        from_configuration_ = true;
        if (dialect_.traits().wants_credential) {
            services_.log.warning(
                "no credential is configured",
                {{"backend", config_.name}, {"advice", "put it into " + config_.credential_file}});
        }
    } else if (config_.install_token.empty() && dialect_.enrollment()->needs_token()) {
        return give_up(
            "not enrolled yet, and there is no install token: ask an admin for one, " +
            how_to_enroll() +
            (config_.install_token_missing.empty() ? "" : "; " + config_.install_token_missing));
    } else {
        return ask();
    }
    state_ = State::enrolled;
    enrolled_(already);
}

void EnrollDuty::use(Secret credential) {
    Enrolled already{.identity = {.agent_id = {}, .credential = std::move(credential)}};
    const auto* enrollment = dialect_.enrollment();
    if (enrollment != nullptr && enrollment->enroll_traits().names_itself) {
        auto id = services_.credentials.own_id(config_.name);
        if (!id) return give_up(id.error().what);
        already.identity.agent_id = *std::move(id);
    }
    services_.loop.cancel(next_try_);
    from_configuration_ = true;
    trouble_.clear();
    state_ = State::enrolled;
    enrolled_(already);
}

void EnrollDuty::give_up(std::string why) {
    trouble_ = std::move(why);
    state_ = State::refused;
    services_.log.error("enroll", {{"backend", config_.name}, {"why", trouble_}});
    failed_();
}

void EnrollDuty::renew(const std::string& why) {
    if (state_ != State::enrolled) return;  // told before
    state_ = State::refused;
    const auto& traits = dialect_.traits();
    trouble_ = std::string(traits.credential_name) + " rejected: " + why;
    const auto* const enrollment = dialect_.enrollment();
    const bool asks = enrollment != nullptr && enrollment->enroll_traits().gives_again &&
                      (!config_.install_token.empty() || !enrollment->needs_token()) &&
                      !from_configuration_;
    trouble_ += asks ? "; enrolling again" : "; " + how_to_renew();
    services_.log.error("credential", {{"backend", config_.name}, {"why", trouble_}});
    if (asks) next_try_ = services_.loop.after(backoff_.next(), [this] { ask(); });
}

std::string EnrollDuty::where_to_put_a_token() const {
    if (!config_.install_token_file.empty()) return config_.install_token_file;
    if (!config_.install_token_origin.empty()) return config_.install_token_origin;
    return "install_token_file in agent.yaml";
}

std::string EnrollDuty::how_to_enroll() const {
    return "put it into " + where_to_put_a_token() + " and restart the agent";
}

// Literally what helps: a test follows it for each dialect.
std::string EnrollDuty::how_to_renew() const {
    const auto* const dialect = find_dialect(config_.dialect);
    const bool enrolls = dialect != nullptr && dialect->enrolls;
    auto text = std::string(dialect_.traits().rejection_hint) + "; then ";
    if (enrolls && !dialect->takes_credential) return text + how_to_enroll();
    const auto& file = config_.credential_file;
    if (!file.empty()) {
        text += "put the new one into " + file +
                ", for root alone to read; it is looked for all the time";
    } else {
        text += "put the new one into " + config_.credential_origin + " and restart the agent";
    }
    if (!enrolls || !dialect_.enrollment()->enroll_traits().spends_token) return text;
    const auto& origin = config_.credential_origin;
    return text + "; or, with a new install token, delete credentials/" + config_.name +
           ".credential in the worker's state directory" + (file.empty() ? "" : " and " + file) +
           (origin.empty() ? "" : ", take the old one out of " + origin) + ", " + how_to_enroll();
}

bool EnrollDuty::accepted() {
    backoff_.succeeded();
    if (state_ == State::enrolled) return false;
    services_.loop.cancel(next_try_);
    state_ = State::enrolled;
    trouble_.clear();
    return true;
}

// The same in every try: a backend that forgot us knows us again by it.
Result<Secret> EnrollDuty::own_key() const {
    const auto& enrollment = *dialect_.enrollment();
    if (auto known = TRY(services_.credentials.load_key(config_.name))) {
        TRY(within(config_.name + ".key", enrollment.check_key(*known)));
        return *std::move(known);
    }
    auto made = TRY(enrollment.make_key());
    if (!made.empty()) TRY(services_.credentials.save_key(config_.name, made));
    return made;
}

void EnrollDuty::ask() {
    if (auto given = refresh_()) return use(*std::move(given));
    state_ = State::trying;
    EnrollRequest request;
    auto key = own_key();
    if (!key) return give_up("identity key: " + key.error().what);
    request.key = *std::move(key);
    if (dialect_.traits().wants_bpf_support) {
        request.bpf_support = services_.bpf_support;
    }
    request.install_token = config_.install_token;
    request.host_id = services_.host_id;
    request.agent_version = BULKHEAD_VERSION;
    request.system = services_.system;
    const auto traits = dialect_.enrollment()->enroll_traits();
    if (traits.names_itself) {
        auto id = services_.credentials.own_id(config_.name);
        if (!id) return give_up(id.error().what);
        request.agent_id = *std::move(id);
    }
    if (traits.sends_addresses) request.inventory = services_.collect({});
    request.network = read_network(dialect_.traits().network, services_.proc);
    asking_ = true;
    perform<Enrolled>(client_, dialect_.enrollment()->enroll(request),
                      [this](Answer<Enrolled> answer) { on_answer(std::move(answer)); });
}

void EnrollDuty::on_answer(Answer<Enrolled> answer) {
    asking_ = answer && answer->next;
    if (!answer) return again(answer.error());
    if (answer->next) {
        perform<Enrolled>(client_, answer->next(),
                          [this](Answer<Enrolled> given) { on_answer(std::move(given)); });
        return;
    }
    trouble_.clear();
    state_ = State::enrolled;
    from_configuration_ = false;
    // Before anything else: a lost credential may be a spent token.
    if (const auto saved = services_.credentials.save(config_.name, answer->identity); !saved) {
        trouble_ =
            "the credential could not be kept, so a restart will need a new install token: " +
            saved.error().what;
        services_.log.error("keep credential",
                            {{"backend", config_.name}, {"why", saved.error().what}});
    } else if (!config_.install_token.empty()) {
        services_.log.info("install token used",
                           {{"backend", config_.name},
                            {"advice", config_.install_token_file.empty()
                                           ? "it can be removed from " + where_to_put_a_token()
                                           : config_.install_token_file + " can be deleted"}});
    }
    services_.log.info("enrolled", {{"backend", config_.name},
                                    {"agent_id", answer->identity.agent_id},
                                    {"credential", fingerprint(answer->identity.credential)}});
    enrolled_(*answer);
}

void EnrollDuty::again(const Failure& failure) {
    trouble_ = failure.text;
    if (failure.kind == Failure::Kind::not_yet) {
        state_ = State::pending;
    } else if (failure.kind != Failure::Kind::retry) {
        state_ = State::refused;
    }
    if (state_ == State::refused && dialect_.enrollment()->enroll_traits().spends_token) {
        return give_up("the install token was refused, and it works only once: " + failure.text +
                       "; ask an admin for a new one, " + how_to_enroll());
    }
    if (failure.kind == Failure::Kind::credential_lost) trouble_ += "; " + how_to_renew();
    if (failure.kind == Failure::Kind::credential_rejected &&
        dialect_.enrollment()->needs_token()) {
        trouble_ += "; if another install token is needed, " + how_to_enroll();
    }
    const auto delay = delay_after(failure);
    services_.log.warning("enroll", {{"backend", config_.name},
                                     {"why", trouble_},
                                     {"next_try_ms", std::to_string(delay.count())}});
    if (services_.pass == Pass::serve) next_try_ = services_.loop.after(delay, [this] { ask(); });
    failed_();
}

// An administrator's word takes longer than a network's return.
std::chrono::milliseconds EnrollDuty::delay_after(const Failure& failure) {
    const auto usual = backoff_.next(failure.retry_after);
    if (failure.kind == Failure::Kind::retry) return usual;
    return std::max<std::chrono::milliseconds>(
        usual, dialect_.enrollment()->enroll_traits().pause_after_refusal);
}

}  // namespace bulkhead::worker
