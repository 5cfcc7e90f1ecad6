// How far one run of a worker goes.
#pragma once

namespace bulkhead::worker {

enum class RunMode {
    serve,          // until told to stop
    once,           // enroll, beat, report, scan, run what is waiting
    register_only,  // enroll
    check_in_only,  // enroll if necessary, one heartbeat or inventory report, no jobs
};

struct RunOptions {
    RunMode mode = RunMode::serve;
    bool report_now = false;  // in a run that ends: report the inventory although it is not due yet
};

}  // namespace bulkhead::worker
