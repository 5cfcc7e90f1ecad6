// What a NATS server sends, cut anywhere, and the files that an operator gives: no line is longer
// than its bound, lines do not depend on where the bytes were cut, and no error repeats a secret.
#include "tests/fuzz/target.hpp"
#include "worker/backend/nats/nats_protocol.hpp"
#include "worker/backend/nats/nats_url.hpp"

using namespace bulkhead;

namespace {

struct Heard {
    std::vector<std::string> lines;
    bool whole = true;
};

Heard hear(std::string_view text, std::size_t piece) {
    worker::NatsLines cut;
    Heard heard;
    while (!text.empty() && heard.whole) {
        const auto part = text.substr(0, piece);
        text.remove_prefix(part.size());
        heard.whole = cut.add(part).has_value();
        while (heard.whole) {
            auto line = cut.next();
            if (!line) break;
            fuzz::require(line->find('\n') == line->npos);
            heard.lines.push_back(*std::move(line));
        }
    }
    return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text(data, size);
    const auto by_byte = hear(text, 1);
    const auto by_many = hear(text, 4'096);
    if (by_byte.whole && by_many.whole) fuzz::require(by_byte.lines == by_many.lines);
    for (const auto& line : by_byte.lines) {
        const auto operation = worker::parse_nats_line(line);
        if (!operation) continue;
        const auto* info = std::get_if<worker::NatsInfo>(&*operation);
        if (info == nullptr) continue;
        fuzz::require(info->nonce.size() <= 256 && info->version.size() <= 64);
        fuzz::require(worker::connect_line(*info, {}, {}, false).has_value());
    }
    const auto login = worker::parse_nats_credentials(text);
    fuzz::require(!login || (login->key && !login->jwt.empty()));
    const auto key = worker::NatsUserKey::of_seed(text);
    fuzz::require(!key || (text.size() == 58 && key->public_key().size() == 56));
    const auto url = worker::parse_nats_url(text);
    fuzz::require(!url || (url->port != 0 && !url->host.empty()));
    if (worker::check_nats_subject(text)) {
        fuzz::require(text.find_first_of(" \t\r\n*>") == text.npos);
    }
    return 0;
}
