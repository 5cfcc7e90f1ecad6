// Who a job is: user, groups, and what a set-user-id program makes of it.
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "tests/sandbox/tricks/trick.hpp"

namespace bulkhead::sandbox_test {

namespace {

constexpr uid_t kStranger = 4242;

// As whoever is not root: a file that says "run me as root".
std::string run_set_user_id(const Place& place) {
    constexpr uid_t kGames = 5;
    if (::geteuid() == 0 && ::setresuid(kGames, kGames, kGames) != 0) return answer(-1);
    return output_of({place.at("set-user-id"), "--euid"});
}

}  // namespace

std::vector<Trick> identity_tricks() {
    return {
        {.name = "become-root",
         .layer = "uid",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return answer(::setresuid(0, 0, 0)); }},
        {.name = "become-stranger",
         .layer = "uid",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return answer(::setresuid(kStranger, kStranger, kStranger)); }},
        {.name = "take-group-root",
         .layer = "uid",
         .answers = only_admin("EPERM"),
         .play = [](const Place&) { return answer(::setresgid(0, 0, 0)); }},
        {.name = "take-more-groups",
         .layer = "uid",
         .answers = only_admin("EPERM"),
         .play =
             [](const Place&) {
                 const gid_t group = 0;
                 return answer(::setgroups(1, &group));
             }},
        {.name = "who-am-i",
         .layer = "uid",
         .answers = {.inspect = "5:60+0",
                     .diagnose = "38:38+2",
                     .maintain = "5:60+0",
                     .admin = "0:0+0",
                     .bare = "*"},
         .play =
             [](const Place&) {
                 return std::to_string(::getuid()) + ":" + std::to_string(::getgid()) + "+" +
                        std::to_string(::getgroups(0, nullptr));
             }},
        {.name = "read-roots-file",
         .layer = "uid",
         .answers = {.inspect = "EACCES",
                     .diagnose = "EACCES",
                     .maintain = "ENOENT view",
                     .admin = "ok",
                     .bare = "ok"},
         .play =
             [](const Place& place) {
                 return answer(::open((place.at("root") + "/secret").c_str(), O_RDONLY));
             }},
        {.name = "run-set-user-id",
         .layer = "no_new_privs",
         .answers = {.inspect = "5", .diagnose = "38", .maintain = "5", .admin = "5", .bare = "0"},
         .play = run_set_user_id},
        {.name = "no-new-privs",
         .layer = "no_new_privs",
         .answers = {.inspect = "1", .diagnose = "1", .maintain = "1", .admin = "1", .bare = "*"},
         .play =
             [](const Place&) { return std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); }},

    };
}

}  // namespace bulkhead::sandbox_test
