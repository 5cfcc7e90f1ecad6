// What a worker does before it serves, and what it holds from then on.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "worker/broker/client.hpp"
#include "worker/config/config.hpp"
#include "worker/duties/host_facts.hpp"
#include "worker/host/metrics/proc_files.hpp"
#include "worker/host/system/system_info.hpp"
#include "worker/state/artifact_store.hpp"
#include "worker/state/credentials.hpp"
#include "worker/state/inventory_store.hpp"
#include "worker/state/refusal_store.hpp"
#include "worker/state/sample_store.hpp"
#include "worker/state/spool/spool.hpp"

namespace bulkhead::worker {

struct WorkerResources {
    Config config;
    BrokerClient broker;
    sys::Loop loop;
    ProcFiles proc;  // files of /proc, opened before the sandbox closed it
    sys::Fd disk;    // a file of the host's root file system, for statistics about it
    sys::Dir root;   // of the mount view that the broker has put this process into
    CredentialStore credentials;
    Spool spool;
    InventoryStore inventory;
    RefusalStore refusals;
    SampleStore samples;
    ArtifactStore artifacts;
    SettableFacts settable;  // as they were when `facts.system` was read
    HostFacts facts;
    std::vector<protocol::UnreportedJob> jobs;  // that an earlier worker has not reported
    bool jobs_known = true;                     // there are no others
    bool fetch_jobs = true;
    std::optional<sys::Fd> status_socket;  // listens; absent where the settings want none
};

// Opens what the sandbox forbids later, confines this process, says Hello, opens the state
// directory. Whatever an earlier worker left there is no error: it is removed, with a warning. On
// the heap, for the session refers to its parts.
Result<std::unique_ptr<WorkerResources>> prepare(BrokerClient broker, Config config,
                                                 protocol::Setup setup, const sys::Log& log);

}  // namespace bulkhead::worker
