# The worker, the half that meets the network: what of the host's files it sees and where it may connect.
#
# An unprivileged user without a capability, in a root directory that holds these rows read-only and nothing else; Landlock
# keeps it to them as well. What is mounted beneath a row is not in it. The broker adds one path: the state directory.
#
# Nothing of /proc and /sys: the files that the worker reports from (/proc/stat, meminfo, loadavg, uptime, net/dev; limits of a
# container in /sys/fs/cgroup) it opens before it is confined, and what does not change while it runs it reads then.

seccomp worker                  # seccomp/worker.seccomp

memory 256MiB                   # several times what it ever needs; a captured one does not take the host's
pids 128                        # threads of the resolver; jobs need numbers too
cpu-percent 100                 # one processor: a captured one mines nothing with the others
file-size 1024GiB               # where a job's output ends: what was sent is punched out of its file, and the end moves on
state 4GiB                      # its spool at the default of 2 GiB, and room for an operator's larger one
open-files 256                  # pipes of its jobs, connections, spool
locked-memory none              # it has nothing to lock, and what it could lock no other process gets
umask 0077                      # what it writes is its own
greeting 30s                    # from its start to Hello: it reads its files and is confined by then

# Certificates
read /etc/ssl/certs if-present                      # CA bundle and hashed CA directory, Debian
read /etc/ssl/openssl.cnf if-present                # OpenSSL reads its configuration at start
read /usr/lib/ssl if-present                        # Debian's links to the two above
read /usr/share/ca-certificates if-present          # where the links in /etc/ssl/certs lead
read /usr/local/share/ca-certificates if-present    # the operator's own CA
read /etc/pki if-present                            # CA bundle, Fedora and relatives

# Names and addresses
read /etc/resolv.conf if-present                    # name servers
read /run/systemd/resolve if-present                # where resolv.conf leads with systemd-resolved
read /run/NetworkManager if-present                 # where it leads with NetworkManager
read /run/resolvconf if-present                     # where it leads with resolvconf
read /etc/hosts if-present                          # local names
read /etc/host.conf if-present                      # resolver options
read /etc/nsswitch.conf if-present                  # order of the name sources
read /etc/gai.conf if-present                       # address preference of getaddrinfo
read /etc/services if-present                       # port names

# What is reported
read /etc/os-release if-present                     # name and version of the distribution
read /etc/debian_version if-present                 # Debian's point release
read /etc/localtime if-present                      # time zone
read /usr/share/zoneinfo if-present                 # where localtime leads

# Where it connects to, and sends datagrams: a port of any address (BPF in cgroups, Linux 4.17; without that, ports of TCP
# alone, Landlock ABI 4, Linux 6.7). A backend or a proxy on any other port needs a line, whatever the configuration says.
# Name its address in place of "any" where it has one that stays. "any" does not reach loopback, link-local, multicast, nor the
# metadata services of clouds: a proxy on this host is, for instance,  connect 127.0.0.1 3128  # our squid
# The name servers of resolv.conf may always be asked, and nobody else at port 53.
connect any 443     # HTTPS, and the way there tells which address this host has: nothing is sent
connect any 8443    # HTTPS of a backend without root
connect any 3128    # HTTP proxy, squid
connect any 8080    # HTTP proxy
