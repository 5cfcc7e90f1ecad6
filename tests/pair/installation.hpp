// A whole installation of its own: policy, configuration, state and logs below one directory of
// root's, which goes with the object. Under /run, because on the way to a policy nobody but root
// may write, and under /tmp everybody may.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/strong.hpp"

namespace bulkhead::test {

// A job that policy/approved names. The manifest's job-id is its name.
struct PinnedJob {
    std::string name;
    std::string script;
    std::string profile = "test";
    bool catalogue = false;  // the script lies in policy, the backend only names it
    std::vector<std::pair<std::string, std::string>> params = {};  // name, rule
    std::chrono::seconds timeout{60};
    std::uint64_t output_max = 1_MiB;
    std::string runs = "1000/day";
    bool resumes = false;  // after a restart of the host
    std::string not_before = "2020-01-01T00:00:00Z";
    unsigned format = 1;  // of the manifest
};

class Installation {
  public:
    // Lets the worker connect to this port of the loopback interface.
    explicit Installation(int port);
    ~Installation();
    Installation(const Installation&) = delete;
    Installation& operator=(const Installation&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
    // A directory that jobs of profile `test` and `loose` may write to.
    std::string scratch() const { return path_ + "/scratch"; }

    void write(std::string_view name, std::string_view content) const;
    void append(std::string_view name, std::string_view content) const;
    std::string read(std::string_view name) const;
    bool exists(std::string_view name) const;
    void remove(std::string_view name) const;
    void pin(const PinnedJob& job) const;
    // Files of this directory: what everybody may read, or all of it for the backend `only`.
    void let_backends_have(const std::string& directory, std::string_view only = "") const;

    // What the broker of this installation calls its cgroup.
    std::string cgroup() const;
    // Numbers of all processes in it and below; of those that are jobs.
    std::vector<int> processes() const { return processes_below(cgroup()); }
    std::vector<int> job_processes() const { return processes_below(cgroup() + "/jobs"); }

  private:
    void make_policy(int port) const;
    static std::vector<int> processes_below(const std::string& group);
    std::string path_;
};

}  // namespace bulkhead::test
