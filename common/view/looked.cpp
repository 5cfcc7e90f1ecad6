#include "common/view/looked.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "common/base/parse.hpp"
#include "common/sys/fd.hpp"

namespace bulkhead::view {

Looked Looked::at(const std::string& path) {
    Looked looked{.path = path};
    open_how how{};
    how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    const sys::Fd file(
        static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return looked;
    looked.present = true;
    looked.device = info.st_dev;
    looked.inode = info.st_ino;
    if (path == kListing || S_ISLNK(info.st_mode)) {
        looked.changed_ns = info.st_ctim.tv_sec * 1'000'000'000LL + info.st_ctim.tv_nsec;
    }
    return looked;
}

std::string Looked::to_line() const {
    return (present ? "1 " : "0 ") + std::to_string(device) + " " + std::to_string(inode) + " " +
           std::to_string(changed_ns) + " " + path;
}

Result<Looked> Looked::from_line(std::string_view line) {
    std::array<std::string_view, 4> figures;
    for (auto& one : figures) {
        const auto end = line.find(' ');
        if (end == std::string_view::npos) return fail("no line of what was looked at");
        one = line.substr(0, end);
        line.remove_prefix(end + 1);
    }
    return Looked{.path = std::string(line),
                  .present = figures[0] == "1",
                  .device = TRY(parse_number<dev_t>(figures[1])),
                  .inode = TRY(parse_number<ino_t>(figures[2])),
                  .changed_ns = TRY(parse_number<std::int64_t>(figures[3]))};
}

}  // namespace bulkhead::view
