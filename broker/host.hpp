// What the broker needs of the host before it serves: directories, files, sockets, kernel features.
#pragma once
#include <string>
#include <vector>

#include "broker/options.hpp"
#include "common/policy/policy.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

struct Places {
    sys::Dir broker_state;  // root's alone
    sys::Dir worker_state;  // the worker's
    sys::Dir logs;
    sys::Fd status;  // of listen_for_status()
};
// Makes what is missing; refuses what others could write.
Result<Places> prepare_places(const Options& options, const sandbox::User& worker);
// Takes away what an earlier run's jobs without a view were run from. They are over, so it is for a
// broker that knows itself to be the only one, as is the next.
Result<> forget_scripts(const Options& options);
// The socket that answers `bulkhead status`. It takes the place of one that stands there, so it is
// for a broker that knows itself to be the only one.
Result<sys::Fd> listen_for_status(const Options& options, const sandbox::User& worker);

// The configuration, to be read by the worker. A missing file is an error only when it was asked
// for by name: settings may all come from the environment.
Result<sys::Fd> open_config(const std::string& path);

// Protections that this kernel cannot give, by their names in `require` lines.
std::vector<std::string> missing_features(int landlock_abi);
// All such names; a `require` line with another is a typing error that would protect nobody.
bool is_feature(std::string_view name);

// Cannot be dumped or traced, no core. For root itself, before it opens anything.
Result<> harden_self();
// Open files and umask, as its profile says.
Result<> limit_self(const policy::Profile& own);
// The capabilities that this broker and all its jobs can ever have: what it needs itself and what
// profiles name. An error says who wants one that is not in `reachable`.
Result<std::uint64_t> ceiling_of(const policy::Policy& policy, std::uint64_t reachable);

// The program beside this one: libexec/bulkhead/worker, or worker/worker of a build tree.
std::string default_worker_path();

// `bulkhead`, the unprivileged tool: ../../bin of libexec/bulkhead, or cli/ of a build tree.
std::string tool_path();

}  // namespace bulkhead::broker
