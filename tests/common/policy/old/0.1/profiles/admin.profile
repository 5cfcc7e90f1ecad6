# Root of this host, and meant to be: files, network, mounts and processes as root has them. Its signatures are the wall.
#
# Kept from it are calls, by seccomp/broker.seccomp and admin.seccomp: modules, another kernel, tracing, io_uring, keys,
# the clock. They bind this process and not root: systemd, cron or the kernel do the same in its place when it asks.
# Such a job can change this directory and the agent itself. Ask for many signatures, valid briefly.

user root                     # it is
group root                    # the same
groups none                   # root needs no more
# All but what is for denied calls (SYS_MODULE, SYS_RAWIO, SYS_BOOT, SYS_TIME, SYS_PACCT, BPF, PERFMON) or a few daemons
# (MAC, AUDIT_READ, ...), and SYS_RESOURCE, which containers lack: no hard limit is raised, oom_score_adj goes only up.
capabilities CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_ADMIN CAP_SYS_NICE CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE CAP_AUDIT_CONTROL CAP_SETFCAP CAP_SYSLOG  # a root shell
network host                  # packages are fetched, ufw and ip are run
namespaces none               # it works on the host itself; what it mounts the host sees
files host                    # any ruleset of Landlock's would forbid mount(2)
private-tmp no                # package scripts leave files for daemons in /tmp

memory 2GiB                   # package managers are large
pids 512                      # compilers and triggers
cpu-percent 200               # two processors
file-size 16GiB               # packages and databases
open-files 4096               # the same
umask 0022                    # what it makes is made for others
nice 5                        # services come first
timeout 2h                    # a distribution upgrade
output 64MiB                  # bytes kept
seccomp admin                 # seccomp/admin.seccomp
