// Temporary directories below /run for as long as this lives: on the way to /tmp everybody may
// write, so nothing there is root's alone.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace bulkhead::test {

class InRun {
  public:
    InRun() {
        if (const char* const was = ::getenv("TMPDIR")) was_ = was;
        if (::geteuid() == 0) ::setenv("TMPDIR", "/run", 1);
    }
    ~InRun() {
        if (was_) {
            ::setenv("TMPDIR", was_->c_str(), 1);
        } else {
            ::unsetenv("TMPDIR");
        }
    }
    InRun(const InRun&) = delete;
    InRun& operator=(const InRun&) = delete;

  private:
    std::optional<std::string> was_;
};

}  // namespace bulkhead::test
