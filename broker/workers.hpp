// All workers, one for each backend.
#pragma once
#include "broker/worker.hpp"

namespace bulkhead::broker {

class Workers {
  public:
    struct Owner {
        // Once: each has been confined or has failed, and one at least has been confined.
        std::function<void(std::size_t confined, std::size_t all)> ready;
        std::function<void(Worker&)> greeted;
        // One-pass mode: all are done; or none was ever confined, for its settings are wrong. With
        // the worst exit status.
        std::function<void(int exit)> done;
        std::function<void()> drained;  // one has ended, and no other will come
    };
    Workers(WorkerGround ground, std::vector<Home> homes, Owner owner);

    void start();
    void replace_all();
    void follow_name_servers();
    bool any_runs() const;
    std::vector<std::string> backends() const;
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
