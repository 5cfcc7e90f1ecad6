// All workers, one for each backend.
#pragma once
#include "broker/worker.hpp"

namespace bulkhead::broker {

class Workers {
  public:
    struct Owner {
        // Called once, when each worker has been confined or has failed, and at least one has been
        // confined.
        std::function<void(std::size_t confined, std::size_t all)> ready;
        std::function<void(Worker&)> greeted;
        // In one-pass mode all workers are done, and `exit` is the worst status; or the settings of
        // all are wrong (kBadUsage).
        std::function<void(int exit)> done;
        std::function<void()> drained;  // one has ended while stopping: no other is started
    };
    Workers(WorkerGround ground, std::vector<Home> homes, Owner owner);

    void start();
    void replace_all();
    void replace_all_at_once();
    void follow_name_servers();
    bool any_runs() const;
    // Each that is served is of a backend among `backends`.
    bool all_hold(const std::set<std::string, std::less<>>& backends) const;
    std::vector<std::string> backends() const;
    std::vector<WorkerFacts> facts() const;
    template <class Event>
    void tell(std::string_view backend, const Event& event) {
        for (const auto& one : workers_) {
            if (one->backend() == backend) one->tell(event);
        }
    }
    template <class Event>
    void tell_all(const Event& event) {
        for (const auto& one : workers_) one->tell(event);
    }

  private:
    // How its first start went.
    enum class First { open, confined, failed, wrong };
    void on_greeted(std::size_t which);
    bool on_ended(std::size_t which, int exit);
    void settle(std::size_t which, First how);
    std::size_t count(First how) const;

    WorkerGround ground_;
    Owner owner_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<First> first_;
    std::size_t to_do_;  // in one-pass mode
    int worst_ = 0;
    bool ready_ = false;
};

}  // namespace bulkhead::broker
