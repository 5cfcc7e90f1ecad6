// Parameters that are paths: where they lead is looked at by the job itself, behind its walls.
#pragma once
#include <string>

#include "common/base/result.hpp"

namespace bulkhead::broker {

// A parameter of the rule path:PREFIX. admit() has judged `value` as text: it is plain, and beneath
// `prefix`.
struct PathParam {
    std::string name;
    std::string value;
    std::string prefix;
};

// Resolves the value as the caller sees it, with realpath(3). An error names the parameter: it
// leads out of the prefix by a symlink, or cannot be resolved. The last part need not exist, but
// the directory it would be in must, and then it is no symlink that leads nowhere. A prefix that is
// reached by a symlink itself holds nothing: the manifest must name where it leads.
//
// Called with the job's rights, it tells root nothing and opens nothing. Whoever may write beneath
// the prefix can change what it found before the script uses it.
Result<> require_beneath(const PathParam& param);

}  // namespace bulkhead::broker
