# shellcheck shell=bash
# Runs inside the system that ../booted.sh has booted: the reference backend by its unit, an upgrade from what 0.1 left,
# and a purge while a job runs.
# shellcheck source=../../systemd/agent.sh
. /opt/lab/agent.sh

trap 'failed "line $LINENO: $BASH_COMMAND"' ERR
deb=$(echo /opt/lab/debs/bulkhead_*.deb)
backend_deb=$(echo /opt/lab/debs/bulkhead-reference-backend_*.deb)
policy=/etc/bulkhead/policy
log=/var/log/bulkhead/audit.log
audited() { grep "\"event\":\"$1\"" "$log" | grep -c "\"job\":\"$2\"" || true; }  # audited EVENT JOB
state_of() { curl -fsS "$control/control/jobs/$1?wait=${2:-60}"; }
printed() { curl -fsS "$control/control/jobs/$1/output/stdout" | grep -q "$2"; }
has_state() { state_of "$1" | grep -q "\"$2\""; }
quietly() { "$@" >/root/said 2>&1 || { cat /root/said; false; }; }

# --- the reference backend
rm -f /usr/sbin/policy-rc.d  # of images of containers, where it forbids packages to start and stop services
about='the reference backend'
check "installs" quietly dpkg -i "$backend_deb"
check "has a unit without complaint" test -z "$(systemd-analyze verify --man=no bulkhead-reference-backend.service 2>&1)"
check "is not started by its package" test "$(systemctl is-active bulkhead-reference-backend)" = inactive
check "starts by hand" systemctl start bulkhead-reference-backend
check "answers on its control interface" await 30 curl -fsS http://127.0.0.1:8444/control/agents
serves() { curl -sS -o /dev/null -w '%{http_code}' --cacert /run/bulkhead-reference-backend/ca.pem https://127.0.0.1:8443/v1/none | grep -q '^40[0-9]$'; }
check "serves its protocol, by the authority that it shows" await 30 serves
check "is not root" test "$(stat -c %u "/proc/$(systemctl show -P MainPID bulkhead-reference-backend)")" != 0
check "is purged while it runs" quietly dpkg -P bulkhead-reference-backend
check "and has ended" test "$(systemctl is-active bulkhead-reference-backend)" = inactive
check "and left nothing" test -z "$(find /etc /run /var/lib /usr/bin /usr/lib/systemd -name '*reference-backend*' ! -path '*/systemd/*journal*' ! -path '/var/lib/dpkg/*')"
echo "ok  the reference backend serves, by its unit"

# --- from what 0.1 left
about='from 0.1'
check "installs" quietly dpkg -i "$deb"
start_backend || failed "the reference backend of this test"
rm "/etc/bulkhead/policy/host.policy"
sed 's/^host-id .*/host-id lab   # a name for this test/' /usr/share/bulkhead/initial/policy/host.policy >"$policy/host.policy"
pin early inspect 'echo said early'
pin late inspect 'echo said late'
sed -i 's/^runs .*/runs 1/' "$policy/approved/"{early,late}.manifest
check "the agent starts" timeout 60 systemctl start "$unit"
queue early
check "a job runs" has_state early finished
curl -fsS -d '{"kind":"status","status":503,"path":"/v1/jobs/","method":"POST","times":100000}' "$control/control/misbehave" >/dev/null
queue late
ended() { [ "$(audited job-ended late)" = 1 ]; }
check "another one has ended" await 60 ended
# Its output is with the worker then, and its result with nobody.
await 20 bash -c 'compgen -G "/var/lib/bulkhead/workers/*/spool/*" >/dev/null' || failed "the spool of the job"
systemctl kill -s KILL "$unit"
systemctl stop "$unit"
check "its state goes to where 0.1 had it" quietly bulkhead-broker --migrate-back
for name in workers broker/slots broker/written-by; do rm -rf "/var/lib/bulkhead/$name"; done
curl -fsS -X DELETE "$control/control/misbehave" >/dev/null

# 0.1 had no package: dpkg knows nothing, and what 0.1 kept is there all the same.
mkdir /root/kept
cp -a /etc/bulkhead /root/kept/etc
cp -a /var/lib/bulkhead /root/kept/state
cp -a /var/log/bulkhead /root/kept/log
check "the package of now goes" quietly dpkg -P bulkhead
rm -rf /etc/bulkhead /var/lib/bulkhead /var/log/bulkhead
cp -a /root/kept/etc /etc/bulkhead
cp -a /root/kept/state /var/lib/bulkhead
cp -a /root/kept/log /var/log/bulkhead
rm -f /etc/bulkhead/install-token  # who lost the credential cannot enrol again
if [ -d /opt/lab/policy-of-0.1/policy ]; then
    mv "$policy" /root/kept/policy
    cp -r /opt/lab/policy-of-0.1/policy "$policy"
    cp /root/kept/policy/approved/*.{script,manifest} "$policy/approved/"
    cp -r /root/kept/policy/*.policy.d "$policy/"
    mkdir -p "$policy/profiles/worker.profile.d"
    cp /root/kept/policy/profiles/worker.profile.d/* "$policy/profiles/worker.profile.d/"
    sed -i 's/^host-id .*/host-id lab   # a name for this test/' "$policy/host.policy"
else
    echo "    (with a policy of now, as this clone's history does not reach 0.1's)"
fi
echo '# ours' | tee -a "$policy/approval.policy" "$policy/host.policy" /etc/bulkhead/agent.yaml >/dev/null
decided() { (cd /etc/bulkhead && find . -type f -exec sha256sum {} + | sort); }
decided >/root/decided
credential=$(cat /var/lib/bulkhead/worker/credentials/*)

check "this version installs over it" quietly dpkg -i "$deb"
check "and changes no decision" diff /root/decided <(decided)
check "the agent starts" timeout 60 systemctl start "$unit"
check "what was not reported is reported" has_state late finished
check "with its output" printed late 'said late'
check "the credential is the one of before" test "$credential" = "$(cat /var/lib/bulkhead/workers/*/credentials/*)"
check "the host was enrolled once" test "$(curl -fsS "$control/control/agents" | grep -oE '"times": ?[0-9]+' | tr -d ' ')" = '"times":1'
check "no job ran a second time" test "$(audited job-started early),$(audited job-started late)" = 1,1
check "the audit log goes on unbroken" quietly bulkhead verify-audit /var/log/bulkhead
check "and the decisions still stand" diff /root/decided <(decided)
echo "ok  from 0.1: unreported jobs, the credential and an edited policy come along"

# --- purged while a job runs
about='a purge'
bulkhead accept-lost-ledger --reason 'went back and forth' >/dev/null 2>&1 || true
pin linger inspect 'trap "echo told to leave" TERM; echo waiting; while :; do sleep 0.1; done'
systemctl reload "$unit"
queue linger
waits() { printed linger waiting; }
check "finds a job that runs, and does not end when it is told to" await 30 waits
of_the_agent=$(cat "/sys/fs/cgroup$(systemctl show -P ControlGroup "$unit")/cgroup.procs" 2>/dev/null || true)
printf '#!/bin/sh\nexit 101\n' | install -m 755 /dev/stdin /usr/sbin/policy-rc.d
check "is refused where packages may stop nothing" bash -c '! dpkg -P bulkhead >/root/said 2>&1'
check "with what to do" grep -q 'say systemctl stop bulkhead.service' /root/said
check "and the agent goes on, whole" bash -c "systemctl -q is-active $unit && bulkhead check-policy --as-host >/root/said"
check "and so does the job" test "$(audited job-ended linger)" = 0
rm /usr/sbin/policy-rc.d
began=$SECONDS
check "succeeds" quietly timeout 90 dpkg -P bulkhead
echo "    (it took $((SECONDS - began)) s)"
check "says what stays" grep -q 'stays in /var/log/bulkhead /var/lib/bulkhead/broker' /root/said
check "leaves no process" bash -c '! pgrep -u bulkhead-job,bulkhead-w0,bulkhead-config && ! pgrep -x broker'
check "was told to the job before it was killed" printed linger 'told to leave'
check "and to the backend" has_state linger interrupted
check "is in the audit log" grep -q '"event":"job-ended".*"outcome":"interrupted"' "$log"
check "with the agent's end behind it" bash -c "tail -n 1 '$log' | grep -q agent-stopped"
# shellcheck disable=SC2016
check "leaves what proves that, and nothing else" bash -c '
    left=$(find /etc /run /var /usr -xdev -path "*bulkhead*" ! -type d ! -path "/var/log/journal/*" ! -path "/var/lib/dpkg/*" \
        ! -path "/run/systemd/*" | grep -vE "^/var/log/bulkhead/audit\.|^/var/lib/bulkhead/broker/(ledger|evidence/)")
    [ -z "$left" ] || { echo "$left"; false; }'
check "with the ledger" test -s /var/lib/bulkhead/broker/ledger
[ -z "$of_the_agent" ] || check "and no process of its group" bash -c "! kill -0 $(tr '\n' ' ' <<<"$of_the_agent") 2>/dev/null"

about='after the purge'
check "it installs" quietly dpkg -i "$deb"
check "and finds the audit log whole" quietly bulkhead verify-audit /var/log/bulkhead
echo "ok  a purge ends the job that runs, and keeps the ledger and the audit log of it"
