# Deletes other users' files in named scratch trees, and does nothing else to them: no writing, no modes, no links.
#
# Not root: its capabilities end at the rows "remove", which a user namespace and ID-mapped mounts see to. None of
# the trees holds what root later runs or trusts; keep it so, bulkhead check-policy knows the usual ones. What has
# to be written, restarted or installed is for profile admin.

user bulkhead-job             # an account that owns nothing
group bulkhead-job            # its own group
groups none                   # the capabilities are enough
capabilities CAP_DAC_OVERRIDE CAP_FOWNER   # delete other users' files, beneath the rows "remove" only
network none                  # upkeep needs none
namespaces mount ipc uts pid  # cannot see or signal the host's processes
require job-view              # the trees below are all there is
require id-map                # the capabilities end at the trees
require landlock              # of a tree that it deletes from it can do nothing but that

execute /usr                  # shells and tools
execute /bin if-present       # the same where /usr is not merged
execute /sbin if-present      # the same
execute /lib if-present       # the loader and libraries
execute /lib64 if-present     # the loader's name on x86-64
read /etc/ld.so.cache if-present      # the loader's index
read /etc/alternatives if-present     # where awk, which and others lead
read /etc/passwd              # names of owners
read /etc/group               # names of groups
read /etc/nsswitch.conf if-present    # where names come from
read /etc/localtime if-present        # time zone
read /etc/os-release if-present       # what system this is
read /etc/ssl/openssl.cnf if-present  # openssl(1), node and others do not start without
read /proc                    # its own processes, and the host's counters
remove /tmp                   # what others left
remove /var/tmp               # what others left
remove /var/crash if-present  # reports of crashes
remove /var/lib/systemd/coredump if-present  # core dumps
private-tmp no                # the host's own is what it cleans

memory 1GiB                   # sorting long lists
pids 128                      # pipelines
cpu-percent 100               # one processor
file-size 64MiB               # scratch files in its /dev/shm
open-files 1024               # walking large trees
umask 0077                    # what it leaves in scratch is its own
nice 10                       # services come first
timeout 1h                    # a full disk is slow
output 16MiB                  # bytes kept
seccomp maintain              # seccomp/maintain.seccomp
