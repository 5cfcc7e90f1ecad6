# shellcheck shell=bash
# Runs inside the container that `run` has booted: the installed agent under a real systemd.
# shellcheck source=agent.sh
. /opt/lab/agent.sh

trap 'failed "line $LINENO: $BASH_COMMAND"' ERR
is() { [ "$(systemctl show -P "$1" "$unit")" = "$2" ]; }
audited() { grep -q "\"event\":\"$1\"" /var/log/bulkhead/audit.log; }

set_up_package
for name in "$unit" bulkhead-checkin.service bulkhead-checkin.timer; do
    check "$name has nothing systemd would complain of" test -z "$(systemd-analyze verify --man=no "$name" 2>&1)"
done

start_backend || failed "the reference backend"

pin look inspect 'id -un; grep CapEff /proc/self/status; touch /etc/x 2>/dev/null || echo cannot write'
: >/tmp/bulkhead-lab
pin tidy maintain 'rm /tmp/bulkhead-lab && ! { echo x >/tmp/bulkhead-lab; } 2>/dev/null && echo tidied'
# What a package manager does, in small: files of others, a set-user-id program, a service asked to reload.
pin upgrade admin 'set -e; cp /bin/true /usr/bin/lab; chown bulkhead-job /usr/bin/lab; chmod u+s /usr/bin/lab
    test -u /usr/bin/lab; systemctl is-active reference-backend; echo upgraded'
pin linger inspect 'trap "echo told to leave; exit 0" TERM; echo waiting; while :; do sleep 0.1; done'
pin flood inspect 'echo begun; until [ -e /usr/local/lib/flood-on ]; do sleep 0.1; done; seq 1 137000'
sed -i 's/^output-max .*/output-max 1048576/' /etc/bulkhead/policy/approved/flood.manifest

# --- the agent as a service
check "start returns when the agent is ready" timeout 60 systemctl start "$unit"
check "it says so" is StatusText "1 of 1 workers confined"
beats() { curl -fsS "$control/control/heartbeats?count=$1&wait=30" >/dev/null; }
check "three heartbeats arrive" beats 3
check "the log says that the install token can go" bash -c 'journalctl -o cat -u bulkhead | grep -q "install-token can be deleted"'
# What a job of admin mounts is for the host to see, so no setting of the unit may make it a mount namespace.
broker=$(systemctl show -P MainPID "$unit")
check "the unit has the host's mount namespace" test "$(readlink "/proc/$broker/ns/mnt")" = "$(readlink /proc/1/ns/mnt)"
# Tenths of what systemd-analyze calls exposure; docs/packaging.md has why it is no less.
exposed() { systemd-analyze security --offline=yes --threshold="$2" "$1" >/dev/null 2>&1; }
while read -r name most; do
    check "the exposure of $name is at most $most tenths" exposed "$name" "$most"
done <<<"$unit 73
bulkhead-checkin.service 73
bulkhead-metrics.service 14
bulkhead-http.service 9"
worker=$(pgrep -u bulkhead-w0)
confined() { grep -q '^CapBnd:.0000000000000000' "/proc/$1/status" && grep -q '^Seccomp:.2' "/proc/$1/status"; }
check "the worker runs as its own user, confined" confined "$worker"
check "bulkhead status answers" bash -c 'bulkhead status | grep -q "enrollment  *enrolled"'

prints() {  # prints NAME TEXT: the job has finished and printed it
    curl -fsS "$control/control/jobs/$1?wait=30" | grep -q '"finished"' &&
        curl -fsS "$control/control/jobs/$1/output/stdout" | grep -q "$2"
}
for job in look tidy upgrade; do queue "$job"; done
check "an inspect job is an unprivileged user" prints look bulkhead-job
check "and cannot write" prints look "cannot write"
check "a maintain job deletes in the host's /tmp, and makes nothing there" prints tidy tidied
check "an admin job can do what packages need" prints upgrade upgraded

named() { grep '"job":"look"' /var/log/bulkhead/audit.log | grep -q "$(sha256sum </etc/bulkhead/policy/approved/look.script | cut -d' ' -f1)"; }
check "the audit log names the script that ran" named

