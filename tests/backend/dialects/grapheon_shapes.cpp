#include "tests/backend/dialects/grapheon_shapes.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace bulkhead::reference::grapheon {

using nlohmann::json;

void Problems::add(const std::string& field, const std::string& message, const std::string& type) {
    errors.push_back({{"field", field}, {"message", message}, {"type", type}});
}

std::optional<Answer> Problems::answer() const {
    if (errors.empty()) return std::nullopt;
    return Answer::json(422, {{"detail", "Validation failed"}, {"errors", errors}});
}

const json* member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

bool is_ip(const std::string& text, bool unspecified_too) {
    const auto bare = text.substr(0, text.find('%'));
    unsigned char octets[16] = {};
    const bool v4 = ::inet_pton(AF_INET, bare.c_str(), octets) == 1;
    if (!v4 && ::inet_pton(AF_INET6, bare.c_str(), octets) != 1) return false;
    return unspecified_too || std::ranges::any_of(octets, [](auto octet) { return octet != 0; });
}

void check_text(const json& object, const char* name, const std::string& at, std::size_t least,
                std::size_t most, bool required, Problems& problems) {
    const auto* value = member(object, name);
    if (value == nullptr) {
        if (required) problems.add(at + name, "Field required", "missing");
        return;
    }
    if (!value->is_string()) return problems.add(at + name, "not a string", "string_type");
    const auto size = value->get_ref<const std::string&>().size();
    if (size < least) problems.add(at + name, "too short", "string_too_short");
    if (size > most) problems.add(at + name, "too long", "string_too_long");
}

void check_number(const json& element, const char* name, const std::string& at, std::int64_t most,
                  bool required, Problems& problems) {
    const auto* value = member(element, name);
    if (value == nullptr) {
        if (required) problems.add(at + name, "Field required", "missing");
        return;
    }
    if (!value->is_number_integer()) return problems.add(at + name, "not an integer", "int_type");
    const auto number = value->get<std::int64_t>();
    if (number < 0 || number > most) problems.add(at + name, "out of range", "less_than_equal");
}

namespace {

void check_ip(const json& element, const char* name, const std::string& at, bool required,
              bool unspecified_too, Problems& problems) {
    const auto* value = member(element, name);
    if (value == nullptr) {
        if (required) problems.add(at + name, "Field required", "missing");
        return;
    }
    if (!value->is_string() || !is_ip(value->get<std::string>(), unspecified_too)) {
        problems.add(at + name, "Value error, invalid IP address", "value_error");
    }
}

void check_mac(const json& element, const std::string& at, Problems& problems) {
    const auto* value = member(element, "mac_address");
    if (value == nullptr) return;
    const auto text = value->is_string() ? value->get<std::string>() : std::string();
    bool good = text.size() == 17;
    for (std::size_t i = 0; good && i < text.size(); ++i) {
        good = i % 3 == 2 ? text[i] == ':' || text[i] == '-'
                          : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    }
    if (!good) problems.add(at + "mac_address", "Value error, invalid MAC", "value_error");
}

void check_word(const json& element, const char* name, const std::string& at, bool required,
                std::initializer_list<std::string_view> words, Problems& problems) {
    const auto* value = member(element, name);
    if (value == nullptr) {
        if (required) problems.add(at + name, "Field required", "missing");
        return;
    }
    auto text = value->is_string() ? value->get<std::string>() : std::string();
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    if (std::ranges::find(words, text) == words.end()) {
        problems.add(at + name, "Value error, not permitted", "value_error");
    }
}

void check_element(const std::string& array, const json& element, const std::string& at,
                   Problems& problems) {
    if (!element.is_object()) return problems.add(at, "not an object", "model_type");
    check_text(element, "interface", at, 0, 255, false, problems);
    check_text(element, "hostname", at, 0, 255, false, problems);
    if (array == "addresses" || array == "neighbors") {
        check_ip(element, "ip_address", at, true, false, problems);
        check_mac(element, at, problems);
        check_number(element, "prefix_length", at, 128, false, problems);
        check_text(element, "state", at, 0, 50, false, problems);
    } else if (array == "connections") {
        check_ip(element, "local_ip", at, true, true, problems);
        check_ip(element, "remote_ip", at, true, true, problems);
        check_number(element, "local_port", at, 65'535, true, problems);
        check_number(element, "remote_port", at, 65'535, false, problems);
        check_word(element, "protocol", at, true, {"tcp", "udp", "sctp", "ip", "icmp"}, problems);
        check_word(element, "state", at, false,
                   {"listen", "established", "time_wait", "close_wait", "fin_wait1", "fin_wait2",
                    "syn_recv", "syn_sent", "closing", "last_ack", "closed", "unknown"},
                   problems);
        check_text(element, "process_name", at, 0, 255, false, problems);
    } else {
        check_text(element, "destination", at, 1, 255, true, problems);
        check_ip(element, "gateway", at, false, false, problems);
        check_ip(element, "source_ip", at, false, false, problems);
    }
}

}  // namespace

void check_arrays(const json& body, std::initializer_list<const char*> arrays, Problems& problems) {
    for (const auto* array : arrays) {
        const auto found = body.find(array);
        if (found == body.end()) continue;
        if (!found->is_array()) {
            problems.add(array, "Input should be a valid list", "list_type");
            continue;
        }
        for (std::size_t i = 0; i < found->size(); ++i) {
            check_element(array, (*found)[i], std::string(array) + "." + std::to_string(i) + ".",
                          problems);
        }
    }
}

void check_host(const json& body, Problems& problems) {
    check_text(body, "agent_uuid", "", 1, 128, true, problems);
    for (const auto* name :
         {"hostname", "platform", "platform_release", "display_name", "site_name", "fqdn"}) {
        check_text(body, name, "", 0, 255, false, problems);
    }
    check_text(body, "agent_version", "", 0, 100, false, problems);
    if (const auto* metadata = member(body, "metadata"); metadata && !metadata->is_object()) {
        problems.add("metadata", "Input should be a valid dictionary", "dict_type");
    }
}

}  // namespace bulkhead::reference::grapheon
