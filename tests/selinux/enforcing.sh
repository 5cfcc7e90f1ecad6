#!/usr/bin/env bash
# On a throw-away Debian 12 with its default SELinux policy enforcing: installs the module as selinux/README.md says,
# has inside.sh look how the agent lives as a service, then puts a program of ours in the worker's place and sees what
# SELinux alone keeps from it. `pack` makes the tar that this lies in; unpack it below / and run /opt/lab/enforcing.sh as root.
export BULKHEAD_LAB_SLOWER=20
# shellcheck source=../systemd/agent.sh
. /opt/lab/agent.sh
denials() {  # of the agent and its jobs, and to others who deal with them
    { ausearch -m avc,user_avc,selinux_err --raw 2>/dev/null; journalctl --no-pager -o cat; } |
        grep -E 'denied|op=security' | grep bulkhead_ | sed 's/.*\(denied\|op=\)/\1/' | sort -u
}
# But what the malicious worker tries to be refused, and its own memory, which it sends to root's closer.
nothing_denied() { ! denials | grep -vE 'comm="malicious-worke"|comm="closer" path="/proc/[0-9]+/mem".*:bulkhead_t:.*:bulkhead_worker_t:' | grep .; }
run_job() {  # run_job NAME: what it printed
    queue "$1"
    curl -fsS "$control/control/jobs/$1?wait=300" | grep -q '"finished"' || failed "$1 runs"
    curl -fsS "$control/control/jobs/$1/output/stdout"
}
domain_is() { tr -d '\0' <"/proc/$1/attr/current" | grep -q ":$2:"; }

[ "$(getenforce)" = Enforcing ] || failed "SELinux is not enforcing here"
chcon -t bin_t /opt/lab/reference-backend
semodule -i /usr/share/selinux/packages/bulkhead.pp
chcon -t bulkhead_worker_exec_t /opt/lab/malicious-worker
restorecon -RF /usr/libexec/bulkhead /usr/bin /usr/sbin /etc/bulkhead /usr/lib/systemd/system
check "the broker's program is labelled" bash -c 'ls -Z /usr/libexec/bulkhead/broker | grep -q bulkhead_exec_t'
# The test's backend has a port of its own, and its certificate lies in no place for certificates.
setsebool bulkhead_worker_connect_any on
mkdir -p /srv/backend
chcon -t cert_t /srv/backend

# --- a service as on any other host; who talks to systemd is an administrator
runcon -u unconfined_u -r unconfined_r -t unconfined_t bash /opt/lab/inside.sh

# Otherwise a wall that nobody meant would pass for one.
check "nothing of all that was denied" nothing_denied

# --- who is what
install -o 4242 -m 600 /dev/null /var/tmp/lab-left
for profile in inspect diagnose maintain admin; do
    pin "domain$profile" "$profile" 'tr -d "\0" </proc/self/attr/current; rm -f /var/tmp/lab-left'
done
pin ask diagnose 'timeout 20 systemctl is-active reference-backend'
pin restart admin 'exit 194'
sed -i '/^heartbeat_intervall/d' /etc/bulkhead/agent.yaml
systemctl reset-failed
systemctl start bulkhead
check "the broker has its domain" domain_is "$(systemctl show -P MainPID bulkhead)" bulkhead_t
check "the worker has its own" domain_is "$(pgrep -u bulkhead-w0)" bulkhead_worker_t

# --- a job of each profile, told in which domain it is; and a restart that is asked for, which here comes to nothing
control=$(ready control_url)
for profile in inspect diagnose maintain admin; do
    outcome=$(run_job "domain$profile")
    check "a job of $profile has its domain" grep -q ":bulkhead_job_t:" <<<"$outcome"
