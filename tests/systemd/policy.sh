# shellcheck shell=bash
# Runs inside the container that `run` has booted: each way in which an edit of the policy goes wrong, through systemctl
# reload and restart. Nothing of it may look like a success, and nothing may leave the host without an agent.
# shellcheck source=agent.sh
. /opt/lab/agent.sh

policy=/etc/bulkhead/policy
trap 'failed "line $LINENO: $BASH_COMMAND"' ERR

about=set-up
set_up_package
mkdir -p "/run/systemd/system/$unit.d"
printf '[Unit]\nStartLimitIntervalSec=0\n' >"/run/systemd/system/$unit.d/lab.conf"
systemctl daemon-reload
start_backend
pin look inspect 'id -un'
sed -i 's/^runs .*/runs 900\/day/' "$policy/approved/look.manifest"
# Two who may sign, so that an edit can ask for three.
ssh-keygen -q -t ed25519 -N '' -f /root/alice
ssh-keygen -q -t ed25519 -N '' -f /root/robert
for who in alice robert; do echo "$who $(cut -d' ' -f1,2 "/root/$who.pub")"; done >"$policy/allowed_signers"
sed -i '/^profile maintain /d' "$policy/approval.policy"
printf 'signers ops alice robert  # on call\nprofile maintain need 2 of ops valid-for 7d author-counts  # deletes\n' \
    >>"$policy/approval.policy"
cp -a "$policy" /root/policy
systemctl start "$unit"
unmet=$(sed -n 's/.*"event":"agent-started".*"missing":"\([^" ]*\).*/\1/p' /var/log/bulkhead/audit.log | head -n 1)

status_says() { { bulkhead status 2>&1 || true; } | grep -q "$1"; }
stands() { systemctl show -P StatusText "$unit" | grep -q "policy rejected"; }
ended() { curl -fsS "$control/control/jobs/$1?wait=30" | grep -q "$2"; }
in_journal() {
    journalctl -q -o cat -u "$unit" --after-cursor "$cursor" >/root/said
    grep -q -- "$1" /root/said
}
runs=0
job_is() {  # job_is TEXT: what the backend is told of another run of the job
    runs=$((runs + 1))
    queue "look-$runs"
    ended "look-$runs" "$1"
}

breaks() {  # breaks NAME TEXT COMMAND...: TEXT is in what an operator is told
    about=$1
    local text=$2
    shift 2
    "$@"
    cursor=$(journalctl -q -n 0 --show-cursor -u "$unit" | sed -n 's/^-- cursor: //p')
    check "systemctl reload fails" bash -c "! systemctl reload $unit 2>/dev/null"
    check "the agent goes on" systemctl is-active -q "$unit"
    check "bulkhead reload says in the journal what to do" await 10 in_journal "^mend it, then: bulkhead reload"
    check "and why, with the place: $(cat /root/said)" in_journal "^bulkhead reload: the policy was rejected: .*$text"
    check "systemctl status has it" stands
    check "bulkhead status has it" await 10 status_says policy-rejected

    check "a restart succeeds" timeout 60 systemctl restart "$unit"
    check "the agent says so at once" stands
    check "it answers" await 20 status_says policy-rejected
    check "no job starts" job_is intake-suspended
    check "and status says why" await 10 status_says "policy rejected, since"

    rm -rf "$policy"
    cp -a /root/policy "$policy"
    check "with the policy mended a reload succeeds" systemctl reload "$unit"
    check "jobs start again" job_is '"finished"'
    check "and the trouble is over" await 10 bash -c '! bulkhead status | grep -q policy-rejected'
    echo "ok  $about: $(grep -m 1 "^bulkhead reload: " /root/said | cut -c 1-200)"
}
# shellcheck disable=SC2059  # formats of this file
add() { printf "$2" >>"$policy/$1"; }  # add FILE FORMAT
move_away() { mv "$policy/$1" /root/moved && ln -s /root/moved "$policy/$1"; }
change() { sed -i "$2" "$policy/$1"; }  # change FILE EXPRESSION
override() {  # override FILE EXPRESSION: the version's file with a change
    mkdir -p "$policy/$(dirname "$1")"
    sed "$2" "/usr/share/bulkhead/policy/$1" >"$policy/$1"
}
# shellcheck disable=SC2059
lines() {  # lines FILE FORMAT: adds lines to the version's file
    mkdir -p "$policy/$1.d"
    printf "$2" >"$policy/$1.d/20-lab.lines"
}

