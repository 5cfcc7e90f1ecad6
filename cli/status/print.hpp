// Prints a verdict and what it is made of, for people: what comes from a worker is escaped, for a
// terminal acts on control characters.
#pragma once
#include "cli/status/verdict.hpp"

namespace bulkhead::cli {

// One line, for Nagios and scripts: "BULKHEAD WARNING - 2 troubles: ...".
std::string one_line(const Verdict& verdict);
void print_verdict(const Verdict& verdict);
void print_root(const RootFile& root);
// What the worker says otherwise than root is marked; `root` is null where root says nothing.
void print_worker(const Asked& one, const StatusJson& root);

}  // namespace bulkhead::cli
