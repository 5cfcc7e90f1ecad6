// Closer: a process that receives the descriptors which another process sends to root, hands on
// those that are harmless to close, and closes all of them.
//
// A close(2) does whatever its file asks for. The last one of a removed file frees its blocks,
// which takes minutes when they are scattered; that of a socket may wait for its peer (SO_LINGER,
// socket(7)); a file of a FUSE server or of NFS is flushed by each. So root takes nothing but
// memfds that are sealed, and never does the last close(2) of one. What a process has sent and
// nobody has read is closed by its closer, too.
#pragma once
#include "common/link/channel.hpp"
#include "common/sandbox/child.hpp"

namespace bulkhead::broker {

class Closer {
  public:
    // A child of this process, below its ceiling, without capabilities, and without descriptors but
    // `channel` and a socket to this process.
    // With `bpf` programs, maps and links of bpf(2) are handed on too, which are the loader's to
    // send: closing one detaches it, or leaves the work to the kernel's own threads.
    static Result<Closer> start(const link::Channel& channel, bool bpf = false);

    // Asks it for the next packet of the channel, which must be there. It answers when all that
    // came before is closed.
    Result<> fetch() const { return answers_.send(as_bytes("fetch")); }
    // Readable when it has answered, or ended.
    int answers() const { return answers_.fd(); }
    // The packet; /dev/null stands for each descriptor that is no sealed memfd. Errors are those of
    // link::Channel::receive(), EPIPE if the channel's other end is closed, and EAGAIN when it has
    // not answered. Nothing: it has ended.
    Result<std::optional<link::Packet>> receive() const;
    // Call when the descriptors of the packet are closed here. It closes its own.
    Result<> release() const { return answers_.send(as_bytes("close")); }
    // It ends when all is closed that it holds. Close the channel here before.
    void finish() { answers_ = link::Channel(sys::Fd()); }

    // Becomes readable when it has ended.
    const sys::Fd& pidfd() const { return child_.pidfd(); }
    // The status of waitpid(2); once, then.
    int reap() { return child_.reap().status; }
    pid_t pid() const { return child_.pid(); }

  private:
    Closer(sandbox::Child child, link::Channel answers)
        : child_(std::move(child)), answers_(std::move(answers)) {}
    sandbox::Child child_;
    link::Channel answers_;
};

}  // namespace bulkhead::broker
