// StatusFile: RUN_DIR/broker.json, which root writes and `bulkhead status` reads. Nobody can ask
// root for it.
#pragma once
#include <string>

#include "common/sys/dir.hpp"

namespace bulkhead::broker {

class StatusFile {
  public:
    static constexpr std::string_view kName = "broker.json";

    // `run_dir` is root's, and nobody else can write to it.
    explicit StatusFile(sys::Dir run_dir) : dir_(std::move(run_dir)) {}

    // Replaces it by rename(2). `group` may read it; 0: root alone.
    Result<> write(const std::string& json, gid_t group) const;
    // At a clean stop: a file that stays is that of a broker which died.
    Result<> remove() const { return dir_.remove_file(kName); }

  private:
    sys::Dir dir_;
};

}  // namespace bulkhead::broker
