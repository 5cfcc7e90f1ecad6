// What a loader could attach on this host, as the broker tells it.
#pragma once
#include "common/protocol/artifacts.hpp"
#include "worker/host/system/bpf_support.hpp"

namespace bulkhead::worker {

// Takes the trials over; nothing is changed while none were made. "btf" and "bpf-stats" are no
// kinds of programs, and "tcx" is a way to attach one: they become trials all the same, as their
// names are what a backend is told.
void take_trials(BpfSupport& support, const protocol::FeaturesReply& reply);

}  // namespace bulkhead::worker
