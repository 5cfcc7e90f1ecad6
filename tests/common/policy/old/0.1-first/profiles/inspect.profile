# Look, change nothing: an unprivileged user, a read-only view, no network.

user bulkhead-job             # an account that owns nothing
group bulkhead-job            # its own group
groups none                   # "groups adm systemd-journal" would open the logs; decide per fleet
capabilities none             # what the user may not read, the job may not read
network none                  # a finding leaves by the job's output or not at all
namespaces mount ipc uts pid  # sees its own processes; cannot reach those of others

execute /usr                  # shells and tools
execute /bin if-present       # the same where /usr is not merged
execute /sbin if-present      # the same
execute /lib if-present       # the loader and libraries
execute /lib64 if-present     # the loader's name on x86-64
execute /opt if-present       # vendors' tools
read /etc                     # configuration, as far as everybody may read it
read /var                     # state and logs, as far as everybody may read them
read /run                     # process ids and sockets' names
read /srv if-present          # served data
read /proc                    # its own processes, and the host's counters
read /sys                     # devices and interfaces
write /dev/null               # scripts discard output
read /dev/zero                # scripts read zeros
read /dev/urandom             # scripts read randomness
private-tmp yes               # a /tmp and a /var/tmp of its own, which vanish with the job
write /tmp                    # the private one
write /var/tmp                # the private one

memory 512MiB                 # enough for grep and sort, too little to disturb services
pids 64                       # a pipeline, not a fork bomb
cpu-percent 50                # half a processor
file-size 64MiB               # scratch files
open-files 256                # scripts need few
umask 0077                    # what it leaves in scratch is its own
nice 10                       # services come first
timeout 15m                   # a question has an answer by then
output 4MiB                   # bytes kept
seccomp inspect               # seccomp/inspect.seccomp
