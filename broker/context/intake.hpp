// May jobs of a backend begin? A worker that breaks the protocol again and again closes the door
// for its own backend, until the operator opens it: `bulkhead resume-jobs` takes the marks away.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "broker/records/audit.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::broker {

class Intake {
  public:
    // The mark of all backends, as releases before 0.2 left it; that of one has its name behind.
    static constexpr std::string_view kMark = "intake-suspended";

    // `directory` is STATE/broker.
    explicit Intake(std::string directory) : directory_(std::move(directory)) {}

    // Looks for the marks. Only root can remove them; that it did is recorded before a job profits
    // from it. Whatever else keeps us from seeing one is no leave.
    bool suspended(std::string_view backend, records::Audit& audit);
    // On disk when this returns; where that fails, until the broker is restarted.
    Result<> suspend(std::string_view backend);

  private:
    struct Door {
        bool stood = false;     // its mark, when it was last looked for
        bool unmarked = false;  // it should stand, and could not be written
    };
    std::string directory_;
    std::map<std::string, Door, std::less<>> doors_;
};

}  // namespace bulkhead::broker
