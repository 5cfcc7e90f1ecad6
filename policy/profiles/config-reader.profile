# The reader of agent.yaml: a process that lives for one file, before any backend is heard. It turns the operator's text
# into one bounded list for root and one sealed set of settings for each worker, and is gone.
#
# No row: it sees no file of the host's. What it reads and what it answers are descriptors. No network.

seccomp config-reader           # seccomp/config-reader.seccomp

memory 128MiB                   # a file of 1 MiB at most, and what the YAML library makes of it
pids 4                          # it starts none; what libc may
cpu-percent 100                 # one processor
open-files 64                   # settings of 16 backends
locked-memory none              # nothing to lock
umask 0077                      # no file to make
greeting 30s                    # from its start to its answer
