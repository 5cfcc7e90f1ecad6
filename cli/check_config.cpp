// `bulkhead check-config`: reads agent.yaml as the agent does, and says what the broker would say
// of the ports and files that it names.
#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/policy_copy.hpp"
#include "cli/config/agent_sources.hpp"
#include "cli/config/named_files.hpp"
#include "common/base/text.hpp"
#include "common/sys/walk.hpp"
#include "worker/config/ports.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--json"}, kUnit, kPolicyOption, kVendorPolicy};

class Check {
  public:
    explicit Check(const Options& options) : options_(options) {}

    int run() {
        auto from = agent_sources(options_);
        if (!from) {
            add(Severity::error, from.error().what);
            return kWrong;
        }
        from_ = *std::move(from);
        for (const auto& note : from_.notes) add(Severity::note, note);
        auto config = worker::parse_config(from_.sources);
        if (!config) {
            add_lines(config.error().what);
            return kWrong;
        }
        for (const auto& remark : config->remarks) add(Severity::warning, remark);
        check_place();
        check_against_policy(*config);
        const bool bad = std::ranges::count(findings_, Severity::error, &Finding::severity) > 0;
        return bad ? kNo : kDone;
    }

    std::string text() const {
        std::string text;
        for (const auto& one : findings_) {
            text += std::string(name_of(one.severity)) + ": " + quoted(one.text, 4096) + "\n";
        }
        if (!from_.file.empty()) {
            text += quoted(from_.file, 4096) +
                    (from_.unit.empty() ? " with this environment" : ", with " + from_.unit) +
                    (findings_.empty() ? ": nothing is wrong\n" : "\n");
        }
        return text;
    }

    std::string json() const {
        auto list = nlohmann::ordered_json::array();
        for (const auto& one : findings_) {
            list.push_back({{"severity", name_of(one.severity)}, {"text", one.text}});
        }
        const nlohmann::ordered_json document{
            {"format", 1}, {"file", from_.file}, {"unit", from_.unit}, {"findings", list}};
        return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }

  private:
    void add(Severity severity, std::string text) {
        findings_.push_back({severity, std::move(text)});
    }
    void add_lines(std::string_view text) {
        for (const auto line : split(text, '\n')) add(Severity::error, std::string(line));
    }

    // Of the agent's own file it is an error that the broker would not open it; elsewhere it may
    // lie until it is installed.
    void check_place() {
        const auto found = sys::walk(from_.file, "/");
        if (found || found.error().code == EACCES) return;
        add(from_.is_agents ? Severity::error : Severity::note,
            "the agent would not read it where it lies: " + found.error().what);
    }

    void check_against_policy(worker::Config& config) {
        const auto copy = load_policy(from_.policy, options_);
        if (!copy) {
            add(Severity::error, "ports and files were not checked: " + copy.error().what);
            return;
        }
        const auto ports = worker::check_ports(config, copy->policy.part("worker").ports);
        if (!ports) add_lines(ports.error().what);
        const auto directory = from_.sources.environment.find("CREDENTIALS_DIRECTORY");
        for (auto& backend : config.backends) {
            check_named_files(backend, copy->policy.credentials,
                              directory == from_.sources.environment.end() ? "" : directory->second,
                              findings_);
        }
    }

    const Options& options_;
    AgentSources from_;
    std::vector<Finding> findings_;
};

}  // namespace

Result<int> check_config(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    Check check(options);
    const int status = check.run();
    TRY(print(options.has("--json") ? check.json() : check.text()));
    return status;
}

}  // namespace bulkhead::cli
