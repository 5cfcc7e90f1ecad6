#!/usr/bin/env bash
# A host's life with the package: installed, edited, upgraded, downgraded, removed, purged.
# shellcheck source=lab.sh
. "$(dirname "$0")/lab.sh"

make_packages
new_root
policy=$root/etc/bulkhead/policy

# --- installed
check "it installs" install_deb "$deb" "$loader_deb"
check "and says in one line what comes next" test "$(grep -c '^bulkhead: ' "$lab/said")" = 1
check "which is to name a backend" has "next: name your backend in /etc/bulkhead/agent.yaml"
check "no file of /etc is dpkg's to ask about" test -z "$(dpkg-deb -f "$deb" Conffiles)$(dpkg-deb -c "$deb" | grep ' ./etc')"
check "nothing is enabled" fails compgen -G "$root/etc/systemd/system/*.wants/bulkhead*"
check "the accounts are made" grep -q '^bulkhead-w15:' "$root/etc/passwd"
check "the loader's too" grep -q '^bulkhead-loader:' "$root/etc/passwd"
check "and the directories" test "$(stat -c '%a %U' "$root/var/lib/bulkhead/broker")" = "700 root"
check "agent.yaml is root's, and its group's to read" \
    test "$(stat -c '%a %U' "$root/etc/bulkhead/agent.yaml") $(chroot "$root" stat -c %G /etc/bulkhead/agent.yaml)" = "640 root bulkhead"
check "the policy is as shipped" diff -r "$policy/approval.policy" "$top/policy/approval.policy"
check "and is accepted" in_root bulkhead check-policy --as-host
check "the broker runs from the administrator's path" in_root sh -c '$(ls /usr/sbin/bulkhead-broker /usr/sbin/broker 2>/dev/null | head -n 1) --version'
check "no file lies in the way of the unit" test -f "$root/usr/lib/systemd/system/bulkhead.service.d/artifacts.conf"

# --- decided upon
mkdir -p "$root/var/lib/bulkhead/broker/evidence" "$root/var/lib/bulkhead/workers/main"
echo "# web, and nothing else" >>"$policy/approval.policy"
rm "$policy/approved/README.md"
echo "secret" >"$root/var/lib/bulkhead/workers/main/credential"
echo "line" >"$root/var/log/bulkhead/audit.log"
echo "ran" >"$root/var/lib/bulkhead/broker/evidence/0123"
echo "started" >"$root/var/lib/bulkhead/broker/ledger"
decided=$(sha256sum "$policy/approval.policy")

# --- upgraded, to one that ships other decisions
newer_decisions() { for file in approval.policy host.policy; do echo "# new" >>"$1/usr/share/bulkhead/initial/policy/$file"; done; }
newer=$(repack "$deb" "$version.1" newer_decisions)
newer_loader=$(repack "$loader_deb" "$version.1")
check "an upgrade asks nothing" install_deb "$newer" "$newer_loader"
check "and has nothing to say" fails has "bulkhead: "
check "it is the new one" version_is bulkhead "$version.1"
check "what was decided stands" sha256sum -c --quiet <<<"$decided"
check "what was left as shipped is left" fails grep -q "# new" "$policy/host.policy"
check "what was deleted stays deleted" test ! -e "$policy/approved/README.md"
broken() { echo "no-such-key  # breaks it" >>"$1/usr/share/bulkhead/policy/profiles/worker.profile"; }
broken=$(repack "$deb" "$version.2" broken)
check "an upgrade to what will not run is configured all the same" install_deb "$broken" "$(repack "$loader_deb" "$version.2")"
check "so dpkg is done with it" is ii bulkhead
check "and the check is quoted" has "profiles/worker.profile"
check "a downgrade is as boring" install_deb "$deb" "$loader_deb"
check "it is the old one" version_is bulkhead "$version"
check "what was decided still stands" sha256sum -c --quiet <<<"$decided"

# --- removed by a job of the agent, which is in the unit's cgroup; a stop of the unit would kill dpkg
for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do [ ! -f "$tree/cgroup.procs" ] || break; done
as_a_job() {
    local group=$tree/bulkhead-lab-$BASHPID/bulkhead.service/jobs status=0
    mkdir -p "$group" "$root/run/systemd/system"
    (echo 0 >"$group/cgroup.procs" && "$@") || status=$?
    rmdir "$root/run/systemd/system" "$root/run/systemd" "$group" "${group%/*}" "${group%/*/*}"
    return "$status"
}
if [ -f "$tree/cgroup.procs" ]; then
    check "a job of the agent cannot remove it" fails as_a_job in_root dpkg -r bulkhead bulkhead-loader
    check "and is told how" has "systemd-run --on-active=1min"
    # It is wanted removed, and is there whole.
    check "so it stays" is ri bulkhead
else
    echo "not tried: a removal by a job, as there is no cgroup tree"
fi

# --- removed
check "it is removed" in_root dpkg -r bulkhead bulkhead-loader
check "and its programs with it" test ! -e "$root/usr/libexec/bulkhead" -a ! -e "$root/usr/bin/bulkhead"
check "what was decided is left" sha256sum -c --quiet <<<"$decided"
check "the credential too" test -f "$root/var/lib/bulkhead/workers/main/credential"
check "installed again, it goes on with that" install_deb "$deb"
check "and decides nothing" sha256sum -c --quiet <<<"$decided"

# --- purged
check "it is purged" in_root dpkg -P bulkhead bulkhead-loader
check "which says what it leaves" has "stays in /var/log/bulkhead /var/lib/bulkhead/broker"
check "that is the audit log and what it refers to" diff - <(left_in_root) <<END
var/lib/bulkhead/broker/evidence/0123
var/lib/bulkhead/broker/ledger
var/log/bulkhead/audit.log
END
check "dpkg knows no file of it" test -z "$(status_of bulkhead)"
finish
