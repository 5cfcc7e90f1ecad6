// What every duty may use: made once by main, handed down.
#pragma once
#include <functional>
#include <string>

#include "common/sys/clock.hpp"
#include "common/sys/log.hpp"
#include "common/sys/loop.hpp"
#include "worker/backend/dialect/messages.hpp"
#include "worker/broker/client.hpp"
#include "worker/config/config.hpp"
#include "worker/duties/backoff.hpp"
#include "worker/state/credentials.hpp"
#include "worker/state/inventory_store.hpp"
#include "worker/state/refusal_store.hpp"
#include "worker/state/spool/spool.hpp"

namespace bulkhead::worker {

// How far one run goes.
enum class Pass {
    serve,          // until told to stop
    once,           // enroll, beat, report, scan, run what is waiting
    register_only,  // enroll
    check_in_only,  // enroll if necessary, one heartbeat or inventory report, no jobs
};

struct Services {
    sys::Loop& loop;
    BrokerClient& broker;
    const Config& config;
    const sys::Log& log;
    CredentialStore& credentials;
    Spool& spool;
    const InventoryStore& inventory;
    const RefusalStore& refusals;
    const ProcFiles& proc;
    const sys::Fd& disk;  // a file of the host's root file system, for its figures
    Random random;
    Pass pass = Pass::serve;
    bool forced = false;  // in a pass that ends: report the inventory although it is not due yet
    std::function<Inventory(const DumpLimits&)> collect = &collect_inventory;
    std::function<UnixTime()> now = &sys::now;
    std::string host_id;
    std::string policy_digest;   // 64 hex digits, of the policy that decides; changes by reload
    std::string walls_digest;    // of the one that our own walls are made of
    std::string ceiling_digest;  // of the one that made root's ceiling
    bool restart_needed = false;
    Confinement confinement;
    SystemInfo system;
    BpfSupport bpf_support;
    std::function<void()> refresh_system = [] {};  // cheap: reads files only when there is news
    std::function<void()> job_done;                // one delivery less
    // An error that ends the worker: the broker is gone, the spool cannot be written.
    std::function<void(const Error&)> fatal;
};

}  // namespace bulkhead::worker