# --- what the journal has of it
entries() { journalctl --no-pager -o json "$@"; }  # entries MATCH...: what journalctl(1) finds
entry_has() {  # entry_has FIELD TEXT MATCH...
    local field=$1 text=$2
    shift 2
    entries "$@" | grep -q "\"$field\":\"$text"
}
check "root speaks as root" entry_has BULKHEAD_VERSION "" SYSLOG_IDENTIFIER=bulkhead-broker BULKHEAD_EVENT=agent-started
check "a worker speaks as one, of its backend" entry_has BULKHEAD_BACKEND bulkhead SYSLOG_IDENTIFIER=bulkhead-worker BULKHEAD_EVENT=enrolled
check "the end of a job has its exit status" entry_has BULKHEAD_EXIT 0 BULKHEAD_EVENT=job-ended BULKHEAD_JOB=look
check "what is well is no warning" test -z "$(entries -u "$unit" -p warning BULKHEAD_EVENT=job-ended)"
queue nothing
check "a refusal is in the journal" await 30 entry_has BULKHEAD_REASON catalogue-unknown BULKHEAD_EVENT=job-refused
check "and is a warning, in words" bash -c "journalctl -u $unit -p warning -o cat | grep -q '^job-refused .*reason=catalogue-unknown'"
unmarked() { ! entries -u "$unit" | grep -v BULKHEAD_EVENT | grep -q 'SYSLOG_IDENTIFIER...bulkhead'; }
check "no line of ours is without its event" unmarked
check "bulkhead explain has the refusal" bash -c "bulkhead explain catalogue-unknown | grep -q policy/approved"

# --- what others watch it by
mkdir -p /var/lib/prometheus/node-exporter
check "metrics are written" systemctl start bulkhead-metrics.service
check "and say that it is up" grep -qx "bulkhead_up 1" /var/lib/prometheus/node-exporter/bulkhead.prom
check "and what the worker says" grep -q "^bulkhead_worker_says_heartbeats" /var/lib/prometheus/node-exporter/bulkhead.prom
check "the socket for HTTP starts" systemctl start bulkhead-http.socket
check "it answers" bash -c 'curl -sS -m 20 http://127.0.0.1:7070/status | grep -q "\"backend\":\"bulkhead\""'
check "no page of another site reads it" test "$(curl -sS -o /dev/null -w '%{http_code}' -H 'Host: evil.example' http://127.0.0.1:7070/status)" = 421
check "its process is nobody in particular" bash -c 'test "$(stat -c %U "/proc/$(systemctl show -P MainPID bulkhead-http)")" = bulkhead-http'
for name in bulkhead-metrics.service bulkhead-metrics.timer bulkhead-http.service bulkhead-http.socket; do
    check "$name has nothing systemd would complain of" test -z "$(systemd-analyze verify --man=no "$name" 2>&1)"
done

systemctl start bulkhead-checkin.service
skipped() { journalctl -o cat -u bulkhead-checkin.service | grep -q "exec-condition"; }
check "a pass of its own keeps away from the agent that always runs" await 20 skipped
check "a second broker is turned away" bash -c 'bulkhead-broker --once 2>/dev/null; [ $? = 1 ]'
check "and does the first no harm" bash -c 'bulkhead status >/dev/null'

clock_is_read_only() {
    local calls capabilities
    calls=$(systemctl show -P SystemCallFilter "$unit")
    capabilities=$(systemctl show -P CapabilityBoundingSet "$unit")
    [[ $calls == '~'* && " $calls " != *' adjtimex '* && " $calls " == *' clock_settime '* ]] &&
        [[ $capabilities != *cap_sys_time* ]]
}
check "the unit lets the clock be read and not set" clock_is_read_only
check "there is no floor to lower, and that is said" \
    bash -c 'bulkhead reset-clock --reason lab 2>&1 | grep -q "no floor is later than the clock"'

check "reload" systemctl reload "$unit"
check "has loaded the policy when it returns" audited policy-loaded

# --- the end
queue linger
lingers() { curl -fsS "$control/control/jobs/linger/output/stdout" | grep -q waiting; }
check "a job is running" await 20 lingers
check "stop ends it within its grace" timeout 40 systemctl stop "$unit"
check "and is a success" is Result success
told() { curl -fsS "$control/control/jobs/linger/output/stdout" | grep -q "told to leave"; }
check "the job was told, and its output is with the backend" told
reported() { curl -fsS "$control/control/jobs/linger" | grep -q '"interrupted"'; }
check "its result too" reported
check "nothing is left behind" bash -c '! pgrep -u bulkhead-w0,bulkhead-config,bulkhead-job'

check "without it, a pass enrolls, reports and ends" timeout 60 systemctl start bulkhead-checkin.service
check "the timer can be switched on" systemctl enable --now bulkhead-checkin.timer
check "and knows when" bash -c 'systemctl list-timers --all | grep -q bulkhead-checkin'
systemctl disable --now bulkhead-checkin.timer
systemctl stop bulkhead-checkin.service  # the timer may have begun one

