// What readelf says of a program, and what is wrong with it.
#pragma once
#include <string>
#include <vector>

namespace bulkhead::test {

// What `program` prints, standard error included; stops the test when it fails.
std::string output_of(const std::string& command);

// Nothing for a program that is hardened as ours have to be; else a word for each thing it lacks.
std::vector<std::string> faults_of(const std::string& program);

}  // namespace bulkhead::test
