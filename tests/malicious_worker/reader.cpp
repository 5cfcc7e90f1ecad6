#include "tests/malicious_worker/reader.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "tests/malicious_worker/attacks.hpp"
#include "worker/confine.hpp"

namespace bulkhead::test {

namespace {

using protocol::BackendEntry;
using protocol::Configured;

std::string variable(const std::string& name, const char* otherwise) {
    const char* const text = std::getenv(name.c_str());
    return text == nullptr ? otherwise : text;
}

std::string settings_of(const std::string& backend) {
    const auto orders = variable("MALICE_ORDERS", "");
    std::string text =
        "MALICE_ORDERS=" + variable("MALICE_ORDERS_" + backend, orders.c_str()) + "\n";
    for (const char* name : {"MALICE_PLACE", "MALICE_PORT"}) {
        text += std::string(name) + "=" + variable(name, "") + "\n";
    }
    return text;
}

BackendEntry entry_of(const std::string& backend) {
    BackendEntry entry;
    entry.name = protocol::BackendName::clipped(backend);
    entry.dialect = protocol::Name::clipped("bulkhead");
    entry.settings.fd = sys::Fd(memory(settings_of(backend), kAllSeals));
    return entry;
}

void bend(Configured& list, std::string_view how) {
    auto& entries = list.backends.items;
    if (how == "ill-formed") entries[0].name = protocol::BackendName::clipped("../etc");
    if (how == "repeated") entries.push_back(entry_of(entries[0].name.str()));
    if (how == "none") entries.clear();
    if (how == "unsealed") entries[0].settings.fd = sys::Fd(memory("{}", 0));
    if (how == "too-long") {
        entries[0].settings.fd = sys::Fd(memory("", kAllSeals, protocol::kMaxSettings + 1));
    }
    if (how == "shadow") {
        entries[0].files.items.push_back(
            {.key = protocol::Code::clipped("credential_file"),
             .path = protocol::CredentialPath::clipped("/etc/shadow")});
    }
}

void say(const link::Channel& channel, const protocol::Frame& frame) {
    static_cast<void>(channel.send(frame.bytes, frame.descriptors));
    static_cast<void>(channel.receive());
}

// Seventeen do not pass through encode(), which cuts the list.
protocol::Frame seventeen(const Configured& list) {
    Payload payload;
    payload.number(std::uint16_t{17});
    for (int i = 0; i < 17; ++i) {
        payload.text("backend-" + std::to_string(i)).text("bulkhead").number(std::uint16_t{0});
    }
    return {framed(kId<Configured>, payload),
            std::vector<int>(17, list.backends.items[0].settings.fd.get())};
}

}  // namespace

int stand_in_for_reader() {
    const link::Channel channel{sys::Fd(3)};
    auto packet = channel.receive();
    if (!packet || !*packet) return 1;
    auto order = protocol::decode<protocol::ReadConfig>((*packet)->bytes, (*packet)->descriptors);
    if (!order) return 1;
    const auto how = variable("MALICE_READER", "honest");
    if (how != "unconfined" && !worker::confine(order->seccomp, order->landlock)) return 1;
    Configured list;
    std::istringstream names(variable("MALICE_BACKENDS", "main"));
    for (std::string name; names >> name;) list.backends.items.push_back(entry_of(name));
    bend(list, how);
    if (how == "garbage") {
        static_cast<void>(channel.send(as_bytes("nothing that is a frame")));
    } else if (how == "worker") {
        say(channel, protocol::encode(kId<protocol::Hello>, 1, protocol::Hello{}).value());
    } else if (how == "seventeen") {
        say(channel, seventeen(list));
    } else if (how != "silent") {
        const auto frame = protocol::encode(kId<Configured>, 1, list).value();
        say(channel, frame);
        if (how == "twice") say(channel, frame);
    }
    while (how == "silent" || how == "lingers") ::poll(nullptr, 0, -1);
    return 0;
}

void take_settings(const Attacker& attacker) {
    std::istringstream lines(
        sys::read_from_start(attacker.setup().settings.fd, protocol::kMaxSettings).value_or(""));
    for (std::string line; std::getline(lines, line);) {
        const auto equals = line.find('=');
        if (equals == line.npos) continue;
        ::setenv(line.substr(0, equals).c_str(), line.substr(equals + 1).c_str(), 1);
    }
}

}  // namespace bulkhead::test
