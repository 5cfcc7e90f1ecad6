#!/usr/bin/env bash
# The packages where systemd runs: the reference backend's unit serves; the state, policy and unreported jobs of a 0.1
# are taken over; a purge while a job runs ends it and keeps what proves that it ran.
#   tests/packages/booted.sh BUILD_DIRECTORY
. "$(dirname "$0")/../systemd/lab.sh"

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(realpath -e "${1:?usage: tests/packages/booted.sh BUILD_DIRECTORY}")
for tool in dpkg-buildpackage:dpkg-dev dh:debhelper; do
    command -v "${tool%:*}" >/dev/null || skip "${tool%:*} is not installed (package ${tool#*:})"
done

scratch=$(mktemp -d)
lab_leaves=("$scratch")
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/debs" "$scratch/policy-of-0.1"
if compgen -G "${BULKHEAD_DEBS:-$scratch/debs}/bulkhead_*.deb" >/dev/null; then
    cp "$BULKHEAD_DEBS"/*.deb "$scratch/debs/"
else
    "$top/scripts/package-deb" --programs "$build" --no-debug --output "$scratch/debs"
fi
revision=4fcc9e5f  # policy/shipped.digests has its files as those of 0.1.0
if git -C "$top" cat-file -e "$revision:policy" 2>/dev/null; then
    git -C "$top" archive "$revision" policy | tar -C "$scratch/policy-of-0.1" -xf -
fi

lab_installs=no
boot_lab "$build" "$top/tests/systemd/agent.sh" "$here/inside/booted.sh" "$scratch/debs" "$scratch/policy-of-0.1"
# As a service: in a cgroup of the container, and with nothing of this environment, of which settings of the agent are.
in_lab systemd-run --quiet --pipe --wait --collect bash /opt/lab/booted.sh
