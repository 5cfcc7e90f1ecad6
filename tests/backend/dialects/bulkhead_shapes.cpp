#include "tests/backend/dialects/bulkhead_shapes.hpp"

namespace bulkhead::reference::bulkhead_shapes {
namespace {

constexpr std::size_t kIdOctets = 128;
constexpr std::size_t kNameOctets = 255;

Shape hardware() {
    return object({optional("vendor", text(kNameOctets)), optional("model", text(kNameOctets)),
                   optional("serial", text(kNameOctets)), optional("uuid", text(kNameOctets))});
}

Shape system() {
    return object({{"os", text(kNameOctets)},
                   {"os_version", text(kNameOctets)},
                   {"kernel", text(kNameOctets)},
                   {"architecture", text(kNameOctets)},
                   {"cpu_count", integer(1)},
                   optional("memory_total_bytes", integer()),
                   {"boot_time", timestamp()},
                   optional("hardware", hardware())});
}

Shape network_interface() {
    return object({{"name", text(kNameOctets)},
                   {"rx_bytes", integer()},
                   {"tx_bytes", integer()},
                   {"rx_packets", integer()},
                   {"tx_packets", integer()},
                   {"rx_errors", integer()},
                   {"tx_errors", integer()}});
}

// All members are optional, because an agent leaves out a value that it could not read.
Shape metrics() {
    return object(
        {optional("cpu_percent", number()),
         optional("memory", object({{"total_bytes", integer()},
                                    {"used_bytes", integer()},
                                    {"available_bytes", integer()},
                                    {"used_percent", number()}})),
         optional("swap", object({{"total_bytes", integer()}, {"used_bytes", integer()}})),
         optional("disk", object({{"path", text()},
                                  {"total_bytes", integer()},
                                  {"used_bytes", integer()},
                                  {"used_percent", number()},
                                  {"inodes_used_percent", number()}})),
         optional("load", list(number(), 3)), optional("uptime_seconds", number()),
         optional("interfaces", list(network_interface(), 1024)),
         optional("interfaces_left_out", integer()),
         optional("limits",
                  object({{"memory_bytes", integer().or_null()}, {"cpus", number().or_null()}}))});
}

Shape stream_summary() {
    return object({{"bytes", integer()},
                   {"sha256", hex64()},
                   {"dropped", integer()},
                   optional("complete", boolean())});
}

Shape finding() {
    return object({{"type", text(kIdOctets)},
                   {"key", text()},
                   {"severity", one_of({"info", "warn", "critical"})},
                   {"title", text(kNameOctets)},
                   {"message", text()},
                   {"metadata", any_object()},
                   {"related", list(text(), 256)}});
}

Shape address() {
    return object({{"interface", text(kIdOctets).or_null()},
                   {"ip_address", text(kIdOctets)},
                   {"mac_address", text(kIdOctets).or_null()},
                   {"prefix_length", integer()}});
}

Shape neighbor() {
    return object({{"interface", text(kIdOctets).or_null()},
                   {"ip_address", text(kIdOctets)},
                   {"mac_address", text(kIdOctets).or_null()},
                   {"state", text(kIdOctets)}});
}

Shape connection() {
    return object({{"local_ip", text(kIdOctets)},
                   {"local_port", integer()},
                   {"pid", integer(1).or_null()},
                   {"process_name", text(kIdOctets).or_null()},
                   {"protocol", one_of({"tcp", "udp"})},
                   {"remote_ip", text(kIdOctets)},
                   {"remote_port", integer(1).or_null()},
                   {"state", text(kIdOctets)}});
}

Shape route() {
    return object({{"destination", text(kIdOctets)},
                   {"gateway", text(kIdOctets).or_null()},
                   {"interface", text(kIdOctets).or_null()},
                   {"source_ip", text(kIdOctets).or_null()}});
}

}  // namespace

const Shape& enroll() {
    static const Shape shape = object({{"install_token", text(kNameOctets)},
                                       {"host_id", text(kIdOctets)},
                                       {"hostname", text(kNameOctets)},
                                       {"agent_version", text(kIdOctets)},
                                       {"system", system()}});
    return shape;
}

const Shape& heartbeat() {
    static const Shape shape = object(
        {{"agent_id", text(kIdOctets)},
         {"sequence", integer()},
         {"sent_at", timestamp()},
         {"agent_version", text(kIdOctets)},
         {"host_id", text(kIdOctets)},
         {"policy_digest", hex64()},
         optional("walls_digest", hex64()),
         optional("ceiling_digest", hex64()),
         optional("restart_needed", boolean()),
         {"confinement",
          object({{"landlock_abi", integer()}, {"missing", list(text(kIdOctets), 64)}})},
         optional("audit", object({{"size", integer()}, {"head", hex64()}})),
         optional("ledger", object({{"size", integer()}, {"head", hex64()}})),
         optional(
             "troubles",
             list(object({{"code", text(kIdOctets)}, {"since", timestamp()}, {"why", text(512)}}),
                  16)),
         optional("health", object({{"verdict", one_of({"healthy", "trouble"})},
                                    {"troubles", list(object({{"code", text(kIdOctets)},
                                                              {"since", timestamp()},
                                                              {"why", text(512)},
                                                              {"says", one_of({"root", "worker"})},
                                                              optional("tries", integer(1))}),
                                                      32)}})),
         optional("policy_on_disk", object({{"state", one_of({"in-force", "rejected"})},
                                            optional("since", timestamp()),
                                            optional("why", text(512))})),
         {"metrics", metrics()},
         optional("system", system()),
         {"jobs", object({{"running", list(text(kIdOctets), 1024)}, {"unreported", integer()}})}});
    return shape;
}

const Shape& result() {
    static const Shape shape =
        object({{"outcome", one_of({"finished", "refused", "timed_out", "cancelled", "interrupted",
                                    "failed_to_start"})},
                {"exit_code", integer().or_null()},
                {"signal", integer(1).or_null()},
                {"reason", text(kIdOctets)},
                {"detail", text()},
                {"rule", text(kNameOctets)},
                {"wall_ms", integer()},
                {"cpu_ms", integer()},
                {"max_rss_bytes", integer()},
                {"oom_killed", boolean()},
                optional("left_behind", integer(1)),
                optional("left_behind_names", text(kIdOctets)),
                optional("rebooted", boolean()),
                optional("complete", boolean()),
                optional("incomplete", one_of({"output-lost", "output-refused", "output-cut"})),
                optional("remarks", text(1024)),
                {"stdout", stream_summary()},
                {"stderr", stream_summary()}});
    return shape;
}

const Shape& findings() {
    static const Shape shape =
        object({{"agent_id", text(kIdOctets)}, {"findings", list(finding(), 1024)}});
    return shape;
}

const Shape& inventory() {
    static const Shape shape = object({{"agent_id", text(kIdOctets)},
                                       {"sequence", integer(1)},
                                       {"full", boolean()},
                                       {"addresses", list(address())},
                                       {"neighbors", list(neighbor())},
                                       {"connections", list(connection())},
                                       {"routes", list(route())}});
    return shape;
}

const Shape& artifact_state() {
    static const Shape shape =
        object({{"state", one_of({"loading", "loaded", "failed", "expired", "removed", "replaced",
                                  "rolled-back", "drifted", "refused", "unusable"})},
                {"reason", text(64)},
                {"detail", text(1024)},
                {"since", timestamp()},
                optional("expires", timestamp()),
                optional("elf_sha256", hex64()),
                optional("manifest_sha256", hex64()),
                {"programs", integer()},
                {"run_count", integer()},
                {"run_time_ns", integer()},
                {"cpu_millipercent", integer()},
                {"drops", integer()},
                {"pinned", boolean()}});
    return shape;
}

}  // namespace bulkhead::reference::bulkhead_shapes
