# The loader: a process for one eBPF artifact that an operator's approval admits. It loads and attaches what its plan says,
# hands the descriptors to the broker and is gone. Its capabilities can read the kernel's memory, so it is heard by nobody
# but the broker, and starts only where artifacts.policy exists.

seccomp loader                  # seccomp/loader.seccomp

capabilities CAP_BPF            # loads programs, makes maps
capabilities CAP_PERFMON        # LSM, fentry, fexit and kprobe, and what the verifier allows only with it
capabilities CAP_NET_ADMIN      # attaches to interfaces and to cgroups
memory 128MiB                   # types of the kernel, its verifier's log, and the maps of the artifact, which count here
pids 4                          # it starts none; what libc may
cpu-percent 100                 # one processor: the verifier works in its time
open-files 64                   # 8 programs, 8 links, 16 maps, and as many copies to send
locked-memory none              # maps are counted as memory (Linux 5.11)
umask 0077                      # no file to make
greeting 30s                    # from its start to its answer

read /sys/kernel/btf/vmlinux if-present   # types of the kernel: CO-RE, and functions to attach to
read /sys/devices/kprobe/type if-present  # the number of the kernel's kprobe unit, for perf_event_open(2)
