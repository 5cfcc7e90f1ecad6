# shellcheck shell=bash
# Runs inside the machine that `run` has booted: each case as a root shell and as a job of each profile.
#   inside.sh [--own-kernel] [CASE...]   also the cases that change the kernel, which must be nobody else's
# Leaves /srv/found.tsv, a row for each case, and /srv/said, what those said that did not succeed.
# shellcheck source=../systemd/agent.sh
. /opt/lab/agent.sh
# shellcheck source=world.sh
. /opt/lab/world.sh

own_kernel=false
if [ "${1-}" = --own-kernel ]; then own_kernel=true; shift; fi
if [ $# = 0 ]; then
    cases=(/opt/lab/cases/*.sh)
    cases=("${cases[@]##*/}")
    set -- "${cases[@]%.sh}"
fi
all_profiles=(inspect diagnose maintain admin)
profiles=()
set_up_package
for profile in "${all_profiles[@]}"; do
    [ ! -e "/usr/share/bulkhead/policy/profiles/$profile.profile" ] || profiles+=("$profile")
done
make_files
make_services
make_package
start_backend

about() { sed -n "s/^# $1: //p" "/opt/lab/cases/$2.sh"; }  # about KEY CASE
possible() {
    local tool
    for tool in $(about needs "$1"); do command -v "$tool" >/dev/null || return 1; done
    $own_kernel || [ -z "$(about own-kernel "$1")" ]
}

# A policy holds 1000 files, so only some cases are in it at a time.
mkdir /srv/scripts
readonly kAtOnce=100
pin_cases() {
    rm -f /etc/bulkhead/policy/approved/*.manifest /etc/bulkhead/policy/approved/*.script
    local name profile script
    for name in "$@"; do
        possible "$name" || continue
        script=/srv/scripts/$name
        { head -n 1 "/opt/lab/cases/$name.sh"; cat /opt/lab/prelude.sh; tail -n +2 "/opt/lab/cases/$name.sh"; } >"$script"
        chmod 755 "$script"
        for profile in "${profiles[@]}"; do pin "$name-$profile" "$profile" "$(cat "$script")"; done
    done
    systemctl restart "$unit" || { journalctl --no-pager -o cat -u "$unit" -n 40; exit 1; }
}

ask() { curl -fsS "$@"; }
answer() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$2"; }  # answer KEY JSON
verdict() {  # verdict CASE ID STATUS
    local id=$2 after
    case $3 in
        0)
            after=$(about afterwards "$1")
            if [ -z "$after" ] || eval "$after" >/dev/null 2>&1; then echo ok; else echo silent; fi
            ;;
        90) echo silent ;;
        129 | 1[3-9]?) echo "signal $(($3 - 128))" ;;  # as a shell says it
        *) echo "exit $3" ;;
    esac
}
# As a shell of root's has it: what is left running stays, and SIGPIPE is as it should be.
as_root_shell() {  # as_root_shell CASE
    local id=$1-root status=0
    systemd-run -q --wait --pipe -p IgnoreSIGPIPE=no -p KillMode=process -E "BULKHEAD_JOB_ID=$id" -E TERM=dumb -E HOME=/root \
        -E USER=root -E LOGNAME=root -E SHELL=/bin/bash -E LANG=C.UTF-8 bash -c '"$0"; exit $?' "/srv/scripts/$1" \
        </dev/null 2> >(cat >/srv/stderr) > >(cat >/dev/null) || status=$?
    [ $status = 0 ] || printf '%s, root: %s\n' "$1" "$(tail -n 1 /srv/stderr)" >>/srv/said
    verdict "$1" "$id" $status
}
as_job() {  # as_job CASE PROFILE, which has been queued
    local id=$1-$2 json outcome result
    json=$(ask "$control/control/jobs/$id?wait=60")
    outcome=$(answer outcome "$json")
    case $outcome in
        finished)
            result=$(answer exit_code "$json")
            if [ "$result" = null ]; then result="signal $(answer signal "$json")"; else result=$(verdict "$1" "$id" "$result"); fi
            ;;
        *) result="$outcome $(answer reason "$json")" ;;
    esac
    [ "$result" = ok ] || printf '%s, %s: %s\n' "$1" "$2" \
        "$(ask "$control/control/jobs/$id/output/stderr" | tail -n 1)" >>/srv/said
    echo "$result"
}

: >/srv/said
furnish() { ! grep -q BULKHEAD_JOB_ID "/opt/lab/cases/$1.sh" || make_things "$1-$2"; }  # furnish CASE WHO
start_job() {  # start_job CASE PROFILE
    furnish "$1" "$2"
    ask -d "{\"host\":\"lab\",\"catalogue\":\"$1-$2\",\"id\":\"$1-$2\"}" "$control/control/jobs" >/dev/null
}
try_case() {  # try_case CASE
    local name=$1 row=$1 alone profile
    if possible "$name"; then
        furnish "$name" root
        row+=$'\t'$(as_root_shell "$name")
        alone=$(about alone "$name")
        [ -n "$alone" ] || for profile in "${profiles[@]}"; do start_job "$name" "$profile"; done
        for profile in "${all_profiles[@]}"; do
            if [ ! -e "/usr/share/bulkhead/policy/profiles/$profile.profile" ]; then row+=$'\t-'; continue; fi
            [ -z "$alone" ] || start_job "$name" "$profile"
            row+=$'\t'$(as_job "$name" "$profile")
        done
    else
        row+=$'\t-\t-\t-\t-\t-'
    fi
    echo "$row" >>/srv/found.tsv
}
for ((at = 0; at < $#; at += kAtOnce)); do
    cases=("${@:at + 1:kAtOnce}")
    pin_cases "${cases[@]}"
    for name in "${cases[@]}"; do try_case "$name"; done
done
