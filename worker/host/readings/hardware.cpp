#include "worker/host/readings/hardware.hpp"

#include "common/base/parse.hpp"
#include "common/base/text.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kRows = "hardware-id";  // rows of policy/reads.policy
constexpr const char* kTables = "sys/devices/virtual/dmi/id/";

// The first line, at most 255 bytes of UTF-8; nullopt if it is empty.
std::optional<std::string> value_of(std::string_view file) {
    const auto line = trimmed(file.substr(0, file.find('\n')));
    auto text = BoundaryText<255>::clipped(line).str();
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

std::optional<std::string> public_value(const sys::Dir& root, const std::string& name) {
    return value_of(root.read_file(kTables + name, 4'096).value_or(""));
}

}  // namespace

Hardware read_hardware(const sys::Dir& root) {
    return {.vendor = public_value(root, "sys_vendor"),
            .model = public_value(root, "product_name"),
            .serial = {},
            .uuid = {}};
}

Result<> add_numbers(Hardware& hardware, HostFiles& host) {
    TRY(host.each(kRows, "", [&hardware](const HostFile& file) {
        if (file.path.ends_with("/product_serial")) hardware.serial = value_of(file.content);
        if (file.path.ends_with("/product_uuid")) hardware.uuid = value_of(file.content);
    }));
    return {};
}

}  // namespace bulkhead::worker
