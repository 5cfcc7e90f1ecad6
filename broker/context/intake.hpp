// Whether jobs of a backend may start. None of any backend may while it is held. Intake of a
// backend whose worker keeps violating the protocol is suspended by a file, a mark, until the
// operator removes it: `bulkhead resume-jobs`.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/records/audit.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

class Intake {
  public:
    // The mark for all backends (releases before 0.2 made it). For one backend: kMark.NAME.
    static constexpr std::string_view kMark = "intake-suspended";

    // `directory` is STATE/broker.
    explicit Intake(std::string directory) : directory_(std::move(directory)) {}

    // Looks for the marks. Only root can remove one, and the removal is recorded before a job
    // starts. Any error but ENOENT counts as a mark that is there.
    bool suspended(std::string_view backend, records::Audit& audit);
    // As suspended() does for each backend that was asked about, so that an end is recorded at
    // once.
    void look(records::Audit& audit);
    // Which marks stand, a sentence each: whose jobs, since when, what is written in it.
    std::vector<std::string> standing() const;
    // The mark is on disk when this returns. After an error intake stays suspended until the broker
    // is restarted.
    Result<> suspend(std::string_view backend);

    // Holds intake of all backends, or with "" no longer: what the operator grants and withdraws
    // cannot be read, and `why` says what is wrong with it.
    void hold(std::string why) { held_ = std::move(why); }
    const std::string& held() const { return held_; }

  private:
    struct Mark {
        bool stood = false;      // when it was last looked for
        bool unwritten = false;  // it should be there, and could not be written
    };
    std::string directory_;
    std::string held_;
    std::map<std::string, Mark, std::less<>> marks_;  // by backend
};

}  // namespace bulkhead::broker
