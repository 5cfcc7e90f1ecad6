// What the broker needs of the host before it serves: directories, files, sockets, kernel features.
#pragma once
#include <string>
#include <vector>

#include "broker/options.hpp"
#include "common/policy/policy.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

struct Directories {
    sys::Dir broker_state;   // root's alone
    sys::Dir worker_states;  // root's, with a directory of each backend's worker
    sys::Dir logs;
};
// Makes what is missing; refuses what others could write.
Result<Directories> prepare_directories(const Options& options);
// Takes away what an earlier run's jobs without a view were run from. They are over, so it is for a
// broker that knows itself to be the only one, as is the next.
Result<> forget_scripts(const Options& options);
// And its status sockets, one of which may be of a backend that is configured no more.
Result<> forget_sockets(const Options& options);
// What belongs to one backend's worker: STATE/workers/NAME, and the socket that answers `bulkhead
// status`, which takes the place of one that stands there: for a broker that knows itself to be the
// only one.
struct HomePlaces {
    sys::Dir state;
    sys::Fd status;
};
Result<HomePlaces> make_home(const Options& options, const std::string& backend,
                             const sandbox::User& user);

// The configuration, to be read by its reader. A missing file is an error only when it was asked
// for by name: settings may all come from the environment.
Result<sys::Fd> open_config(const std::string& path);

// Walls that this kernel has and this host does not give, of those that the broker can try out.
policy::WallSet not_raised_here();

// Cannot be dumped or traced, no core. For root itself, before it opens anything.
Result<sandbox::Standing> harden_self();
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
