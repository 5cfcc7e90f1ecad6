#include "common/sys/time_sync.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include "common/sys/walk.hpp"

namespace bulkhead::sys {

// The call by its number: adjtimex(3) of glibc makes clock_adjtime(2), which stays denied.
Result<bool> kernel_says_synchronised() {
    timex reading{};
    if (::syscall(SYS_adjtimex, &reading) < 0) return fail_errno("adjtimex");
    return (reading.status & STA_UNSYNC) == 0;
}

// The directory belongs to the user of systemd-timesyncd, who may set the clock anyway.
bool timesyncd_says_synchronised(const std::string& state, UnixTime now) {
    const auto place = walk_to_place(state);
    if (!place) return false;
    struct stat directory {};
    struct stat mark {};
    const auto file = place->name + "/synchronized";
    if (::fstatat(place->dir.fd(), place->name.c_str(), &directory, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fstatat(place->dir.fd(), file.c_str(), &mark, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    const bool owned = mark.st_uid == 0 || mark.st_uid == directory.st_uid;
    const bool closed = ((directory.st_mode | mark.st_mode) & (S_IWGRP | S_IWOTH)) == 0;
    if (!S_ISDIR(directory.st_mode) || !S_ISREG(mark.st_mode) || !owned || !closed) return false;
    const UnixTime touched{std::chrono::seconds(mark.st_mtim.tv_sec)};
    return touched <= now && now - touched <= kMarkHolds;
}

}  // namespace bulkhead::sys
