#!/usr/bin/env bash
# piuparts(1): installed in a bare Debian and purged, the packages leave nothing, also none of the directories that only
# an agent that ran would have put records into.
# shellcheck source=lab.sh
. "$(dirname "$0")/lab.sh"

need piuparts
make_packages
bare_root
new_root "$bare"
# Offline: all that the packages depend on is there.
rm -f "$root"/etc/apt/sources.list.d/* "$root/usr/sbin/policy-rc.d"
: >"$root/etc/apt/sources.list"
# It is copied with all that is mounted there, and piuparts mounts its own.
for place in proc dev run tmp; do umount -R "$root/$place"; done
mkdir "$lab/piuparts"
check "piuparts passes" piuparts --existing-chroot "$root" --distribution bookworm --keep-sources-list --no-eatmydata \
    --no-upgrade-test --fail-on-broken-symlinks --tmpdir "$lab/piuparts" --log-file "$lab/piuparts.log" "$debs"/*.deb
check "without a warning" fails grep -E ' (WARN|ERROR|FAIL)' "$lab/piuparts.log"
finish
