#include "cli/migrate/state.hpp"

namespace bulkhead::cli::migration {

namespace {

SecretFile kept(const OldAgent& agent, const std::string& ending, Secret content,
                std::string origin) {
    const auto file = "credentials/" + std::string(agent.dialect) + ending;
    return {.name = "state/" + file,
            .target = "/var/lib/bulkhead/worker/" + file,
            .owner = "root:root",
            .mode = "600",
            .origin = std::move(origin),
            .content = std::move(content)};
}

// The only line of the file; empty if there is no file.
Result<std::string> one_line(const std::string& root, const std::string& path) {
    const auto text = TRY(read_host_file(root, path));
    if (!text) return std::string();
    std::string line = text->reveal();
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    if (line.find('\n') != line.npos) return fail(path + ": expected one line");
    return line;
}

Result<std::vector<SecretFile>> grapheons(const OldAgent& agent, const Installation& installation,
                                          const std::string& root,
                                          std::vector<std::string>& notes) {
    std::string directory(agent.state);
    for (const auto& found : installation.found) {
        const bool names_it =
            found.name == "GRAPHEON_AGENT_STATE_DIR" || found.name == "--state-dir";
        if (names_it && !found.text.empty()) directory = found.text;
    }
    const auto uuid = TRY(one_line(root, directory + "/agent_uuid"));
    const auto key = TRY(one_line(root, directory + "/api_key"));
    if (uuid.empty() && !key.empty()) {
        return fail(directory + "/agent_uuid: is missing, and " + directory +
                    "/api_key is of no use without it; restore it from a backup, or have the key "
                    "rotated");
    }
    std::vector<SecretFile> files;
    if (!uuid.empty()) {
        files.push_back(kept(agent, ".uuid", Secret(uuid + "\n"), directory + "/agent_uuid"));
    }
    if (!key.empty()) {
        files.push_back(kept_credential(agent, uuid, key, directory + "/agent_uuid and api_key"));
    } else {
        notes.push_back(directory + " holds no api_key: the agent will register anew.");
    }
    return files;
}

Result<std::vector<SecretFile>> aegisfluxs(const OldAgent& agent, const std::string& root) {
    const std::string path(agent.state);
    auto key = TRY(read_host_file(root, path));
    if (!key) return std::vector<SecretFile>{};
    if (key->reveal().size() != 64) {
        return fail(path +
                    ": expected 64 bytes, the agent's Ed25519 key; restore it, or move it "
                    "away and the host registers as a new one");
    }
    return std::vector{kept(agent, ".key", *std::move(key), path)};
}

}  // namespace

SecretFile kept_credential(const OldAgent& agent, const std::string& agent_id,
                           const std::string& credential, std::string origin) {
    return kept(agent, ".credential",
                Secret("bulkhead-credential v1\nagent-id " + agent_id + "\ncredential " +
                       credential + "\nend\n"),
                std::move(origin));
}

Result<std::vector<SecretFile>> read_state(const OldAgent& agent, const Installation& installation,
                                           const std::string& root,
                                           std::vector<std::string>& notes) {
    if (agent.name == "grapheon") return grapheons(agent, installation, root, notes);
    if (agent.name == "aegisflux") return aegisfluxs(agent, root);
    return std::vector<SecretFile>{};
}

}  // namespace bulkhead::cli::migration
