// Narrator: writes what happens to a terminal, a line at a time. Without a sink it writes nothing.
#pragma once

#include <map>
#include <mutex>

#include "tests/backend/message.hpp"

namespace bulkhead::reference {

class Narrator {
  public:
    using Sink = std::function<void(std::string_view line)>;
    explicit Narrator(Sink sink) : sink_(std::move(sink)) {}

    [[nodiscard]] bool listening() const { return static_cast<bool>(sink_); }
    void say(std::string_view line);
    /// Writes a job's output as whole lines after "| ". `stream` is a name that is unique among the
    /// streams of all jobs.
    void output(const std::string& stream, std::string_view octets);
    /// Writes the unfinished last line.
    void end_output(const std::string& stream);

  private:
    void say_locked(std::string_view prefix, std::string_view line);

    Sink sink_;
    std::mutex mutex_;
    std::map<std::string, std::string> unfinished_;
};

/// "heartbeat web-01 #3  cpu 4.1 %  mem 12.3 %  disk 40 %  load 0.10"; missing values are left out.
std::string heartbeat_line(const std::string& who, const nlohmann::json& body);
std::string result_line(const std::string& job, const nlohmann::json& result);

}  // namespace bulkhead::reference
