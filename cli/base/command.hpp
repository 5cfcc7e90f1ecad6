// The subcommands of `bulkhead`. Each has a file of its own and a row in the table of main.cpp.
#pragma once
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace bulkhead::cli {

using Arguments = std::vector<std::string>;

inline constexpr int kDone = 0;
inline constexpr int kNo = 1;     // the answer is no, or the command failed
inline constexpr int kWrong = 2;  // the arguments are wrong, or the policy does not load

// Each returns its exit status. main() prints an error, and exits with kWrong if it is a wrong(),
// else with kNo.
Result<int> status(const Arguments& arguments);
Result<int> metrics(const Arguments& arguments);
Result<int> serve_status(const Arguments& arguments);
Result<int> explain(const Arguments& arguments);
Result<int> artifacts(const Arguments& arguments);
Result<int> jobs(const Arguments& arguments);
Result<int> stop_job(const Arguments& arguments);
Result<int> suspend_jobs(const Arguments& arguments);
Result<int> reload(const Arguments& arguments);
Result<int> leave(const Arguments& arguments);
Result<int> prove(const Arguments& arguments);
Result<int> resume_jobs(const Arguments& arguments);
Result<int> request_reboot(const Arguments& arguments);
Result<int> settings(const Arguments& arguments);
Result<int> migrate(const Arguments& arguments);
std::string names_of_old_agents();  // that migrate --from takes: "hyprnode|lunasentri|..."
Result<int> new_job(const Arguments& arguments);
Result<int> new_artifact(const Arguments& arguments);
Result<int> seal(const Arguments& arguments);
Result<int> unseal(const Arguments& arguments);
Result<int> pin(const Arguments& arguments);
Result<int> dry_run(const Arguments& arguments);
Result<int> accept_lost_ledger(const Arguments& arguments);
Result<int> reset_clock(const Arguments& arguments);
Result<int> check_config(const Arguments& arguments);
Result<int> check_policy(const Arguments& arguments);
Result<int> show_confinement(const Arguments& arguments);
Result<int> verify_audit(const Arguments& arguments);
Result<int> describe_protocol(const Arguments& arguments);
Result<int> revoke(const Arguments& arguments);
Result<int> reasons(const Arguments& arguments);

// The text of an error that stands for an option --help, which main() answers with the help of the
// command.
inline constexpr std::string_view kAskedForHelp = "--help";

// An error of Kind::wrong_input, which the person who called the command has to correct.
[[nodiscard]] inline std::unexpected<Error> wrong(std::string what) {
    return fail(std::move(what), Error::Kind::wrong_input);
}
// `result`, with a hint in its error if the caller lacks the rights.
template <class T>
[[nodiscard]] Result<T> only_root(Result<T> result) {
    if (result || (result.error().code != EACCES && result.error().code != EPERM)) return result;
    auto why = std::move(result).error();
    why.what += "; only root may";
    return std::unexpected(std::move(why));
}
// `result`, with its error turned into a wrong().
template <class T>
[[nodiscard]] Result<T> or_wrong(Result<T> result) {
    if (!result) return wrong(std::move(result).error().what);
    return result;
}

}  // namespace bulkhead::cli
