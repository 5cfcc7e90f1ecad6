// Opens what rows of reads.policy name. What is opened is never read here.
#pragma once
#include <span>

#include "common/policy/policy.hpp"
#include "common/protocol/requests.hpp"

namespace bulkhead::broker {

// True when one of the rows names `only`, or it is empty.
bool are_listed(std::span<const policy::ReadRow> rows, std::string_view only);

// The files of the rows, sorted by path, as far as `request` wants them and an answer holds them.
void open_host_files(std::span<const policy::ReadRow> rows, const protocol::OpenHostFile& request,
                     protocol::HostFilesReply& reply);

}  // namespace bulkhead::broker
