#include "worker/backend/nats/nats_protocol.hpp"

#include <strings.h>

#include <algorithm>

#include "common/base/parse.hpp"
#include "common/base/text.hpp"
#include "worker/backend/json/json.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::size_t kMaxNonce = 256;
constexpr std::int64_t kMostPayload = 1'073'741'824;

// The operation's name may be in capitals or not.
bool begins(std::string_view line, std::string_view name) {
    if (line.size() < name.size() || ::strncasecmp(line.data(), name.data(), name.size()) != 0) {
        return false;
    }
    return line.size() == name.size() || line[name.size()] == ' ' || line[name.size()] == '\t';
}

Result<bool> truth(const JsonValue& json, std::string_view member) {
    const auto value = json.find(member);
    return value ? value->truth() : Result<bool>(false);
}

Result<std::string> text(const JsonValue& json, std::string_view member, std::size_t max) {
    const auto value = json.find(member);
    return value ? value->text(max) : Result<std::string>("");
}

Result<NatsInfo> parse_info(std::string_view document) {
    const auto json = TRY(JsonValue::parse(document));
    if (!json.is_object()) return fail("not an object");
    NatsInfo info{.tls_required = TRY(truth(json, "tls_required")),
                  .tls_available = TRY(truth(json, "tls_available")),
                  .tls_verify = TRY(truth(json, "tls_verify")),
                  .auth_required = TRY(truth(json, "auth_required")),
                  .nonce = TRY(text(json, "nonce", kMaxNonce)),
                  .version = TRY(text(json, "version", 64))};
    const auto most = json.find("max_payload");
    info.max_payload = most ? static_cast<std::uint64_t>(TRY(most->integer(0, kMostPayload))) : 0;
    return info;
}

std::string_view unquoted(std::string_view text) {
    if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
        text = text.substr(1, text.size() - 2);
    }
    return text;
}

}  // namespace

Result<NatsOperation> parse_nats_line(std::string_view line) {
    if (begins(line, "PING")) return NatsPing{};
    if (begins(line, "PONG")) return NatsPong{};
    if (begins(line, "+OK")) return NatsOk{};
    if (begins(line, "-ERR")) return NatsRefusal{std::string(unquoted(trimmed(line.substr(4))))};
    if (begins(line, "INFO")) return TRY(within("INFO", parse_info(trimmed(line.substr(4)))));
    return fail(quoted(line, 32) + " is nothing that a NATS server sends to one that publishes");
}

Result<> NatsLines::add(std::string_view bytes) {
    if (bytes.find('\0') != bytes.npos) return fail("a NUL, which no line of NATS holds");
    held_ += bytes;
    // Whole lines are bounded too: all but the last were taken before more is added.
    const auto last = held_.rfind('\n');
    const auto open = last == held_.npos ? held_.size() : held_.size() - last - 1;
    if (open > kMaxLine) return fail("a line of more than 64 KiB");
    return {};
}

std::optional<std::string> NatsLines::next() {
    const auto end = held_.find('\n');
    if (end == held_.npos) return std::nullopt;
    auto line = held_.substr(0, end);
    held_.erase(0, end + 1);
    if (held_.empty()) held_ = {};  // no memory is kept for a long INFO
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

Result<Secret> connect_line(const NatsInfo& info, const NatsLogin& login, const NatsClientName& who,
                            bool over_tls) {
    if (login.key && info.nonce.empty()) {
        return fail("the server has no users with nkeys (it sends no nonce), and " + login.setting +
                    " of agent.yaml gives one; see authorization of the server");
    }
    JsonWriter json;
    json.begin_object();
    json.put("verbose", false).put("pedantic", false).put("tls_required", over_tls);
    if (login.key) {
        if (login.jwt.empty()) {
            json.put("nkey", login.key->public_key());
        } else {
            json.put("jwt", login.jwt.reveal());
        }
        json.put("sig", login.key->sign(info.nonce));
    }
    if (!login.token.empty()) json.put("auth_token", login.token.reveal());
    if (!login.user.empty()) {
        json.put("user", login.user).put("pass", login.password.reveal());
    }
    json.put("name", who.name).put("lang", std::string_view("bulkhead"));
    json.put("version", who.version).put("protocol", 1).put("echo", false);
    json.end();
    return Secret("CONNECT " + std::move(json).take() + "\r\n");
}

void append_publication(std::string& to, std::string_view subject, std::string_view payload) {
    to += "PUB ";
    to += subject;
    to += ' ';
    to += std::to_string(payload.size());
    to += "\r\n";
    to += payload;
    to += "\r\n";
}

Result<> check_nats_subject(std::string_view text) {
    if (text.empty() || text.size() > 256) return fail("must be 1 to 256 characters");
    const auto odd = [](char c) { return c <= ' ' || c > '~' || c == '*' || c == '>'; };
    if (std::ranges::any_of(text, odd)) {
        return fail("holds a blank, a wildcard (* or >) or an odd character");
    }
    for (const auto token : split(text, '.')) {
        if (token.empty()) return fail("has nothing before, behind or between two dots");
    }
    if (text.starts_with('$')) return fail("begins with $, as the server's own subjects do");
    return {};
}

}  // namespace bulkhead::worker
