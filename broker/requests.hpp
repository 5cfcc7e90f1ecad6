// What an operator asks of the running broker: to end a job, and not to begin any. Each is a file
// that only root can make.
#pragma once
#include "broker/context/context.hpp"
#include "common/sys/loop.hpp"

namespace bulkhead::broker {

class Requests {
  public:
    // A directory in STATE/broker. A file `stop-job.NUMBER` in it, whose text is the reason, is
    // removed and then acted on. Other files stay.
    static constexpr std::string_view kFolder = "requests";
    static constexpr std::string_view kStopJob = "stop-job.";

    // `state` is STATE/broker.
    Requests(sys::Loop& loop, Context& broker, std::string state)
        : loop_(loop), broker_(broker), state_(std::move(state)) {}
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    // Looks now, and whenever a file appears or goes in either directory (inotify(7)).
    Result<> follow();
    // Serves the requests that are there, and notices whether intake was suspended or resumed.
    void look();

  private:
    Result<> serve();
    void stop_job(std::string_view number, const std::string& reason);
    void look_at_intake();

    sys::Loop& loop_;
    Context& broker_;
    std::string state_;
    sys::Fd notify_;
    bool suspended_ = false;  // by the mark for all backends, when it was last looked for
};

}  // namespace bulkhead::broker
