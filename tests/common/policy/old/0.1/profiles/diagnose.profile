# Sees the host's processes, sockets, units, journal and network counters, may ask them, and changes nothing.
#
# What it can reach by that: every daemon with a socket that all users may write to (the system bus, journald,
# the name service) and every TCP and UDP service that takes this host's word, each of which decides for itself.
# It reads logs of the groups adm and systemd-journal, and the command lines of all processes.

user bulkhead-diagnose        # an account of its own: it can signal its own processes and no other job's
group bulkhead-diagnose       # its own group
groups adm systemd-journal    # the logs and the journal
capabilities none             # what these groups may not read, the job may not read
network host                  # sockets, addresses and counters are the host's; services can be asked
namespaces mount ipc uts      # the host's processes are seen
require job-view              # the wall that its promise stands on; Landlock is its second
at-once 1                     # two of them would be one user, and could signal each other

execute /usr                  # shells and tools
execute /bin if-present       # the same where /usr is not merged
execute /sbin if-present      # the same
execute /lib if-present       # the loader and libraries
execute /lib64 if-present     # the loader's name on x86-64
execute /opt if-present       # vendors' tools
read /etc                     # configuration, as far as everybody may read it
read /var                     # state and logs
read /run                     # process ids, and the sockets of daemons
read /srv if-present          # served data
read /dev/log if-present      # where logger writes
read /proc                    # the host's processes and counters
read /sys                     # devices and interfaces
private-tmp yes 256MiB        # a /tmp and a /var/tmp of its own, which vanish with the job
write /tmp                    # the private one
write /var/tmp                # the private one

memory 512MiB                 # enough for grep and sort, too little to disturb services
pids 64                       # a pipeline, not a fork bomb
cpu-percent 50                # half a processor
file-size 64MiB               # scratch files
open-files 1024               # lsof and journalctl
umask 0077                    # what it leaves in scratch is its own
nice 10                       # services come first
timeout 15m                   # a question has an answer by then
output 4MiB                   # bytes kept
seccomp diagnose              # seccomp/diagnose.seccomp
