// malicious-worker: what the broker of a test starts in the worker's place. MALICE_ORDERS says what
// to do:
//     attack NAME...      rows of attacks.hpp, one after the other
//     campaign NAME       of campaigns.hpp, until it is stopped
//     offer               the eBPF artifacts in its state directory; see offers.hpp
//     host                the table of host_attacks.hpp, each in a confined child
//     unconfined          says Hello with every door open
//     evade-view          the same, from another mount namespace
//     sweep NAME          probes.hpp against the worker's filter, each in a confined child
// In the config reader's place it hands that on as settings; see reader.hpp.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "common/sys/dir.hpp"
#include "tests/malicious_worker/attacks.hpp"
#include "tests/malicious_worker/campaigns.hpp"
#include "tests/malicious_worker/host_attacks.hpp"
#include "tests/malicious_worker/offers.hpp"
#include "tests/malicious_worker/probes.hpp"
#include "tests/malicious_worker/reader.hpp"

namespace {

using namespace bulkhead;
using namespace bulkhead::test;

void bring_to(Attacker& attacker, Moment moment) {
    static auto reached = Moment::greeting;
    if (moment == Moment::greeting || reached == moment) return;
    if (reached == Moment::greeting) attacker.greet();
    if (moment == Moment::running && attacker.run("sleeper") != "admitted") {
        attacker.report("run", "no job runs");
    }
    if (moment == Moment::draining) {
        attacker.report("ready", "to drain");
        attacker.wait_for_shutdown();
    }
    reached = moment;
}

void attack(Attacker& attacker, std::istringstream& names) {
    const auto all = all_attacks();
    bool drained = false;
    for (std::string name; names >> name;) {
        const auto row =
            std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
        if (row == all.end()) {
            attacker.report(name, "no such attack");
            continue;
        }
        if (!row->needs.empty() && attacker.descriptor(row->needs) < 0) {
            attacker.report(name, "unavailable");
            continue;
        }
        bring_to(attacker, row->moment);
        drained = drained || row->moment == Moment::draining;
        attacker.report(name, row->act(attacker));
    }
    attacker.report("all", "done");
    if (!drained) attacker.wait_for_shutdown();
}

void sweep_one(const Attacker& attacker, const std::string& wanted) {
    for (const auto& [name, questions] : sweeps()) {
        if (name != wanted) continue;
        std::vector<Probe> probes;
        for (const auto& question : questions) probes.push_back(question.probe);
        const auto outcomes = sweep(probes, [&] { return attacker.confine(); });
        if (!outcomes) {
            attacker.report(name, outcomes.error().what);
            continue;
        }
        const sys::Dir state = sys::Dir::from(attacker.setup().state.fd.duplicate().value());
        std::string text;
        for (const auto outcome : *outcomes) text += in_words(outcome) + "\n";
        const auto written = state.write_atomic("sweep-" + name, text, 0600);
        attacker.report(name, written ? "done" : written.error().what);
    }
}

// What needs many processes runs beside the one that the broker watches, from when the descriptor
// is closed. That is after Hello: a path that is looked up while the view is closed leads nowhere.
template <class Act>
sys::Fd beside(const Act& act) {
    auto start = sys::make_pipe().value();
    if (::fork() != 0) return std::move(start.write);
    start.write.reset();
    char none = 0;
    [[maybe_unused]] const auto closed = ::read(start.read.get(), &none, 1);
    act();
    ::_exit(0);
}

}  // namespace

int main(int count, char** words) {
    if (count > 1 && std::string_view(words[1]) == "--read-config") return stand_in_for_reader();
    auto attacker = Attacker::create();
    if (!attacker) {
        std::fprintf(stderr, "malicious-worker: %s\n", attacker.error().what.c_str());
        return 1;
    }
    take_settings(*attacker);
    const char* text = std::getenv("MALICE_ORDERS");
    std::istringstream orders(text == nullptr ? "" : text);
    std::string order;
    orders >> order;
    sys::Fd start;
    if (order == "sweep") {
        orders >> order;
        start = beside([&] { sweep_one(*attacker, order); });
    }
    if (order == "host") {
        start = beside([&, broker = ::getppid()] { attack_host(*attacker, broker); });
    }
    if (order == "unconfined") {
        attacker->greet();
        attacker->report("greeted", "unconfined");
        attacker->wait_for_shutdown();
        return 0;
    }
    // Into another mount namespace than the one that the broker will narrow.
    if (order == "evade-view") {
        if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) std::perror("unshare");
        attacker->greet();
        return 1;
    }
    if (const auto confined = attacker->confine(); !confined) {
        attacker->report("confine", confined.error().what);
        return 1;
    }
    if (order == "attack") {
        attack(*attacker, orders);
    } else if (order == "campaign") {
        orders >> order;
        campaign(*attacker, order);
    } else if (order == "offer") {
        offer_artifacts(*attacker);
        attacker->wait_for_shutdown();
    } else {
        attacker->greet();
        start.reset();
        attacker->wait_for_shutdown();
    }
    return 0;
}
