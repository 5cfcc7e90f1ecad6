// Netlink: one question to the kernel, answered with a list (NLM_F_DUMP, netlink(7)). Nothing is
// ever changed through it, and no program is started.
#pragma once
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "worker/host/inventory/netlink_message.hpp"

namespace bulkhead::worker {

struct DumpLimits {
    // A list that is longer is cut here, so that a host with a million routes costs no more memory
    // than one with many.
    std::size_t rows = 50'000;
    std::chrono::milliseconds time = std::chrono::seconds(15);
};

struct DumpRequest {
    int protocol = 0;  // NETLINK_ROUTE, NETLINK_SOCK_DIAG
    std::uint16_t type = 0;
    ByteView header;  // what follows nlmsghdr
};

template <class Row>
struct Dump {
    std::vector<Row> rows;
    bool cut = false;  // there were more than the limit
};

// Takes one message; false: no more are wanted. `restart` says that the list begins anew.
struct DumpSink {
    std::function<void()> restart;
    std::function<Result<bool>(const nlmsghdr&)> take;
};
Result<> run_dump(const DumpRequest& request, std::chrono::milliseconds time, const DumpSink& sink);

template <class Row>
using ParseRow = Result<> (*)(const nlmsghdr& message, std::vector<Row>& into);

template <class Row>
Result<Dump<Row>> dump_rows(const DumpRequest& request, ParseRow<Row> parse,
                            const DumpLimits& limits) {
    Dump<Row> dump;
    TRY(run_dump(request, limits.time,
                 {.restart = [&dump] { dump = {}; },
                  .take = [&](const nlmsghdr& message) -> Result<bool> {
                      TRY(parse(message, dump.rows));
                      dump.cut = dump.rows.size() > limits.rows;
                      if (dump.cut) dump.rows.resize(limits.rows);
                      return !dump.cut;
                  }}));
    return dump;
}

template <class Header>
ByteView header_bytes(const Header& header) {
    return std::as_bytes(std::span(&header, 1));
}

}  // namespace bulkhead::worker
