// Kills or fails the program under test at a chosen effect. The calls that change a disk are
// defined in the test program itself, where the linker finds them before libc's: the code under
// test knows nothing of it.
#pragma once
#include <chrono>
#include <functional>
#include <string>

namespace bulkhead::test {

enum class Fate {
    none,
    killed_before,            // the effect does not happen
    killed_halfway,           // half of a write happens
    killed_after,             // it happens, and nothing after it
    fails,                    // it returns an error and does nothing
    fails_halfway,            // half of a write happens and is all that is returned
    fails_halfway_and_stays,  // and nothing can be truncated any more
};

// While it lives, the `nth` effect (from 0) meets its fate; the others happen normally.
class Armed {
  public:
    explicit Armed(std::size_t nth = 0, Fate fate = Fate::none, int error = 0);
    ~Armed();
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;
    // So far, one letter each: w(rite) p(write) s(ync) t(runcate) r(ename) a(llocate).
    const std::string& effects() const;
};
// Keeps only what kill -9 keeps: no waiting for disks.
class NoSync {
  public:
    NoSync();
    ~NoSync();
    NoSync(const NoSync&) = delete;
    NoSync& operator=(const NoSync&) = delete;
};

// Runs `body` in a child. What it says is returned, even if it is killed in between; `status` is
// waitpid's.
struct Told {
    std::string text;
    int status = 0;
    bool killed() const;
};
using Say = std::function<void(const std::string&)>;
Told in_child(const std::function<void(const Say&)>& body);
// As above, and SIGKILL from outside after `delay`.
Told killed_after(std::chrono::microseconds delay, const std::function<void(const Say&)>& body);

// As in_child, as root in a mount namespace of its own with a tmpfs of `kib` on `path`.
Told with_small_disk(const std::string& path, int kib, const std::function<void(const Say&)>& body);

}  // namespace bulkhead::test
