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
#include "cli/findings.hpp"
#include "common/policy/walls.hpp"
#include "common/sys/walk.hpp"
#include "worker/config/ports.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--json"}, kUnit, kPolicyOption, kVendorPolicy};

class Check {
  public:
    explicit Check(const Options& options) : options_(options) {}

    // Of a call that names nothing to check.
    void fail(const Error& error) { add(Severity::error, error.what); }

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
        const bool bad =
            std::ranges::count(findings_, Severity::error, &ConfigFinding::severity) > 0;
        return bad ? kNo : kDone;
    }

    std::string text() const {
        std::string text;
        for (const auto& one : findings_) {
            text += std::string(name_of(one.severity)) + ": " + plain(one.text) + "\n";
        }
        if (!from_.file.empty()) {
            const bool bad = std::ranges::any_of(
                findings_, [](const ConfigFinding& one) { return one.severity != Severity::note; });
            text += plain(from_.file) + ", read with " +
                    (from_.unit.empty() ? "this environment" : plain(from_.unit)) +
                    (bad ? ": see above\n" : ": nothing is wrong\n");
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
        const auto& part = copy->policy.part("worker");
        const bool by_port = std::ranges::count(copy->policy.waivers, policy::kEgressWall,
                                                &policy::WallLine::wall) > 0;
        const auto ports = by_port ? worker::check_ports(config, part.ports)
                                   : worker::check_addresses(config, part.connects);
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
    std::vector<ConfigFinding> findings_;
};

}  // namespace

Result<int> check_config(const Arguments& arguments) {
    const auto options = Options::parse(arguments, kOptions);
    if (!options) {
        const bool asked_for_help = options.error().what == kAskedForHelp;
        if (std::ranges::count(arguments, "--json") > 0 && !asked_for_help) {
            const Options none;
            Check check(none);
            check.fail(options.error());
            TRY(print(check.json()));
        }
        return std::unexpected(options.error());
    }
    Check check(*options);
    const int status = check.run();
    TRY(print(options->has("--json") ? check.json() : check.text()));
    return status;
}

}  // namespace bulkhead::cli
