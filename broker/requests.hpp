// What an operator asks of the running broker: to end a job, not to begin any, to put the policy in
// force, and to believe the clock. Each is a file that only root can make.
#pragma once
#include "broker/context/context.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

class Requests {
  public:
    // A directory in STATE/broker. A file `stop-job.NUMBER` in it, whose text is the reason, is
    // removed and then acted on; so is one of the two others, whose text says who asks and why.
    // Other files stay. A reset of the clock that is there at the first look, or is older than
    // kAnswerStays, is dropped.
    static constexpr std::string_view kFolder = "requests";
    static constexpr std::string_view kStopJob = "stop-job.";
    // The same of an artifact: `remove-artifact.ID`.
    static constexpr std::string_view kRemoveArtifact = "remove-artifact.";
    // A file `reload.TOKEN`, empty or not, where TOKEN is of 1 to 64 letters, digits and '-': it is
    // removed, the policy is loaded, and a file `answer.TOKEN` has the verdict: "loaded" or
    // "rejected" in the first line, and what is to be said of it. Who asked removes the answer.
    // One that nobody has removed after kAnswerStays goes.
    static constexpr std::string_view kReload = "reload.";
    static constexpr std::string_view kAnswer = "answer.";
    static constexpr std::chrono::seconds kAnswerStays{60};
    static constexpr std::string_view kResetClock = "reset-clock";
    static constexpr std::string_view kResetTrusted = "reset-clock.i-know";

    // `state` is STATE/broker. `reload` returns the answer.
    Requests(sys::Loop& loop, Context& broker, std::string state,
             std::function<std::string()> reload)
        : loop_(loop), broker_(broker), state_(std::move(state)), reload_(std::move(reload)) {}
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    // Whether a file of that directory was written longer ago than anybody waits for an answer, or
    // in the future; or cannot be asked, as when whoever asked has taken it back.
    static bool is_stale(const sys::Dir& requests, const std::string& name);

    // Looks now, and whenever a file appears or goes in either directory (inotify(7)).
    Result<> follow();
    // Serves the requests that are there, and notices whether intake was suspended or resumed.
    void look();

  private:
    Result<> serve();
    void stop_job(std::string_view number, const std::string& reason);
    void remove_artifact(std::string_view id, const std::string& reason);
    void reload(const sys::Dir& dir, const std::vector<std::string>& tokens);
    void look_at_intake();

    sys::Loop& loop_;
    Context& broker_;
    std::string state_;
    std::function<std::string()> reload_;
    sys::Fd notify_;
    bool looked_ = false;
    bool suspended_ = false;  // by the mark for all backends, when it was last looked for
};

}  // namespace bulkhead::broker
