// Temporary directories below /run for as long as this lives: on the way to /tmp everybody may
// write, so nothing there is root's alone.
#pragma once
#include <unistd.h>

#include <cstdlib>

namespace bulkhead::test {

struct InRun {
    InRun() {
        if (::geteuid() == 0) ::setenv("TMPDIR", "/run", 1);
    }
    ~InRun() { ::unsetenv("TMPDIR"); }
    InRun(const InRun&) = delete;
    InRun& operator=(const InRun&) = delete;
};

}  // namespace bulkhead::test
