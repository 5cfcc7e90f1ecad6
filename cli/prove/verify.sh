#!/bin/sh
# Checks what `bulkhead prove` wrote into this directory, by sha256sum, ssh-keygen, sed, grep, awk, tr and cut alone.
# Exit status: 0 all of it holds; 1 something does not, and is named.
set -u
export LC_ALL=C TZ=UTC
cd "$(dirname "$0")" || exit 1
faults=0
ok() { printf 'ok     %s\n' "$*"; }
fault() {
    printf 'FAULT  %s\n' "$*"
    faults=$((faults + 1))
}
sum() { sha256sum <"$1" 2>/dev/null | cut -c1-64; }
# A member of a line of the audit log. No value holds a quote: the broker writes it as \x22.
text() { printf '%s\n' "$1" | sed -n "s/.*,\"$2\":\"\([^\"]*\)\".*/\1/p"; }
list() { printf '%s\n' "$1" | sed -n "s/.*,\"$2\":\[\([^]]*\)\].*/\1/p" | tr '"' '\n' | grep -v -x -e , -e ''; }
same() { # WHAT IS SHOULD
    if [ -n "$2" ] && [ "$2" = "$3" ]; then ok "$1"; else fault "$1: is ${2:-absent}, should be ${3:-there}"; fi
}

# --- the audit log: each line has the SHA-256 of the line before
before='' lines=0
while IFS= read -r line; do
    previous=$(printf '%s\n' "$line" | sed -n 's/^{"seq":[0-9]*,"time":"[^"]*","prev":"\([0-9a-f]*\)","event":.*}$/\1/p')
    if [ -z "$previous" ] || { [ -n "$before" ] && [ "$previous" != "$before" ]; }; then
        fault "audit.lines: line $((lines + 1)) of the file, or the one before it, was changed"
    fi
    before=$(printf '%s' "$line" | sha256sum | cut -c1-64)
    sequence=$(printf '%s\n' "$line" | sed 's/^{"seq":\([0-9]*\).*/\1/')
    lines=$((lines + 1))
done <audit.lines
same "audit.lines: $lines lines follow one another, up to the head in audit.head" "${sequence:-} $before" "$(cat audit.head)"
verdict=$(grep '"event":"verdict","decision":"admit"' audit.lines | head -n 1)
started=$(grep '"event":"job-started"' audit.lines | head -n 1)
[ -n "$verdict" ] || fault 'audit.lines: no verdict that admits a job'
same 'audit.lines: the job that started is the one that was admitted' \
    "$(text "$started" delivery) $(text "$started" manifest)" "$(text "$verdict" delivery) $(text "$verdict" manifest)"

# --- what was approved
same 'manifest: is what the verdict names' "$(sum manifest)" "$(text "$verdict" manifest)"
same 'script: is what the verdict names' "$(sum script)" "$(text "$verdict" script)"
same 'script: is what the manifest approves' "$(sed -n 's/^script-sha256 //p' manifest)" "$(sum script)"
time=$(text "$verdict" time)
if awk -v now="$time" '$1 == "not-before" && $2 > now || $1 == "not-after" && $2 < now { late = 1 } END { exit late }' manifest; then
    ok "manifest: is valid at $time, the time of the verdict"
else
    fault "manifest: is not valid at $time, the time of the verdict"
fi

# --- the policy in force
same 'policy.sha256sums: is the policy that the verdict names' "$(sum policy.sha256sums)" "$(text "$verdict" policy)"
if (cd policy && sha256sum -c --quiet --strict ../policy.sha256sums) >/dev/null 2>&1; then
    ok 'policy: each file is as policy.sha256sums has it'
else
    fault 'policy: a file is changed or absent: cd policy; sha256sum -c ../policy.sha256sums'
fi

