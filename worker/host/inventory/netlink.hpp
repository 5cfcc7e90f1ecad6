// Dump requests (NLM_F_DUMP, netlink(7)): one request to the kernel, which answers with a list.
// Requests that change something are never sent.
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
    // Rows that are kept of a list; it bounds the memory that a host with a million routes costs.
    std::size_t rows = 50'000;
    // For the whole dump, repetitions included.
    std::chrono::milliseconds time = std::chrono::seconds(15);
};

struct DumpRequest {
    int protocol = 0;  // NETLINK_ROUTE, NETLINK_SOCK_DIAG
    std::uint16_t type = 0;
    ByteView header;  // the fixed part behind nlmsghdr: ifinfomsg, rtmsg, ...
};

template <class Row>
struct Dump {
    std::vector<Row> rows;
    bool cut = false;  // there were more rows than DumpLimits::rows
};

struct DumpSink {
    std::function<void()> restart;  // the list begins anew: drop what take() got
    std::function<Result<bool>(const nlmsghdr&)> take;  // false: no further message is wanted
};
// Passes each message of the answer to `sink`. A dump that the kernel marks as inconsistent
// (NLM_F_DUMP_INTR) is run again, at most five times in all; the last is used as it is. Errors:
// those of socket(2), send(2) and recv(2), an errno in the answer, a malformed message, `time`
// passed, and those of take().
Result<> run_dump(const DumpRequest& request, std::chrono::milliseconds time, const DumpSink& sink);

// Appends what `message` describes; may ignore it.
template <class Row>
using ParseRow = Result<> (*)(const nlmsghdr& message, std::vector<Row>& into);

// run_dump() with a list of rows as its sink.
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

// Refers to `header`, which must outlive the view.
template <class Header>
ByteView header_bytes(const Header& header) {
    return std::as_bytes(std::span(&header, 1));
}

}  // namespace bulkhead::worker
