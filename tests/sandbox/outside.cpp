#include "tests/sandbox/outside.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace bulkhead::sandbox_test {

namespace fs = std::filesystem;

namespace {

constexpr uid_t kStranger = 4242;

void must(bool done, const std::string& what) {
    if (done) return;
    std::perror(("sandbox: " + what).c_str());
    std::abort();
}

void make_file(const std::string& path, mode_t mode) {
    std::ofstream(path) << "text\n";
    must(::chmod(path.c_str(), mode) == 0, path);
}

sys::Fd listen_at(const std::string& name, bool abstract, int type = SOCK_STREAM) {
    sys::Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + (abstract ? 1 : 0), name.data(), name.size());
    const auto size = offsetof(sockaddr_un, sun_path) + name.size() + 1;
    must(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address),
                static_cast<socklen_t>(size)) == 0 &&
             (type == SOCK_DGRAM || ::listen(socket.get(), 16) == 0),
         "listen at " + name);
    return socket;
}

// The first disk of the host, if it shows one.
std::string some_disk() {
    for (const auto& entry : fs::directory_iterator("/dev")) {
        std::error_code failed;
        if (entry.is_block_file(failed)) return entry.path();
    }
    return "/dev/no-disk-on-this-host";
}

}  // namespace

Outside::Outside(const std::string& root) : root_(root) {
    must(::mkdtemp(programs_.data()) != nullptr, programs_);
    const auto unique = programs_.substr(programs_.rfind('/') + 1);
    fs::permissions(programs_, fs::perms(0755));
    for (const auto* name : {"one-trick", "set-user-id"}) {
        fs::copy_file(BULKHEAD_ONE_TRICK, programs_ + "/" + name);
    }
    must(::chmod((programs_ + "/set-user-id").c_str(), 04755) == 0, "chmod");
    make_file(root_ + "/secret", 0600);
    make_file(root_ + "/open", 0666);
    on_path_ = listen_at(root_ + "/socket", false);
    must(::chmod((root_ + "/socket").c_str(), 0666) == 0, "chmod socket");
    datagrams_ = listen_at(root_ + "/datagrams", false, SOCK_DGRAM);
    must(::chmod((root_ + "/datagrams").c_str(), 0666) == 0, "chmod datagrams");
    abstract_ = unique;
    without_path_ = listen_at(abstract_, true);
    must(::mknod((programs_ + "/node").c_str(), S_IFCHR | 0666, 0x105) == 0 &&
             ::chmod((programs_ + "/node").c_str(), 0666) == 0,
         "mknod");
    others_ = "/var/tmp/" + unique;
    yard_ = others_ + "-yard";
    cache_ = "/var/cache/" + unique;
    fs::create_directory(yard_);
    must(::mkfifo((yard_ + "/fifo").c_str(), 0600) == 0, "mkfifo");
    fifo_ = sys::Fd(::open((yard_ + "/fifo").c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
    fs::create_directory(yard_ + "/mount");
    must(::mount("lab", (yard_ + "/mount").c_str(), "tmpfs", 0, "size=1m") == 0, "mount");
    tmp_ = "/tmp/" + unique;
    make_file(tmp_, 0644);
    shm_ = ::shmget(::getpid(), 4096, IPC_CREAT | IPC_EXCL | 0666);
    must(shm_ >= 0, "shmget");
    queue_ = "/" + unique;
    const mode_t before = ::umask(0);
    const mqd_t queue = ::mq_open(queue_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0666, nullptr);
    ::umask(before);
    must(queue >= 0, "mq_open");
    ::mq_close(queue);
}

Outside::~Outside() {
    ::shmctl(shm_, IPC_RMID, nullptr);
    ::mq_unlink(queue_.c_str());
    std::error_code ignored;
    ::umount2((yard_ + "/mount").c_str(), MNT_DETACH);
    for (const auto& path : {programs_, others_, yard_, cache_, tmp_}) {
        fs::remove_all(path, ignored);
    }
}

void Outside::furnish_yard() const {
    for (const auto* made : {"made", "directory", "symlink", "made-fifo", "made-node", "link",
                             "named", "swapped", "empty"}) {
        fs::remove_all(yard_ + "/" + made);
    }
    for (const auto* file : {"removed", "roots", "kept", "name", "other"}) {
        make_file(yard_ + "/" + file, 0600);
    }
    fs::copy_file(BULKHEAD_ONE_TRICK, yard_ + "/program", fs::copy_options::overwrite_existing);
    make_file(yard_ + "/mount/inside", 0644);
    for (const auto* directory : {"swapped", "empty"}) {
        fs::create_directory(yard_ + "/" + directory);
    }
    for (const auto* file : {"removed", "kept", "name", "other", "empty", "swapped", ""}) {
        const auto path = yard_ + "/" + file;
        must(::chown(path.c_str(), kStranger, kStranger) == 0, path);
    }
    fs::permissions(yard_, fs::perms(0700));
    fs::remove_all(cache_);
    fs::create_directories(cache_ + "/swapped");
    make_file(cache_ + "/package.deb", 0644);
}

void Outside::renew(Place place) const {
    furnish_yard();
    make_file(others_, 0640);
    must(::chown(others_.c_str(), kStranger, kStranger) == 0, "chown");
    place["root"] = root_;
    place["set-user-id"] = programs_ + "/set-user-id";
    place["others"] = others_;
    place["yard"] = yard_;
    place["cache"] = cache_;
    place["node"] = programs_ + "/node";
    place["tmp"] = tmp_;
    place["shm"] = std::to_string(::getpid());
    place["queue"] = queue_;
    place["abstract"] = abstract_;
    place["disk"] = some_disk();
    for (const auto* kind : {"mnt", "net", "ipc", "uts", "pid"}) {
        place[std::string("ns-") + kind] =
            fs::read_symlink(std::string("/proc/self/ns/") + kind).string();
    }
    std::ofstream file(programs_ + "/place");
    for (const auto& [key, value] : place) file << key << " " << value << "\n";
    must(file.flush().good(), "write place");
}

}  // namespace bulkhead::sandbox_test
