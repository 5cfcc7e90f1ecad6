#include "cli/migrate/agents.hpp"

#include <algorithm>
#include <array>

namespace bulkhead::cli::migration {

namespace {

using Texts = std::string_view;

constexpr std::array<Texts, 3> kHyprnodeUnits{"hyprnode.service", "hyprbox-node.service",
                                              "hyprbox-hyprnode.service"};
constexpr std::array<Texts, 3> kHyprnodeNotes{
    "HyprBox runs any script it is told to; Bulkhead runs those that you approved. Pin or sign the "
    "scripts you use first: bulkhead new-job, policy/approved/README.md.",
    "Jobs and findings need a node token that is pinned to this node; a token of the whole fleet "
    "is "
    "good for heartbeats only.",
    "A job runs as its profile's user in its sandbox, not as root."};

constexpr std::array<Texts, 2> kLunasentriUnits{"lunasentri-agent.service", "lunasentri.service"};
constexpr std::array<Texts, 1> kLunasentriNotes{
    "A report counts as delivered only when it is answered with 202; the old agent took any page "
    "that answered 200 for a success. If reports fail now, look at the path of url."};

constexpr std::array<Texts, 1> kGrapheonUnits{"grapheon-agent.service"};
constexpr std::array<Texts, 3> kGrapheonNotes{
    "The agent stays and keeps its own time; the old timer has nothing left to start: systemctl "
    "disable --now grapheon-agent.timer",
    "The first check-in is a full snapshot: what the old agent sent last is not carried over.",
    "A socket that several processes share is reported with the lowest pid, where the old agent "
    "took "
    "the last that ss names: such sockets are stored once more."};

constexpr std::array<Texts, 3> kRavenxcopeUnits{
    "ravenxcope-sensor-agent.service", "ravenxcope-sensor.service", "sensor-agent.service"};
constexpr std::array<Texts, 1> kRavenxcopeNotes{
    "In a container the old agent saw the host's files as /host-os-release and /host-hostname. On "
    "the host itself they are not needed."};

constexpr std::array<Texts, 4> kAegisfluxUnits{"aegis-agent.service", "aegisflux-agent.service",
                                               "local-agent.service", "aegis.service"};
constexpr std::array<Texts, 2> kAegisfluxNotes{
    "An artifact is loaded only if an operator approved exactly its bytes, and artifacts.policy "
    "allows its kind and where it is attached: docs/backends.md, \"aegisflux\". Until then each is "
    "declined, with the reason in the log and in bulkhead status. What its backend signed is no "
    "approval.",
    "For /healthz and /status: systemctl enable --now bulkhead-http.socket. They answer as before, "
    "and /healthz with status 503 while something is wrong; the old agent never said so."};

constexpr std::array<OldAgent, 5> kAgents{{
    {.name = "hyprnode",
     .dialect = "hyprbox",
     .units = kHyprnodeUnits,
     .settings_file = "/etc/hyprbox/hyprnode.env",
     .notes = kHyprnodeNotes},
    {.name = "lunasentri",
     .dialect = "lunasentri",
     .units = kLunasentriUnits,
     .settings_file = "/etc/lunasentri/agent.yaml",
     .settings_are_yaml = true,
     .settings_flag = "--config",
     .notes = kLunasentriNotes},
    {.name = "grapheon",
     .dialect = "grapheon",
     .units = kGrapheonUnits,
     .settings_file = "/etc/grapheon-agent.env",
     .settings_flag = "--config",
     .settings_variable = "GRAPHEON_AGENT_CONFIG",
     .state = "/var/lib/grapheon-agent",
     .notes = kGrapheonNotes},
    {.name = "ravenxcope",
     .dialect = "ravenxcope",
     .units = kRavenxcopeUnits,
     .settings_file = "/etc/ravenxcope/sensor-agent.env",
     .settings_win = true,
     .settings_variable = "CONFIG_FILE",
     .notes = kRavenxcopeNotes},
    {.name = "aegisflux",
     .dialect = "aegisflux",
     .units = kAegisfluxUnits,
     .settings_file = "/etc/aegisflux/agent.env",
     .state = "/var/lib/aegis",
     .notes = kAegisfluxNotes},
}};

}  // namespace

std::span<const OldAgent> old_agents() { return kAgents; }

const OldAgent* find_old_agent(std::string_view name) {
    const auto found = std::ranges::find(kAgents, name, &OldAgent::name);
    return found == kAgents.end() ? nullptr : &*found;
}

}  // namespace bulkhead::cli::migration
