#include "cli/migrate/state.hpp"

#include "worker/backend/aegisflux/identity_key.hpp"
#include "worker/backend/grapheon/grapheon_answers.hpp"
#include "worker/state/inventory_store.hpp"

namespace bulkhead::cli::migration {

namespace {

SecretFile kept(const OldAgent& agent, std::string_view folder, std::string_view ending,
                Secret content, std::string origin) {
    const auto file = std::string(folder) + "/" + std::string(agent.dialect) + std::string(ending);
    return {.name = "state/" + file,
            .target = "/var/lib/bulkhead/worker/" + file,
            .owner = "root:root",
            .mode = "600",
            .origin = std::move(origin),
            .content = std::move(content)};
}

// What the old agent has been told and how far it has counted, from its state.json. The elements of
// its last report are not taken over.
Result<std::optional<SecretFile>> grapheons_reports(const OldAgent& agent,
                                                    const std::string& directory,
                                                    const std::string& root) {
    const auto path = directory + "/state.json";
    const auto text = TRY(read_host_file(root, path));
    if (!text) return std::nullopt;
    const auto json = TRY(within(path, worker::JsonValue::parse(text->reveal())));
    worker::InventoryState state;
    state.policy = worker::grapheon::policy_of(json);
    if (const auto number = json.find("sequence_number")) {
        constexpr std::int64_t kMost = 1'000'000'000'000;
        const auto sequence = TRY(within(path + ": sequence_number", number->integer(0, kMost)));
        state.sequence = static_cast<std::uint64_t>(sequence);
    }
    return kept(agent, "inventory", ".state", Secret(worker::format_state(state)),
                path + ", policy and sequence number");
}

Result<State> grapheons(const OldAgent& agent, const std::string& directory,
                        const std::string& root, std::vector<std::string>& notes) {
    const auto uuid = TRY(only_line(root, directory + "/agent_uuid"));
    const auto key = TRY(only_line(root, directory + "/api_key"));
    if (uuid.empty() && !key.empty()) {
        return fail(directory + "/agent_uuid: is missing, and " + directory +
                    "/api_key is of no use without it; restore it from a backup, or have the key "
                    "rotated");
    }
    State state;
    if (!uuid.empty()) {
        state.files.push_back(
            kept(agent, "credentials", ".uuid", Secret(uuid + "\n"), directory + "/agent_uuid"));
        auto reports = TRY(grapheons_reports(agent, directory, root));
        if (reports) state.files.push_back(*std::move(reports));
    }
    if (key.empty()) {
        notes.push_back(directory + " holds no api_key: the agent will register anew.");
        return state;
    }
    state.identity = {.agent_id = uuid, .credential = Secret(key)};
    state.files.push_back(kept_credential(agent, uuid, key, directory + "/agent_uuid and api_key"));
    return state;
}

// The old agent takes the key of its data directory, and without one that of the default directory.
Result<State> aegisfluxs(const OldAgent& agent, const std::string& directory,
                         const std::string& root, std::vector<std::string>& notes) {
    for (const auto& place : {directory, std::string(agent.state)}) {
        const auto path = place + "/identity.key";
        auto key = TRY(read_host_file(root, path));
        if (!key) continue;
        if (const auto usable = worker::check_identity_key(*key); !usable) {
            return fail(path + ": " + usable.error().what +
                        "; restore it, or move it away and the host registers as a new one");
        }
        if (place != directory) {
            notes.push_back(directory +
                            "/identity.key is not there, although AEGIS_DATA_DIR names "
                            "its directory; " +
                            path + " was carried over in its place.");
        }
        State state;
        state.key = Secret(key->reveal());
        state.files.push_back(kept(agent, "credentials", ".key", *std::move(key), path));
        return state;
    }
    return State{};
}

}  // namespace

Result<std::string> only_line(const std::string& root, const std::string& path) {
    const auto text = TRY(read_host_file(root, path));
    if (!text) return std::string();
    std::string line = text->reveal();
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    if (line.find('\n') != line.npos) return fail(path + ": expected one line");
    return line;
}

SecretFile kept_credential(const OldAgent& agent, const std::string& agent_id,
                           const std::string& credential, std::string origin) {
    return kept(agent, "credentials", ".credential",
                Secret("bulkhead-credential v1\nagent-id " + agent_id + "\ncredential " +
                       credential + "\nend\n"),
                std::move(origin));
}

Result<State> read_state(const OldAgent& agent, const std::string& directory,
                         const std::string& root, std::vector<std::string>& notes) {
    const auto place = directory.empty() ? std::string(agent.state) : directory;
    if (agent.name == "grapheon") return grapheons(agent, place, root, notes);
    if (agent.name == "aegisflux") return aegisfluxs(agent, place, root, notes);
    return State{};
}

}  // namespace bulkhead::cli::migration
