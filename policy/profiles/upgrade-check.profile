# The check before an upgrade: what a program that took the broker's place may do while it is asked whether it could start
# with the policy and agent.yaml of this host. It looks, says what is wrong, and ends.

seccomp admin                   # seccomp/admin.seccomp: which calls another version makes is not known to this one

capabilities CAP_DAC_OVERRIDE   # files of the policy may be for root alone to read; with Landlock it writes none
execute /                       # programs, libraries, policy, what the kernel tells of itself; to write nowhere

memory 512MiB                   # every filter compiled once
pids 16                         # it tries walls in children
cpu-percent 100                 # one processor
open-files 256                  # a policy's files, one at a time
file-size 64MiB                 # of files in memory alone, which filters are put into; no other can be written
locked-memory none              # nothing to lock
umask 0077                      # no file to make
greeting 60s                    # from its start to its end
