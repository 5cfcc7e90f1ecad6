// Jobs: replays, jobs that are not there or not its own, parameters, more than there is room for.
#include "tests/malicious_worker/attacks.hpp"
#include "tests/malicious_worker/jobs.hpp"

namespace bulkhead::test {

namespace {

using enum Moment;
using protocol::AckJob;
using protocol::CancelJob;
using protocol::StartCatalogueJob;
using protocol::StartJob;

template <class Request>
std::string about(Attacker& attacker, JobNumber number) {
    return attacker.ask(Request{.number = number});
}

template <class Request>
std::function<std::string(Attacker&)> about_unknown(std::uint64_t number) {
    return [number](Attacker& attacker) { return about<Request>(attacker, JobNumber{number}); };
}

std::string offer(Attacker& attacker, std::string_view script, std::string_view delivery) {
    const sys::Fd fd(memory(script, kAllSeals));
    attacker.send(framed(kId<StartJob>, start_payload(false, false, delivery)), {fd.get()});
    return attacker.answer();
}

// Ends it and lets the broker forget it.
void clear(Attacker& attacker, JobNumber number) {
    about<CancelJob>(attacker, number);
    attacker.wait_for_end(number);
    about<AckJob>(attacker, number);
}

std::string with_params(Attacker& attacker,
                        std::vector<std::pair<const char*, std::string>> params) {
    Payload payload;
    payload.text("choosy").number(std::uint8_t{0}).text("choosy");
    payload.number(static_cast<std::uint16_t>(params.size()));
    for (const auto& [name, value] : params) payload.text(name).text(value);
    attacker.send(framed(kId<StartCatalogueJob>, payload));
    return attacker.answer();
}

Attack parameters(const char* name, const char* what, const char* reason,
                  std::vector<std::pair<const char*, std::string>> params) {
    return {.name = name,
            .moment = serving,
            .what = what,
            .expected = answered(reason),
            .act = [params](Attacker& a) { return with_params(a, params); }};
}

std::string once_and_again(Attacker& attacker) {
    auto words = offer(attacker, kOnceScript, "the first");
    const auto number = attacker.started().number;
    words += ", " + offer(attacker, kOnceScript, "the first");
    words += ", " + offer(attacker, kOnceScript, "another");
    attacker.wait_for_end(number);
    words += ", " + about<AckJob>(attacker, number);
    return words + ", " + offer(attacker, kOnceScript, "a third");
}

std::string same_delivery(Attacker& attacker) {
    const auto frame = framed(kId<StartCatalogueJob>, Payload()
                                                          .text("one and the same")
                                                          .number(std::uint8_t{0})
                                                          .text("quick")
                                                          .number(std::uint16_t{0}));
    auto words = sends(frame)(attacker);
    const auto number = attacker.started().number;
    words += ", " + sends(frame)(attacker);
    clear(attacker, number);
    return words + ", " + sends(frame)(attacker);
}

std::string acknowledge_too_early(Attacker& attacker) {
    attacker.run("sleeper");
    const auto number = attacker.started().number;
    attacker.wait_for_output();
    const auto words = about<AckJob>(attacker, number);
    clear(attacker, number);
    return words;
}

std::string acknowledge_twice(Attacker& attacker) {
    attacker.run("quick");
    const auto number = attacker.started().number;
    attacker.wait_for_end(number);
    const auto words = about<AckJob>(attacker, number);
    return words + ", " + about<AckJob>(attacker, number);
}

std::string cancel_thrice(Attacker& attacker) {
    attacker.run("sleeper");
    const auto number = attacker.started().number;
    attacker.wait_for_output();
    auto words = about<CancelJob>(attacker, number);
    attacker.wait_for_end(number);
    words += ", " + about<CancelJob>(attacker, number);
    about<AckJob>(attacker, number);
    return words + ", " + about<CancelJob>(attacker, number);
}

std::string fill(Attacker& attacker, const char* name, bool wait) {
    std::vector<JobNumber> numbers;
    std::string words;
    while ((words = attacker.run(name)) == "admitted") {
        numbers.push_back(attacker.started().number);
        attacker.wait_for_output();
        if (wait) attacker.wait_for_end(numbers.back());
    }
    for (const auto number : numbers) clear(attacker, number);
    return std::to_string(numbers.size()) + ", then " + words;
}

std::string changed(Attacker& attacker) {
    std::string text = kOnceScript;
    text[0] = 'E';
    return offer(attacker, text, "a delivery");
}

}  // namespace

std::vector<Attack> attacks_on_jobs() {
    constexpr std::uint64_t kLast = ~std::uint64_t{0};
    return {
        {.name = "approved-and-longer",
         .moment = serving,
         .what = "an approved script and a line",
         .expected = answered("not-approved"),
         .act = [](Attacker& a) { return offer(a, std::string(kOnceScript) + "id\n", "d"); }},
        {.name = "approved-and-changed",
         .moment = serving,
         .what = "an approved script, one letter changed",
         .expected = answered("not-approved"),
         .act = changed},
        {.name = "approved-without-its-end",
         .moment = serving,
         .what = "an approved script without its last byte",
         .expected = answered("not-approved"),
         .act =
             [](Attacker& a) {
                 std::string text = kOnceScript;
                 text.pop_back();
                 return offer(a, text, "d");
             }},
        {.name = "one-shot-again",
         .moment = serving,
         .what = "a one-shot job, again and again",
         .expected =
             answered("admitted, delivery-already-run, job-already-run, ok, job-already-run"),
         .act = once_and_again},
        {.name = "delivery-again",
         .moment = serving,
         .what = "the same frame twice, and once more after its end",
         .expected = answered("admitted, delivery-already-run, delivery-already-run"),
         .act = same_delivery},
        {.name = "ack-of-0",
         .moment = serving,
         .what = "acknowledges job 0",
         .expected = answered("not-ended"),
         .act = about_unknown<AckJob>(0)},
        {.name = "ack-of-last",
         .moment = serving,
         .what = "acknowledges the last number there is",
         .expected = answered("not-ended"),
         .act = about_unknown<AckJob>(kLast)},
        {.name = "ack-too-early",
         .moment = serving,
         .what = "acknowledges a job that runs",
         .expected = answered("not-ended"),
         .act = acknowledge_too_early},
        {.name = "ack-twice",
         .moment = serving,
         .what = "acknowledges a job twice",
         .expected = answered("ok, not-ended"),
         .act = acknowledge_twice},
        {.name = "cancel-of-0",
         .moment = serving,
         .what = "cancels job 0",
         .expected = answered("not-running"),
         .act = about_unknown<CancelJob>(0)},
        {.name = "cancel-of-last",
         .moment = serving,
         .what = "cancels the last number there is",
         .expected = answered("not-running"),
         .act = about_unknown<CancelJob>(kLast)},
        {.name = "cancel-thrice",
         .moment = serving,
         .what = "cancels a job, again after its end, again when it is forgotten",
         .expected = answered("ok, not-running, not-running"),
         .act = cancel_thrice},
        {.name = "ack-of-0-draining",
         .moment = draining,
         .what = "acknowledges job 0 while all ends",
         .expected = answered("not-ended"),
         .act = about_unknown<AckJob>(0)},
        {.name = "start-draining",
         .moment = draining,
         .what = "starts a job while all ends",
         .expected = answered("intake-suspended"),
         .act = [](Attacker& a) { return a.run("quick"); }},
        {.name = "script-draining",
         .moment = draining,
         .what = "brings a script while all ends",
         .expected = answered("not-approved"),
         .act = [](Attacker& a) { return offer(a, "id\n", "d"); }},
        parameters("param-missing", "without the parameter it needs", "parameter-missing", {}),
        parameters("param-unknown", "with one it does not know", "parameter-unknown",
                   {{"count", "1"}, {"PATH", "/tmp"}}),
        parameters("param-loader", "with what would steer the loader", "parameter-unknown",
                   {{"count", "1"}, {"LD_PRELOAD", "/tmp/x.so"}}),
        parameters("param-twice", "with one twice", "parameter-invalid",
                   {{"count", "1"}, {"count", "2"}}),
        parameters("param-out-of-range", "with a number beyond its rule", "parameter-invalid",
                   {{"count", "10"}}),
        parameters("param-not-a-number", "with a command in place of a number", "parameter-invalid",
                   {{"count", "$(id)"}}),
        parameters("param-with-newline", "with a line of environment behind it",
                   "parameter-invalid", {{"count", "1\nLD_PRELOAD=x"}}),
        parameters("param-longest", "with 512 digits", "parameter-invalid",
                   {{"count", std::string(512, '1')}}),
        {.name = "as-many-as-run",
         .moment = serving,
         .what = "starts jobs until there is no room to run one",
         .expected = answered("16, then too-many-jobs"),
         .act = [](Attacker& a) { return fill(a, "sleeper", false); }},
        {.name = "as-many-as-wait",
         .moment = serving,
         .what = "starts jobs and never acknowledges one, until there is no room",
         .expected = answered("32, then too-many-jobs"),
         .act = [](Attacker& a) { return fill(a, "quick", true); }},
    };
}

}  // namespace bulkhead::test
