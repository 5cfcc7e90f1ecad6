// Tells the backend what came of its artifacts: of each the latest, one after the other.
#pragma once
#include <map>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/duty_trouble.hpp"

namespace bulkhead::worker {

class ArtifactReports {
  public:
    ArtifactReports(const DutyContext& context, const ArtifactDialect& dialect)
        : context_(context), dialect_(dialect), backoff_(context.random) {}

    // Replaces an older one of the same artifact that was not sent yet. Nothing happens where the
    // backend has no place for it.
    void tell(const ArtifactReport& report);
    void stop();
    // What stands between these reports and the next success.
    void troubles(std::vector<Trouble>& all) const { trouble_.tell(all, "artifact-reports"); }

  private:
    void send();
    void on_answer(const ArtifactReport& sent, const Answer<>& answer);

    const DutyContext& context_;
    const ArtifactDialect& dialect_;
    std::map<std::string, ArtifactReport, std::less<>> waiting_;  // by id; 256 at most
    std::string last_;  // the id of the one before: the next goes on behind it
    bool sending_ = false;
    bool stopped_ = false;
    Backoff backoff_;
    sys::TimerId timer_;
    DutyTrouble trouble_;
};

}  // namespace bulkhead::worker