done
check "maintain deletes others' files" test ! -e /var/tmp/lab-left
outcome=$(run_job ask)
check "systemd answers a job of diagnose" grep -qx active <<<"$outcome"
printf '[Unit]\nDefaultDependencies=no\n' >/etc/systemd/system/reboot.target
chcon -t power_unit_t /etc/systemd/system/reboot.target
systemctl daemon-reload
run_job restart >/dev/null
check "systemd takes the broker's word for a restart" await 60 systemctl is-active reboot.target
check "nothing of that was denied" nothing_denied
systemctl stop bulkhead
rm -f /var/lib/bulkhead/broker/reboot-requested  # or the next broker asks again

# --- eBPF artifacts
# shellcheck source=artifacts.sh
. /opt/lab/artifacts.sh

# --- a clock that ran ahead
# shellcheck source=clock.sh
. /opt/lab/clock.sh
setsebool bulkhead_worker_connect_any off

# --- a program of ours in the worker's place: no seccomp filter of its own, no Landlock, the host's files in sight. It is
# started to read the settings, in the worker's domain, and has said all by then
port=$(sed -n 's/.*"url":"[^"]*:\([0-9]*\)".*/\1/p' /srv/ready.json)
echo line >/var/log/lab.log  # anybody may read it
chmod 644 /etc/bulkhead/agent.yaml
attempt() {  # attempt UNIT PLACE WORD...: what it could do in the place of "worker" or "loader"
    local place=$2
    chcon -t "bulkhead_${place}_exec_t" /opt/lab/attempts
    systemd-run -q --unit="$1" -p Delegate=yes /usr/sbin/bulkhead-broker "--$place" /opt/lab/attempts "${@:3}"
    for ((tick = 0; tick < 600; tick++)); do
        ! journalctl -o cat -u "$1" | grep -q "attempts made" || break
        sleep 0.1
    done
    systemctl stop "$1" 2>/dev/null || true  # it may have ended by itself
    journalctl -o cat -u "$1" | sed -n 's/^output text="\(.*: \(done\|refused\)\)"$/\1/p' | sort -u
}
outcome=$(attempt attacked worker "$port")
echo "$outcome"
for could in "read /etc/passwd" "read /proc/meminfo"; do
    check "a worker can: $could" grep -qx "$could: done" <<<"$outcome"
done
walls=("read what may run" "read a log" "read of another process" "write to /tmp" "run a program"
    "connect to another port")
for wall in "${walls[@]}"; do check "SELinux refuses the worker: $wall" grep -qx "$wall: refused" <<<"$outcome"; done
# The same without it: else some other wall would have the credit.
setenforce 0
outcome=$(attempt attacked-permissive worker "$port")
setenforce 1
for wall in "${walls[@]}"; do check "and nothing else did: $wall" grep -qx "$wall: done" <<<"$outcome"; done

# --- the same program in the loader's place: it is started to probe the kernel, with three capabilities
outcome=$(attempt captured loader)
echo "$outcome"
walls=("read /etc/passwd" "read /proc/meminfo" "${walls[@]}")
for wall in "${walls[@]}"; do check "SELinux refuses the loader: $wall" grep -qx "$wall: refused" <<<"$outcome"; done
setenforce 0
outcome=$(attempt captured-permissive loader)
setenforce 1
for wall in "${walls[@]}"; do check "and nothing else did: $wall" grep -qx "$wall: done" <<<"$outcome"; done
rm /etc/bulkhead/policy/artifacts.policy

# --- a broker that is killed takes its worker along, though the worker has another domain. Stopped, it cannot see the
# end of its channel: only the kernel's PR_SET_PDEATHSIG is left, which a change of domain undoes,
# and the worker asks for anew
systemd-run -q --unit=orphan -p Delegate=yes -p KillMode=process /usr/sbin/bulkhead-broker
check "and is confined" await 60 bash -c "journalctl -q -u orphan BULKHEAD_EVENT=worker-confined | grep -q ."
worker=$(pgrep -u bulkhead-w0)
kill -STOP "$worker"
kill -9 "$(systemctl show -P MainPID orphan)"
for ((tick = 0; tick < 100; tick++)); do [ -d "/proc/$worker" ] || break; sleep 0.1; done
check "a worker does not outlive its broker" test ! -d "/proc/$worker"
