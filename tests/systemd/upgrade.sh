# shellcheck shell=bash
# Runs inside the container that `run` has booted: the agent is upgraded and downgraded, by a job of its own and by hand,
# while it works, with what could go wrong. No job is lost, doubled, ended or refused, and the package manager is whole.
# shellcheck source=agent.sh
. /opt/lab/agent.sh
# shellcheck disable=SC1091  # made by debs.sh
. /opt/lab/versions
: "${older:?}" "${newer:?}"

policy=/etc/bulkhead/policy
log=/var/log/bulkhead/audit.log
trap 'failed "line $LINENO: $BASH_COMMAND"' ERR

audited() { grep -c "\"event\":\"$1\"" "$log" || true; }
# Of the event EVENT, the member MEMBER of its last line.
last() { grep "\"event\":\"$1\"" "$log" | tail -n 1 | sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
runs() { [ "$(last agent-started version)" = "$1" ] && systemctl is-active -q "$unit"; }
installed() { [ "$(dpkg-query -W -f '${db:Status-Abbrev}${Version}' bulkhead)" = "ii $1-1" ]; }
finished() { curl -fsS "$control/control/jobs/$1?wait=30" | grep -q '"finished"'; }
printed() { curl -fsS "$control/control/jobs/$1/output/stdout" | grep -q "$2"; }
status_says() { { bulkhead status 2>&1 || true; } | grep -q "$1"; }
seconds_of() { date -d "$(last "$1" time)" +%s; }
beats() { curl -fsS "$control/control/heartbeats?count=$1&wait=30" >/dev/null; }
told() { curl -fsS "$control/control/heartbeats" | grep -q "$1"; }
journal() { journalctl --no-pager -q -o cat "$@"; }

set_up_package
dpkg -i /opt/lab/older.deb >/dev/null
start_backend || failed "the reference backend"
for version in older newer; do
    pin "to$version" admin "sleep 1; dpkg -i /opt/lab/$version.deb && echo all done"
done
pin look inspect 'id -un'
sed -i 's/^runs .*/runs 900\/day/' "$policy/approved/"*.manifest
check "the agent starts" timeout 60 systemctl start "$unit"
check "as the older version" await 20 runs "$older"
beats 2

# --- by a job of its own
queue tonewer
check "a job that upgrades the agent has finished" finished tonewer
check "it was not ended" printed tonewer "all done"
check "its exit status is 0" bash -c "curl -fsS '$control/control/jobs/tonewer' | grep -q '\"exit_code\":0'"
check "the package is whole" installed "$newer"
check "the new version runs" await 30 runs "$newer"
took=$(($(seconds_of agent-started) - $(seconds_of job-ended)))
check "within 10 s of the job's end: $took" test "$took" -le $((10 * ${BULKHEAD_LAB_SLOWER:-1}))
check "the broker ended with its own status" test "$(last agent-stopped exit)" = 150
check "systemd calls none of it a failure" test -z "$(journal -u "$unit" | grep -i 'failed with result')"
queue look-1
check "jobs run" finished look-1

# --- by hand, on a policy that the new version does not take
about=blocked
mkdir -p "$policy/seccomp"
grep -v '^allow epoll_wait' /usr/share/bulkhead/policy/seccomp/worker.seccomp >"$policy/seccomp/worker.seccomp"
starts=$(audited agent-started)
check "dpkg succeeds" bash -c 'dpkg -i /opt/lab/older.deb >/root/dpkg 2>&1'
check "and says what is wrong" grep -q 'worker.seccomp.*epoll_wait' /root/dpkg
check "it is told in status, with file and call" await 100 status_says 'upgrade-blocked'
check "with file and call" status_says 'seccomp/worker.seccomp.*epoll_wait'
check "in heartbeats" await 20 told upgrade-blocked
check "in metrics" bash -c 'bulkhead metrics | grep -q "^bulkhead_upgrade{state=\"blocked\"} 1"'
check "and in the audit log" test "$(audited upgrade-blocked)" -ge 1
queue look-2
check "the version before goes on" finished look-2
check "with the policy that it has" test "$(audited agent-started)" = "$starts"
rm -r "$policy/seccomp"
queue look-3
finished look-3
check "mended, the other one starts" await 30 runs "$older"
check "and the trouble is over" await 20 bash -c '! bulkhead status | grep -q upgrade-'
echo "ok  an upgrade that could not start is told and mended"

# --- to a version that does not know the state of this one
about='a downgrade'
starts=$(audited agent-started)
before=$(cat /var/lib/bulkhead/broker/written-by)
printf 'state-format 2\nversion 9.9.9\n' >/var/lib/bulkhead/broker/written-by
dpkg -i /opt/lab/newer.deb >/dev/null
queue look-4
finished look-4
check "is blocked, with the version to install" await 100 status_says 'install 9.9.9 or newer'
check "and the agent goes on" test "$(audited agent-started)" = "$starts"
printf '%s\n' "$before" >/var/lib/bulkhead/broker/written-by
queue look-5
finished look-5
check "is made once it is harmless" await 30 runs "$newer"
echo "ok  a downgrade that would misread the state is blocked"

# --- under a unit of before
about='an old unit'
mkdir -p "/run/systemd/system/$unit.d"
printf '[Service]\nRestartForceExitStatus=\nSuccessExitStatus=\n' >"/run/systemd/system/$unit.d/old.conf"
systemctl daemon-reload
queue toolder
check "the job finishes" finished toolder
check "the other version comes up as well" await 30 runs "$older"
rm "/run/systemd/system/$unit.d/old.conf"
systemctl daemon-reload
echo "ok  an old unit starts the new version, too"

# --- under load
about='under load'
rounds=${BULKHEAD_LAB_UPGRADES:-2}
queued=0
done_before=0
for ((round = 0; round < rounds; round++)); do
    [ $((round % 2)) = 0 ] && to=newer || to=older
    starts=$(audited agent-started)
    if [ $((round % 3)) = 0 ]; then queue "to$to-$round"; else dpkg -i "/opt/lab/$to.deb" >/dev/null; fi
    # Jobs one behind the other, until the other version is there.
    until [ "$(audited agent-started)" -gt "$starts" ] && runs "${!to}"; do
        [ $((queued - done_before)) -lt 400 ] || failed "no restart while jobs come"
        queued=$((queued + 1))
        queue "look-load$queued"
        sleep 0.2
    done
    done_before=$queued
    echo "ok  round $((round + 1)): ${!to} after $queued jobs in all"
done
all_finished() {
    local job
    for ((job = 1; job <= queued; job++)); do finished "look-load$job" || return 1; done
}
check "each of $queued jobs has finished" all_finished
once() { [ "$(grep '"event":"job-started"' "$log"* | grep -o '"delivery":"look-load[0-9]*' | sort | uniq -d | wc -l)" = 0 ]; }
check "and none ran twice" once
check "and none was refused" bash -c "! grep '\"event\":\"verdict\"' $log* | grep -q '\"decision\":\"refuse\"'"
check "or ended" bash -c "! grep '\"event\":\"job-ended\"' $log* | grep -q '\"outcome\":\"interrupted\"'"
echo "ok  $rounds upgrades and downgrades, $queued jobs: none lost, doubled, ended or refused"
