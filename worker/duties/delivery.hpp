// One job that the broker started for us: its output on the way to the backend, then its result,
// then the broker's leave to forget it.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>

#include "worker/backend/dialect/dialect.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/duties/services.hpp"
#include "worker/duties/upload_pacing.hpp"

namespace bulkhead::worker {

// Everything a delivery needs of the session it belongs to.
struct JobRoute {
    Services& services;
    const BackendConfig& config;
    const JobDialect& dialect;
    HttpClient& client;
    const Identity& identity;
    const bool& open;  // false until the identity is there: what is to be sent waits
};

// What a job owes is sent until the backend has it; a rejected credential may become good again.
bool is_repeatable(const Failure& failure);

class Delivery {
  public:
    using OnDone = std::function<void()>;  // may destroy the delivery

    Delivery(const JobRoute& route, JobNumber number, DeliveryId id, SpoolJob& spool,
             std::array<sys::Fd, 2> pipes, std::string rule);
    ~Delivery();
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    Result<> start(OnDone done);
    // The job ended; what is left of its output and the result follow.
    void ended(const protocol::JobEnd& end, std::string remarks);
    // Sends what there is to send, and can be.
    void consider();

    JobNumber number() const { return number_; }
    const DeliveryId& id() const { return id_; }
    bool running() const { return !end_; }
    void describe(JsonWriter& json) const;

  private:
    enum class Pause { none, flush, retry };

    void take(Output which);
    void watch(Output which);
    void end_stream(Output which);
    void take_again();
    bool send_output();
    void send(Output which, const Chunk& chunk);
    Result<OutputChunk> compose(Output which, const Chunk& chunk) const;
    void on_receipt(Output which, std::uint64_t begin, std::uint64_t end,
                    const Answer<OutputReceipt>& answer);
    bool ends_stream(Output which, const Chunk& chunk) const;
    bool rides_in_result(const Chunk& chunk) const;
    void send_result();
    JobResult compose_result(const std::optional<Chunk>& last) const;
    void on_result(Answer<> answer);
    void wait(Pause reason, std::chrono::milliseconds delay);
    void retry(std::string_view what, const Failure& failure);
    void give_up_output(const std::string& why);
    void drop_output();
    bool all_received() const { return spool_.ended(Output::out) && spool_.ended(Output::err); }

    JobRoute route_;
    JobNumber number_;
    DeliveryId id_;
    SpoolJob& spool_;
    std::array<sys::Fd, 2> pipes_;
    std::array<bool, 2> held_{};  // not read at the moment: the spool or the disk is full
    std::string rule_;
    OnDone done_;
    std::optional<protocol::JobEnd> end_;
    std::string remarks_;
    Backoff backoff_;
    UploadPacing pacing_;
    std::optional<RequestId> request_;  // one at a time keeps order and memory
    Pause pause_ = Pause::none;
    sys::TimerId pause_timer_;
    sys::TimerId disk_timer_;
    bool discard_ = false;  // the backend will not have the output
    std::string trouble_;
};

}  // namespace bulkhead::worker
