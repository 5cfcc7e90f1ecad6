#include "tests/backend/misbehaviour.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace bulkhead::reference {
namespace {

using nlohmann::json;
using Kind = Misbehaviour::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 14> kNames{{
    {Kind::none, "none"},
    {Kind::status, "status"},
    {Kind::gateway, "gateway"},
    {Kind::redirect, "redirect"},
    {Kind::cut_before_headers, "cut_before_headers"},
    {Kind::cut_in_body, "cut_in_body"},
    {Kind::not_json, "not_json"},
    {Kind::truncated_json, "truncated_json"},
    {Kind::wrong_types, "wrong_types"},
    {Kind::oversized, "oversized"},
    {Kind::drip, "drip"},
    {Kind::gzip_bomb, "gzip_bomb"},
    {Kind::deep_json, "deep_json"},
    {Kind::odd_text, "odd_text"},
}};

bool spoils_the_real_answer(Kind kind) {
    return kind == Kind::none || kind == Kind::cut_in_body || kind == Kind::truncated_json ||
           kind == Kind::wrong_types;
}

json with_wrong_types(const json& value) {
    if (value.is_string()) return 7;
    if (value.is_number() || value.is_boolean()) return value.dump();
    if (value.is_array()) return json{{"0", value.empty() ? json() : value.front()}};
    if (!value.is_object()) return json::array();
    json wrong = json::object();
    for (const auto& [name, member] : value.items()) wrong[name] = with_wrong_types(member);
    return wrong;
}

/// Gives an answer without a body one that can be truncated or changed.
Answer with_some_body(Answer answer) {
    return answer.body.empty() ? Answer::json(200, {{"heartbeat_seconds", 30}, {"job", nullptr}})
                               : std::move(answer);
}

Answer spoiled(Kind kind, Answer answer) {
    if (kind == Kind::none) return answer;
    answer = with_some_body(std::move(answer));
    if (kind == Kind::cut_in_body) answer.delivery = Answer::Delivery::cut_in_body;
    if (kind == Kind::truncated_json) answer.body.resize(answer.body.size() / 2);
    if (kind == Kind::wrong_types) {
        const auto parsed = json::parse(answer.body, nullptr, false);
        answer.body = dump(with_wrong_types(parsed));
    }
    return answer;
}

std::string gzip_bomb() {
    z_stream stream{};
    constexpr int kGzip = 15 + 16;
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return "";
    std::string zeros(64U << 20U, '0');
    std::string packed(256U << 10U, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(zeros.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

/// \u0000 and lone surrogates, which JSON allows (RFC 8259, 8.2), in each text that a dialect
/// reads.
constexpr std::string_view kOddText =
    R"({"agent_id":"a\u0000b","credential":"c\u0000d","heartbeat_seconds":30,)"
    R"("success":true,"data":{"sensorId":"\ud800","sensorToken":"t\u0000\udfff"},)"
    R"("job":{"id":"\u0000","script":"\ud800\u0000"},"status":"\udc00","message":"\u0000"})";

Answer made_up(const Misbehaviour& wanted) {
    Answer answer =
        Answer::error(wanted.status, "misbehaviour", "the reference backend was told to say this");
    if (!wanted.retry_after.empty()) answer.headers.emplace("Retry-After", wanted.retry_after);
    if (wanted.kind == Kind::redirect) {
        if (answer.status < 300 || answer.status > 399) answer.status = 302;
        answer.headers.emplace("Location", wanted.location);
    }
    if (wanted.kind == Kind::cut_before_headers)
        answer.delivery = Answer::Delivery::cut_before_headers;
    if (wanted.kind == Kind::gateway)
        answer = {.status = wanted.status,
                  .body = "default backend - " + std::to_string(wanted.status) + "\n",
                  .content_type = "text/plain"};
    if (wanted.kind == Kind::not_json)
        answer = {.status = 200,
                  .body = "<html><body>It works!</body></html>\n",
                  .content_type = "text/html"};
    if (wanted.kind == Kind::drip)
        answer = {.status = 200, .body = "{", .delivery = Answer::Delivery::drip};
    if (wanted.kind == Kind::gzip_bomb) {
        answer = {.status = 200, .body = gzip_bomb()};
        answer.headers.emplace("Content-Encoding", "gzip");
    }
    if (wanted.kind == Kind::deep_json) answer = {.status = 200, .body = std::string(100'000, '[')};
    if (wanted.kind == Kind::odd_text) answer = {.status = 200, .body = std::string(kOddText)};
    if (wanted.kind == Kind::oversized) {
        answer = {.status = 200, .body = R"({"padding":")"};
        answer.padding = wanted.mebibytes << 20U;
        answer.chunked = wanted.chunked;
    }
    return answer;
}

bool strikes(const Misbehaviour& misbehaviour, const Call& call) {
    return call.path.starts_with(misbehaviour.path) &&
           (misbehaviour.method.empty() || misbehaviour.method == call.method);
}

}  // namespace

std::string_view name_of(Kind kind) {
    return std::ranges::find(kNames, kind, &std::pair<Kind, std::string_view>::first)->second;
}

std::optional<Kind> misbehaviour_named(std::string_view name) {
    const auto* const found =
        std::ranges::find(kNames, name, &std::pair<Kind, std::string_view>::second);
    if (found == kNames.end()) return std::nullopt;
    return found->first;
}

void Misbehaviours::add(Misbehaviour misbehaviour) {
    const std::lock_guard lock(mutex_);
    pending_.push_back(std::move(misbehaviour));
}

void Misbehaviours::clear() {
    const std::lock_guard lock(mutex_);
    pending_.clear();
}

std::optional<Misbehaviour> Misbehaviours::take(const Call& call) {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(pending_, [&](const Misbehaviour& m) { return strikes(m, call); });
    if (found == pending_.end()) return std::nullopt;
    const auto taken = *found;
    if (found->times > 0 && --found->times == 0) pending_.erase(found);
    return taken;
}

std::vector<Misbehaviour> Misbehaviours::pending() const {
    const std::lock_guard lock(mutex_);
    return pending_;
}

Answer misbehave(const Misbehaviour& misbehaviour, const std::function<Answer()>& handle) {
    if (spoils_the_real_answer(misbehaviour.kind)) return spoiled(misbehaviour.kind, handle());
    if (misbehaviour.takes_effect) handle();
    return made_up(misbehaviour);
}

}  // namespace bulkhead::reference