# --- who approved, and for where: a realm binds each job, an epoch those that people signed
rule=$(text "$verdict" rule)
case $rule in
'pinned approved/'*) bound='realm' ;;
*) bound='realm epoch' ;;
esac
for key in $bound; do
    here=$(cat policy/host.policy policy/host.policy.d/*.lines 2>/dev/null | sed -n "s/^[[:blank:]]*$key[[:blank:]]*\([^[:blank:]#]*\).*/\1/p")
    meant=$(sed -n "s/^$key //p" manifest)
    same "manifest: $key is that of policy/host.policy, or neither has one" "${meant:-none}" "${here:-none}"
done
case $rule in
'pinned approved/'*)
    same "policy: root has pinned this manifest, ${rule#pinned }" "$(sum "policy/${rule#pinned }")" "$(text "$verdict" manifest)"
    ;;
*)
    when=$(printf '%s' "$time" | tr -d 'TZ:-')
    list "$verdict" keys >.keys.$$
    number=0 people='' revoked=policy/revoked_signers
    [ -f "$revoked" ] || revoked='' # a policy without this file has revoked nobody
    # Its keys and fingerprints as a KRL: -r takes neither fingerprints nor all else that may stand in a line.
    if [ -n "$revoked" ]; then
        sed 's/^[[:blank:]]*#.*//' "$revoked" |
            grep -oE '(sk-)?ssh-ed25519(@openssh\.com)? +[A-Za-z0-9+/=]{68,}|SHA256:[A-Za-z0-9+/]{43}' |
            sed 's/^SHA256:/hash: &/' >.spec.$$
        ssh-keygen -q -k -f .krl.$$ .spec.$$ 2>/dev/null && revoked=.krl.$$
    fi
    for digest in $(list "$verdict" signatures); do
        number=$((number + 1))
        key=$(sed -n "${number}p" .keys.$$)
        person=${key%%[, ]*}
        same "signatures/$number.sig: is one that the verdict names" "$(sum "signatures/$number.sig")" "$digest"
        if said=$(ssh-keygen -Y verify -f policy/allowed_signers ${revoked:+-r "$revoked"} -I "$person" \
            -n bulkhead-job-v1 -O verify-time="$when" -s "signatures/$number.sig" <manifest 2>&1) &&
            [ "${said##* }" = "${key##* }" ]; then
            ok "signatures/$number.sig: $said"
            people="$people,${key% *}, ;" # of each key the names of its line
        else
            fault "signatures/$number.sig: by $key? $said"
        fi
    done
    rm -f .keys.$$ .spec.$$ .krl.$$
    profile=$(sed -n 's/^profile //p' manifest)
    author=$(sed -n 's/^author //p' manifest)
    case $people in
    *",$author,"*) ok "author: $author has signed" ;;
    *) fault "author: $author has not signed" ;;
    esac
    if cat policy/approval.policy policy/approval.policy.d/*.lines 2>/dev/null | sed 's/#.*//' | awk -v people="$people" -v profile="$profile" -v author="$author" '
        $1 == "signers" { for (i = 3; i <= NF; i++) member[$2, $i] = 1 }
        $1 == "profile" && $2 == profile {
            for (i = 3; i < NF; i++) if ($(i + 1) == "of") for (n = 0; n < $i; n++) group[++seats] = $(i + 2)
            if (/author-counts/) author = ""
        }
        # Gives seat after seat a key and a person of its own; tries the others where that leads nowhere.
        function fill(seat,    k, n, i, names) {
            if (seat > seats) return 1
            for (k = 1; k < keys; k++) {
                if (taken[k] || (author != "" && index(key[k], "," author ","))) continue
                n = split(key[k], names, /[ ,]+/)
                for (i = 1; i <= n; i++) {
                    if (names[i] == "" || sits[names[i]] || !((group[seat], names[i]) in member)) continue
                    taken[k] = sits[names[i]] = 1
                    if (fill(seat + 1)) return 1
                    taken[k] = sits[names[i]] = 0
                }
            }
            return 0
        }
        END {
            keys = split(people, key, ";")
            exit seats == 0 || !fill(1)
        }'; then
        ok "policy/approval.policy: that is enough for profile $profile, beside author $author"
    else
        fault "policy/approval.policy: that is not enough for profile $profile, beside author $author"
    fi
    ;;
esac

printf '\n%s\n' "job $(text "$verdict" job), delivery $(text "$verdict" delivery), parameters: $(list "$verdict" params | tr '\n' ' ')"
cat <<'END'

This proves: the people named above signed this manifest, or root pinned it; it approves this script; by the policy of
then that was enough; and a chain of lines from the verdict to the last one here says so.
It does not prove: that nobody wrote the whole chain anew (compare audit.head with a head that a backend or a SIEM was
told, for which `bulkhead prove --to-end` takes the lines up to now); that allowed_signers names the right people's
keys; that the host was among the manifest's targets; what the job printed or did; that nothing else ran. Two names of
one person count as two here.
END
[ "$faults" -eq 0 ] || printf '\n%s\n' "$faults of the checks FAILED"
[ "$faults" -eq 0 ]