# --- when things go wrong
mkdir -p "/run/systemd/system/$unit.d"
printf '[Service]\nWatchdogSec=2\nRestartSec=100ms\n' >"/run/systemd/system/$unit.d/lab.conf"
systemctl daemon-reload
systemctl start "$unit"
kill -STOP "$(systemctl show -P MainPID "$unit")"
check "a broker that hangs is replaced" await 60 is NRestarts 1
check "and serves again" await 60 is StatusText "1 of 1 workers confined"

# From the first answer it knows how often this backend is reported to; before that, it pauses for minutes.
reports() { { bulkhead status || true; } | grep -q "heartbeats  *[1-9]"; }
check "and reports again" await 60 reports

# A job prints and ends while its worker is stopped, so that all of it is in its pipe, and the broker is killed.
seq 1 137000 | sed '1i begun' >/tmp/flood
begun() { curl -fsS "$control/control/jobs/$1/output/stdout" | grep -q begun; }
ends_in_audit() { [ "$(grep '"event":"job-ended"' /var/log/bulkhead/audit.log | grep -c '"job":"flood"')" = "$1" ]; }
kill_broker_with_a_full_pipe() {  # kill_broker_with_a_full_pipe ID TIMES
    rm -f /usr/local/lib/flood-on
    queue "$1"
    await 20 begun "$1"
    kill -STOP "$(pgrep -u bulkhead-w0)"
    touch /usr/local/lib/flood-on
    await 20 ends_in_audit "$2"
    kill -KILL "$(systemctl show -P MainPID "$unit")"
}
kill_broker_with_a_full_pipe flood 1
finished() { curl -fsS "$control/control/jobs/$1?wait=30" | grep -q '"finished"'; }
check "a job whose pipes systemd kept has finished" await 60 finished flood
arrived() { curl -fsS "$control/control/jobs/flood/output/stdout" | cmp - /tmp/flood; }
check "and its output is whole" arrived
check "and the result does not say otherwise" bash -c "! curl -fsS '$control/control/jobs/flood' | grep -q '\"complete\"'"
check "and systemd keeps them no longer" await 20 is NFileDescriptorStore 0

printf '[Service]\nFileDescriptorStoreMax=0\n' >"/run/systemd/system/$unit.d/no-store.conf"
systemctl daemon-reload
systemctl restart "$unit"
await 60 reports
kill_broker_with_a_full_pipe flood-unkept 2
lost() { curl -fsS "$control/control/jobs/flood-unkept?wait=30" | grep -q '"output-lost"'; }
check "without that store the result says that output is lost" await 60 lost
rm "/run/systemd/system/$unit.d/no-store.conf"
systemctl daemon-reload
systemctl restart "$unit"
await 60 reports

curl -fsS -d '{"kind":"status","status":401,"path":"/v1/heartbeat","times":5}' "$control/control/misbehave" >/dev/null
status_is() { { bulkhead status || true; } | grep -q "enrollment  *$1"; }
check "a credential that is refused shows" await 60 status_is refused
check "and when it was a mistake, the agent is there again" await 60 status_is enrolled
systemctl stop "$unit"

# A worker that says what no worker says.
systemd-run -q --unit=rude -p Delegate=yes -E MALICE_BACKENDS=bulkhead -E MALICE_ORDERS='campaign garbage-greeting' \
    /usr/sbin/bulkhead-broker --worker /opt/lab/malicious-worker
check "a worker that breaks the protocol is replaced, and after five times jobs are suspended" \
    await 60 audited intake-suspended
check "each time is in the audit log" test "$(grep -c '"event":"protocol-violation"' /var/log/bulkhead/audit.log)" = 5
check "and none of them lives" bash -c '! pgrep -u bulkhead-w0'
systemctl stop rude
systemctl start "$unit"
queue look-again
refused() { curl -fsS "$control/control/jobs/$1?wait=30" | grep -q "$2"; }
check "no job runs then" refused look-again intake-suspended
bulkhead resume-jobs
queue look-later
check "until an operator has cleared it" prints look-later bulkhead-job
systemctl stop "$unit"

echo 'heartbeat_intervall: 1s' >>/etc/bulkhead/agent.yaml
check "a typing error stops the start" bash -c "! systemctl start $unit 2>/dev/null"
check "with exit status 2" is ExecMainStatus 2
check "and no second try" is NRestarts 0
check "and a suggestion" bash -c "journalctl -o cat -u $unit | grep -q 'did you mean heartbeat_interval'"
