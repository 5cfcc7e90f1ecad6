// bulkhead-loader --inspect: what is in an object file, as JSON.
#pragma once
#include <string>

#include "common/base/result.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::loader {

// Confines the process, then reads the object from `from` and returns one line of JSON:
//   {"license":"GPL","btf":true,"core_relocations":0,
//    "programs":[{"name","section","type","instructions","helpers":[]}],
//    "maps":[{"name","type","key_size","value_size","max_entries"}],
//    "rodata":[{"name","size"}],"problems":[]}
// `problems` are what a loader would refuse whatever the manifest says; an object that cannot be
// parsed has one and is no error. Errors: it could not be confined or read, or has more than
// kMaxElf bytes.
Result<std::string> inspect(const sys::Fd& from);

}  // namespace bulkhead::loader
