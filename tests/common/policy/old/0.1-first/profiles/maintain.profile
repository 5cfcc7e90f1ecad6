# Routine upkeep of caches and scratch space: two capabilities, three writable trees, no network.
#
# Not root, and no local sockets either: with CAP_DAC_OVERRIDE they would lead to daemons that are
# root. A job that restarts services wants profile admin.

user bulkhead-job             # an account that owns nothing
group bulkhead-job            # its own group
groups none                   # the capabilities are enough
capabilities CAP_DAC_OVERRIDE CAP_FOWNER   # remove other users' files, in the trees below only
network none                  # upkeep needs none
namespaces mount ipc uts pid  # cannot see or signal the host's processes

execute /usr                  # shells and tools
execute /bin if-present       # the same where /usr is not merged
execute /sbin if-present      # the same
execute /lib if-present       # the loader and libraries
execute /lib64 if-present     # the loader's name on x86-64
read /etc/ld.so.cache if-present      # the loader's index; not all of /etc, see CAP_DAC_OVERRIDE
read /etc/passwd              # names of owners
read /etc/group               # names of groups
read /etc/nsswitch.conf if-present    # where names come from
read /etc/localtime if-present        # time zone
read /etc/os-release if-present       # what system this is
read /proc                    # its own processes, and the host's counters
write /var/cache              # what can be made again
write /var/tmp                # what others left
write /tmp                    # what others left
write /dev/null               # scripts discard output
read /dev/zero                # scripts read zeros
read /dev/urandom             # scripts read randomness
private-tmp no                # the host's own is what it cleans

memory 1GiB                   # compressing and sorting
pids 128                      # pipelines
cpu-percent 100               # one processor
file-size 4GiB                # archives
open-files 1024               # walking large trees
umask 0022                    # what it makes is made for others
nice 10                       # services come first
timeout 1h                    # upkeep of a full disk is slow
output 16MiB                  # bytes kept
seccomp maintain              # seccomp/maintain.seccomp
