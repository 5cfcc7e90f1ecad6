# Real root, for package managers and the like: under the broker's ceiling, with limits.
#
# Such a job can change this directory and the agent itself. Ask for many signatures, valid briefly.

user root                     # packages are root's
group root                    # the same
groups none                   # root needs no more
# What installing, configuring and restarting takes. Not there: SYS_ADMIN, SYS_MODULE, SYS_RAWIO,
# SYS_PTRACE, SYS_BOOT, NET_ADMIN, BPF, and every other that reaches the kernel.
capabilities CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETFCAP CAP_SYS_CHROOT CAP_AUDIT_WRITE  # dpkg, rpm, systemctl
network host                  # packages are fetched
namespaces none               # it works on the host itself

read /                        # the host itself
execute /                     # maintainer scripts run from anywhere
write /                       # packages go anywhere
devices /dev                  # terminals and disks answer ioctls
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