breaks typo 'approval.policy:[0-9]*:.*expected pinned-only or need' change approval.policy 's/^profile maintain need /profile maintain neeed /'
breaks no-reason 'host.policy:.*reason' add host.policy 'group web\n'
breaks symlink 'host.policy.*symlink' move_away host.policy
breaks mode 'approval.policy: others may write to it; run: chmod go-w' chmod o+w "$policy/approval.policy"
breaks stray-file 'call it revoked_signers' touch "$policy/revoked-signers"
breaks missing-file 'approval.policy' rm "$policy/approval.policy"
breaks script-changed 'approved/look' add approved/look.script 'true\n'
breaks cr-lf 'host.policy:.*' change host.policy 's/$/\r/'
breaks umlaut 'host.policy:.*' add host.policy 'group b\303\274ro  # the office\n'
breaks no-line-feed 'host.policy' add host.policy 'group web  # the end'
breaks size 'profiles/inspect.profile:.*' override profiles/inspect.profile 's/^memory 512MiB/memory 1 GB/'
breaks unknown-group 'approval.policy:.*opps' change approval.policy 's/need 2 of ops/need 2 of opps/'
breaks three-of-two 'approval.policy:.*maintain' change approval.policy 's/need 2 of ops/need 3 of ops/'
breaks misspelt-principal 'approval.policy:.*did you mean robert' change approval.policy 's/ops alice robert/ops alice robret/'
breaks missing-profile 'no profiles/gone.profile' add approval.policy 'profile gone pinned-only  # not there\n'
breaks misspelt-require 'host.policy:.*did you mean landlock' add host.policy 'require landlok  # a wall\n'
breaks unknown-call 'unshaer' lines seccomp/inspect.seccomp 'allow unshaer  # a slip\n'
breaks empty-manifest 'approved/slow.manifest' touch "$policy/approved/slow.manifest"
if [ -n "$unmet" ]; then
    breaks unmet-require "host.policy:.*lacks the required $unmet" add host.policy "require $unmet  # not here\n"
else
    echo "this machine lacks no wall that could be required: unmet-require is skipped"
fi

# --- the command by itself
about='the command'
# shellcheck disable=SC2016  # for the inner shell
check "nobody but root asks" runuser -u bulkhead-job -- bash -c '
    said=$(bulkhead reload 2>&1); [ $? = 1 ] && grep -q "only root may" <<<"$said"'
check "a signal reloads as well" systemctl kill -s HUP "$unit"
systemctl stop "$unit"
# shellcheck disable=SC2016
check "without an agent it says so at once" timeout 10 bash -c '
    said=$(bulkhead reload 2>&1); [ $? = 1 ] && grep -q "no agent .* runs" <<<"$said"'
add host.policy 'group web\n'
# shellcheck disable=SC2016
check "a pass on a policy that is rejected reports, and fails" bash -c \
    '! systemctl start bulkhead-checkin.service 2>/dev/null && [ "$(systemctl show -P ExecMainStatus bulkhead-checkin)" = 2 ]'
about='a first start'
rm /var/lib/bulkhead/broker/last-policy
check "a start without a policy before fails" bash -c "! systemctl start $unit 2>/dev/null"
check "with exit status 2" test "$(systemctl show -P ExecMainStatus "$unit")" = 2
echo "ok  the command, and a start without a policy before"
