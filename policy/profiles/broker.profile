# The broker, the half that is root: what it keeps of root's powers. The bounding set holds these and what the profiles
# of jobs name, and no other; at rest none is in force but those of "in-force", the others are raised for a step.

seccomp broker                  # seccomp/broker.seccomp: the ceiling, for itself and for all that it starts

capabilities CAP_SYS_ADMIN      # makes namespaces and mounts, loads the worker's egress
capabilities CAP_SYS_CHROOT     # joins the worker's, setns(2), and fills its view
capabilities CAP_SETPCAP        # narrows children
capabilities CAP_SETUID         # makes them other users
capabilities CAP_SETGID         # the same
capabilities CAP_DAC_OVERRIDE   # finds what other users' jobs use
capabilities CAP_KILL           # ends them
capabilities-if-present CAP_SYS_PTRACE   # without it it is not told of every socket who owns it
capabilities-if-present CAP_SETFCAP      # without it jobs are counted by user (user_namespaces(7))
in-force CAP_KILL               # a parent's death is told with the parent's rights (PR_SET_PDEATHSIG): worker and jobs are other users

open-files 1024                 # all pipes, events and accounts of 16 running and 32 unreported jobs are below 300; a profile may give its jobs more
umask 0022                      # directories that others look into are made with their modes
