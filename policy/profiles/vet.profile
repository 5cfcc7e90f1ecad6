# The child of `bulkhead vet`, dry runs and new-job: an interpreter that parses a script and does not run it. Of an author who
# is not root it has the author's user, of root it has nobody's.
#
# This file and its list of calls are built into `bulkhead`: the child runs where no policy is installed, and a policy that lies
# beside a script comes from the script's author. A changed copy changes nothing; `bulkhead show-confinement vet` tells what holds.

seccomp vet                     # seccomp/vet.seccomp

execute /usr if-present         # interpreters and their libraries
execute /bin if-present         # the same where /usr is not merged
execute /lib if-present         # the loader
execute /lib64 if-present       # the loader's name on x86-64
read /etc/ld.so.cache if-present    # the loader's map
read /dev/null if-present       # standard input
read /dev/urandom if-present    # seeds of interpreters

timeout 10s                     # of processor time
file-size none                  # a check writes nothing
open-files 64                   # a parser needs few
locked-memory none              # nothing to lock
umask 0077                      # no file to make
