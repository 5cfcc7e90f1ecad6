// The broker's command line, as one table; what it does not know it hands on to the worker.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/sys/log.hpp"

namespace bulkhead::broker {

enum class Command { serve, once, migrate_back, version, help, tool };

struct Options {
    Command command = Command::serve;
    std::string policy = "/etc/bulkhead/policy";
    std::string vendor_policy;       // empty: what was installed or built with this program
    bool own_vendor_policy = false;  // it was named on the command line
    std::string config = "/etc/bulkhead/agent.yaml";
    std::string state = "/var/lib/bulkhead";
    std::string log_dir = "/var/log/bulkhead";
    std::string run_dir = "/run/bulkhead";
    std::string log_file;                // empty: standard output
    std::string upgrade_within = "24h";  // see Upgrade
    std::string prepared_views = "yes";  // or "no": see PreparedViews
    std::string systemctl = "/usr/bin/systemctl";
    std::string worker;                      // empty: beside this program
    std::string worker_user = "bulkhead-w";  // and the number of a slot
    std::string config_user = "bulkhead-config";
    std::string loader;  // empty: beside this program
    std::string loader_user = "bulkhead-loader";
    std::vector<std::string> order;     // options that choose the kind of pass, for the workers
    std::vector<std::string> settings;  // checked by the config reader
    sys::Level log_level = sys::Level::info;
    std::vector<std::string> tool;  // Command::tool: a subcommand of `bulkhead`, its arguments
};

// Takes the values of what is handed on out of `arguments`.
Result<Options> parse_options(std::span<char* const> arguments);
std::string help_text();

}  // namespace bulkhead::broker
