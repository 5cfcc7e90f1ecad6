// The program files that this agent was started from, and whether others lie in their places.
#pragma once
#include <string>
#include <vector>

namespace bulkhead::broker {

// Of the broker's command line: where a start finds its files.
struct StartFiles {
    std::string policy, vendor_policy, config, state, worker, loader;
    std::string config_user;
    bool own_vendor_policy = false;   // it was named on the command line
    bool settings_elsewhere = false;  // settings stand on the command line
};

class Programs {
  public:
    // `worker` and `loader` are open_program() of these paths; `loader` is -1 where none was
    // there. The broker itself is the file of /proc/self/exe (proc(5)), whatever lies at its path.
    Programs(const StartFiles& files, int worker, int loader);

    // A file lies in the place of one that this agent was started from, and is another one. An
    // absent file is not: what was opened goes on to be used.
    bool replaced() const;
    // Changes when one of these files is written or replaced, or a file of the version's policy, of
    // the operator's, agent.yaml, the accounts, or which version wrote the state: what decides how
    // a start of the agent goes.
    std::string stamp() const;
    // Where a start finds the broker.
    const std::string& broker() const { return files_[0].path; }

  private:
    struct File {
        std::string path;
        std::string stamp;  // device and inode; "" if there was none
    };
    std::vector<File> files_;  // the broker's first
    std::vector<std::string> others_, trees_;
};

}  // namespace bulkhead::broker
