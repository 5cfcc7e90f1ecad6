// A subcommand of `bulkhead`: one file each, one row in the table of main.cpp.
#pragma once
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli {

using Arguments = std::vector<std::string>;

inline constexpr int kDone = 0;
inline constexpr int kNo = 1;     // the answer is no, or it could not be done
inline constexpr int kWrong = 2;  // a wrong call, or a policy that cannot be used

// Each returns its exit status; an error is printed and is kNo, or kWrong when it is a wrong().
Result<int> status(const Arguments& arguments);
Result<int> jobs(const Arguments& arguments);
Result<int> resume_jobs(const Arguments& arguments);
Result<int> request_reboot(const Arguments& arguments);
Result<int> settings(const Arguments& arguments);
Result<int> migrate(const Arguments& arguments);
Result<int> new_job(const Arguments& arguments);
Result<int> seal(const Arguments& arguments);
Result<int> dry_run(const Arguments& arguments);
Result<int> check_policy(const Arguments& arguments);
Result<int> show_confinement(const Arguments& arguments);
Result<int> verify_audit(const Arguments& arguments);
Result<int> describe_protocol(const Arguments& arguments);
Result<int> reasons(const Arguments& arguments);

// What the caller has to mend.
[[nodiscard]] inline std::unexpected<Error> wrong(std::string what) {
    return fail(std::move(what), Error::Kind::wrong_input);
}
template <class T>
[[nodiscard]] Result<T> or_wrong(Result<T> result) {
    if (!result) return wrong(std::move(result).error().what);
    return result;
}

}  // namespace bulkhead::cli
