// HyprBox's interface is not published in full; each guess is an option, and our best guess its
// default.
#pragma once
#include <span>
#include <string>

#include "worker/backend/dialect/option.hpp"

namespace bulkhead::worker {

struct HyprboxOptions {
    std::string node_id;  // empty: the host's name
    std::string region;   // empty: not sent
    std::string ip;       // "auto": what the host's routes say
    std::string agent_version;
    std::string heartbeat_path;
    std::string pending_path;
    std::string output_path;    // {id} stands for the job's id
    std::string complete_path;  // here as well
    std::string findings_path;
    std::string id_member;
    std::string script_member;
    std::string chunk_member;
    std::string rest_member;
    std::string findings_member;

    static std::span<const DialectOption> rows();
    // The environment variables of HyprNode, HyprBox's own agent; it had no flags.
    static std::span<const DialectVariable> variables();
    static HyprboxOptions from(const DialectOptions& options);
};

}  // namespace bulkhead::worker
