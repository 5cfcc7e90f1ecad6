// Shows the backend of an enrolled host that it is alive, and notices when the backend has
// forgotten the host.
#pragma once
#include <functional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/duties/duty_context.hpp"
#include "worker/duties/duty_trouble.hpp"

namespace bulkhead::worker {

class PresenceDuty {
  public:
    struct Callbacks {
        // What is true at present; asked for before each request.
        std::function<PresenceReport()> report;
        std::function<void()> known;
        // The backend knew this host before and does not know it now. start() follows when the host
        // is enrolled again.
        std::function<void()> forgotten;
        // No answer tells whether the backend knows this host; it is asked again at the next time.
        std::function<void()> failed;
    };

    PresenceDuty(const DutyContext& context, const PresenceDialect& dialect, Callbacks callbacks)
        : context_(context), dialect_(dialect), callbacks_(std::move(callbacks)) {}

    // `just_enrolled`: a backend that does not know this host even now will not know it after one
    // more enrollment, so there is none.
    void start(bool just_enrolled);
    void stop();

    void describe(JsonWriter& json) const;
    // What stands between this duty and its next success.
    void tell(std::vector<Trouble>& all) const { trouble_.tell(all, "presence"); }

  private:
    void show();
    void show_again_after(std::chrono::milliseconds delay);
    void on_answer(Answer<Presence> answer);
    void judge(bool known);
    void say(const std::string& trouble);

    const DutyContext& context_;
    const PresenceDialect& dialect_;
    Callbacks callbacks_;
    sys::TimerId timer_;
    bool stopped_ = true;
    bool waiting_ = false;  // for an answer
    bool was_known_ = false;
    DutyTrouble trouble_;
};

}  // namespace bulkhead::worker
