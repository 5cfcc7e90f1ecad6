// How a job ended, in the words that are recorded and told.
#pragma once
#include <string>
#include <vector>

#include "broker/jobs/job_process.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::broker {

protocol::JobEnd could_not_start(const Error& error);
// `end` with what the first process's status adds to it.
protocol::JobEnd judged(protocol::JobEnd end, const JobStatus& status);
// Puts into `end` who still runs of a job that ended by itself.
void count_left_behind(const std::vector<pid_t>& left, protocol::JobEnd& end);

protocol::Remarks in_one(const std::vector<std::string>& remarks);
// Those that `all` does not hold yet.
void add_remarks(const std::vector<std::string>& remarks, protocol::Remarks& all);

}  // namespace bulkhead::broker
