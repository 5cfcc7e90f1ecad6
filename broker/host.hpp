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
// Makes the directories that are missing. An error when one belongs to another than root, or others
// could write to it.
Result<Directories> prepare_directories(const Options& options);
// Removes what an earlier broker left in `directory`: scripts of jobs without a view, or status
// sockets. Call only while holding the ledger's lock, so that no other broker uses them.
Result<> remove_files_in(const std::string& directory);
// What belongs to one backend's worker: STATE/workers/NAME, and the socket on which it answers
// `bulkhead status`. Replaces an existing socket: call only while holding the ledger's lock.
struct HomePlaces {
    sys::Dir state;
    sys::Fd status;
};
Result<HomePlaces> make_home(const Options& options, const std::string& backend,
                             const sandbox::User& user);

// Opens agent.yaml for the config reader. A missing file at the default path is no error (settings
// may all come from the environment): then it is /dev/null. A file must belong to
// root and be writable by nobody else.
Result<sys::Fd> open_config(const std::string& path);

// Walls that this kernel has, and that failed when the broker tried them out here: a user namespace
// may be forbidden by sysctl or by a container.
policy::WallSet not_raised_here();

// Makes this process undumpable, so that it writes no core and nobody without CAP_SYS_PTRACE can
// trace it (PR_SET_DUMPABLE, prctl(2)). Call before anything is opened.
Result<sandbox::Standing> harden_self();
// Sets RLIMIT_NOFILE and the umask of this process, as its profile says.
Result<> limit_self(const policy::Profile& own);
// What the loader needs; nothing where there is no artifacts.policy.
std::uint64_t loader_capabilities(const policy::Policy& policy);
// The capabilities that this broker and all its jobs can ever have: what it needs itself and what
// profiles name. An error says who wants one that is not in `reachable`.
Result<std::uint64_t> ceiling_of(const policy::Policy& policy, std::uint64_t reachable);

// The program beside this one: libexec/bulkhead/worker, or worker/worker of a build tree.
std::string default_worker_path();

// The loader beside this one: libexec/bulkhead/bulkhead-loader, or loader/ of a build tree.
std::string default_loader_path();

// `bulkhead`, the unprivileged tool: ../../bin of libexec/bulkhead, or cli/ of a build tree.
std::string tool_path();

}  // namespace bulkhead::broker
