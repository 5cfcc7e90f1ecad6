// The hand-written attacks, one row each. The attacker carries them out, the test judges them: both
// read this table.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/malicious_worker/attacker.hpp"

namespace bulkhead::test {

// When it is sent.
enum class Moment {
    greeting,  // Hello has not been said
    serving,   // it has
    running,   // and job "sleeper" runs
    draining,  // the broker was told to stop
};

struct Expected {
    enum class Kind {
        answered,   // in these words, and nothing else happens
        violation,  // the audit log says so in these words; the worker is killed
        closed,     // taken for a worker on its way out; killed when it stays
    };
    Kind kind;
    std::string words;
};
inline Expected answered(std::string words) { return {Expected::Kind::answered, std::move(words)}; }
inline Expected violation(std::string words) {
    return {Expected::Kind::violation, std::move(words)};
}
inline Expected closed() { return {Expected::Kind::closed, ""}; }

struct Attack {
    std::string name;
    Moment moment;
    std::string what;  // is sent or done
    Expected expected;
    std::function<std::string(Attacker&)> act;  // the answer in words
    // Which kind of descriptor it needs; skipped on a kernel without it.
    std::string needs = {};
};

// A part of the table in each file.
std::vector<Attack> attacks_on_headers();      // length, type, phase
std::vector<Attack> attacks_on_fields();       // payloads
std::vector<Attack> attacks_by_descriptors();  // too many, too few, of the wrong kind
std::vector<Attack> attacks_by_memory();       // seals and sizes
std::vector<Attack> attacks_on_jobs();         // replays, foreign and unknown jobs, parameters
std::vector<Attack> attacks_by_pressure();     // floods, queues, leaving early
std::vector<Attack> attacks_on_readings();     // files and values that root opens
std::vector<Attack> all_attacks();

// --- making frames

// A payload, field by field, right or wrong.
class Payload {
  public:
    template <std::integral T>
    Payload& number(T value) {
        out_.integer(value);
        return *this;
    }
    // u16 length and the bytes; `claimed` in place of the true length.
    Payload& text(std::string_view bytes) {
        return text(bytes, static_cast<std::uint16_t>(bytes.size()));
    }
    Payload& text(std::string_view bytes, std::uint16_t claimed) {
        out_.integer(claimed);
        return raw(bytes);
    }
    Payload& raw(std::string_view bytes) {
        out_.put(as_bytes(bytes));
        return *this;
    }
    const Bytes& bytes() const { return out_.bytes(); }

  private:
    ByteWriter out_;
};

template <class Request>
inline constexpr std::uint16_t kId = Request::spec.id;

struct Lies {
    std::int64_t length = 0;  // added to the true length
    std::uint16_t reserved = 0;
    std::uint32_t serial = 1;
};
Bytes framed(std::uint16_t id, const Payload& payload = {}, Lies lies = {});

// Of StartJob, all well-formed: a script, and a manifest and signatures if they are to follow.
Payload start_payload(bool manifest = false, bool signatures = false,
                      std::string_view delivery = "an attack");

// Sends it, and what came back.
std::function<std::string(Attacker&)> sends(Bytes bytes,
                                            const std::vector<std::string>& kinds = {});

}  // namespace bulkhead::test
