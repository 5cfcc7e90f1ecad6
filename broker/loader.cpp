#include "broker/loader.hpp"

#include <sys/wait.h>

#include <csignal>

#include "broker/handlers/dispatch.hpp"
#include "broker/handlers/loader_answers.hpp"
#include "common/policy/parse.hpp"

namespace bulkhead::broker {

namespace {

constexpr const char* kName = "loader";
constexpr std::chrono::seconds kToLeave{5};  // from the loader's answer to its exit

// For whoever has the artifact, who knows its object and not the loader. `loads`: it was not asked
// to probe.
std::string how(int status, bool loads) {
    if (!WIFSIGNALED(status))
        return "the loader ended with exit status " + std::to_string(WEXITSTATUS(status));
    const auto killed = "the loader was killed by signal " + std::to_string(WTERMSIG(status));
    switch (WTERMSIG(status)) {
        case SIGSYS:
            return killed + ", for a system call that its list does not have";
        case SIGKILL:
            return killed + ", as where it takes more than max-memory of artifacts.policy";
        case SIGABRT:
        case SIGBUS:
        case SIGSEGV:
            if (!loads) return killed;
            return killed +
                   ": it crashed on this object, which is damaged or made to do that, and nothing "
                   "of it is loaded; compare it with what its author built, or build it anew";
        default:
            return killed;
    }
}

}  // namespace

std::string Loader::unusable() const {
    if (!program_) {
        return "no-loader: " + program_.error().what +
               "; install the package bulkhead-loader and restart the agent";
    }
    const auto& profile = broker_.policy->policy.part(kName);
    // Its view is closed when it has answered, so nothing else holds it to its files.
    if (broker_.landlock_abi <= 0) {
        return "this kernel has no Landlock (Linux 5.13, enabled at boot), which alone holds a "
               "loader to its files";
    }
    const auto lacking = profile.capabilities & ~broker_.ceiling.capabilities;
    if (lacking != 0) {
        return "this agent was started without " + policy::capability_names(lacking) +
               ": restart it, with the lines of bulkhead.service.d/artifacts.conf in its unit";
    }
    const auto user = sandbox::find_user(user_);
    return user ? "" : "--loader-user: " + user.error().what;
}

Result<> Loader::start(LoaderOrder order) {
    if (peer_) return fail("a loader runs already");
    if (const auto why = unusable(); !why.empty()) return fail(why);
    order_.emplace(std::move(order));
    fault_.clear();
    const auto done = spawn();
    if (done) return {};
    order_.reset();
    peer_.reset();
    return done;
}

Result<> Loader::spawn() {
    const auto& profile = broker_.policy->policy.part(kName);
    auto limits = profile.limits;
    // The maps that it makes count as its memory.
    if (const auto& rules = broker_.policy->policy.artifacts) limits.memory = rules->max_memory;
    // One of its own for each loader: maps that are loaded stay charged to theirs. One that
    // somebody is still in cannot be removed, and is used once more.
    cgroups_.remove(kName);
    const auto cgroup = TRY(cgroups_.make(kName, limits));
    auto ground = part_;
    ground.program = program_->get();
    auto plan = plan_of(profile, kName, ground);
    plan.limits = limits;
    plan.arguments = {"bulkhead-loader"};
    plan.user = TRY(within("--loader-user", sandbox::find_user(user_)));
    plan.cgroup = cgroup.fd();
    peer_ = TRY(Peer::start(
        loop_, broker_.log, plan,
        {.rows = profile.paths, .greeting = profile.greeting, .sharers = 1, .bpf = true},
        {.answer =
             [this](link::Packet& packet, Gate& gate) {
                 LoaderCaller caller{peer_->process(), *order_};
                 return dispatch<protocol::LoaderRequests>(packet, gate, caller, broker_);
             },
         .greeted = [this] { peer_->kill_after(kToLeave); },
         .failed =
             [this](Peer::Fault fault, const Error& error) {
                 fault_ = "the loader was killed: " + error.what;
                 if (fault != Peer::Fault::protocol) return;
                 note(broker_, "protocol-violation", {{"process", kName}, {"what", error.what}});
             },
         .ended = [this](int status) { on_ended(status); },
         .closed = [this] { release(); }}));
    TRY(within(kName, cgroups_.require_in(kName, peer_->process().pid())));
    return send();
}

Result<> Loader::send() {
    const auto& policy = *broker_.policy;
    const auto complete = [&](auto& frame) -> Result<> {
        frame.seccomp.fd = TRY(sandbox::to_memfd(policy.filter_of(kName)));
        frame.landlock = TRY(ruleset_of(policy.policy.part(kName), {}, peer_->process().proc(),
                                        broker_.landlock_abi));
        return peer_->begin(frame);
    };
    return std::visit(complete, order_->frame);
}

void Loader::on_ended(int status) {
    if (fault_.empty() && status != 0)
        fault_ = how(status, std::holds_alternative<protocol::LoadArtifact>(order_->frame));
    release();
}

// The next one may start when all that this one has sent is closed.
void Loader::release() {
    if (!peer_->all_closed()) return;
    peer_.reset();
    const auto order = std::move(*order_);
    order_.reset();
    order.ended(fault_);
}

}  // namespace bulkhead::broker
