// One host that speaks one dialect: what it keeps on disk, what it sees on its network and what its
// clock says. Each run() is a worker's life from start to end, without the sandbox around it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "tests/backend/reference_backend.hpp"
#include "tests/support/tree.hpp"
#include "worker/session/session.hpp"

namespace bulkhead::worker::test {

class Host {
  public:
    explicit Host(const reference::ReferenceBackend& backend,
                  const std::string& dialect = "grapheon");
    ~Host();

    struct Outcome {
        bool well = false;   // exit status 0
        std::string status;  // what `bulkhead status` would say of the session
    };
    Outcome run(RunMode mode, bool report_now = false);
    // A run that serves, until `done`; false when that took more than half a minute.
    bool serve_until(const std::function<bool()>& done);

    Inventory inventory;
    // In place of `inventory`: the host as it is.
    std::function<Inventory(const DumpLimits&)> collect;
    UnixTime clock{std::chrono::seconds(1'800'000'000)};
    Random random = [] { return 0.0; };
    BackendConfig config;
    bulkhead::test::TempDir state;
    SocketOwners owners;                                            // what the broker knows
    std::function<void(SystemInfo&)> refresh = [](SystemInfo&) {};  // of what the host is

  private:
    Outcome live(RunOptions run, const std::function<bool()>& done);
    void answer(link::Channel& channel) const;
};

// A host with one interface, an address, a neighbour, a default route, an established connection
// and a listener on every address.
Inventory small_inventory();
Socket connection(std::uint16_t local_port, std::uint16_t remote_port);

}  // namespace bulkhead::worker::test
