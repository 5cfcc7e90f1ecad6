#!/usr/bin/env bash
# The OCI image: two makings, one of them by a user without rights, give the same bytes; its programs run; and in
# namespaces of its own, with the capabilities and the read-only root of packaging/oci/compose.yaml and no engine, the
# agent enrols at the reference backend and runs a job.
#   tests/packages/image.sh BUILD_DIRECTORY
set -euo pipefail
readonly kSkipped=77
skip() { echo "skipped: $1"; exit "$kSkipped"; }

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(realpath -e "${1:?usage: tests/packages/image.sh BUILD_DIRECTORY}")
[ "$(id -u)" = 0 ] || skip "needs root"
for tool in umoci skopeo:skopeo bwrap:bubblewrap curl; do
    command -v "${tool%:*}" >/dev/null || skip "${tool%:*} is not installed (package ${tool#*:})"
done
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$tree" ] || skip "no cgroup2 file system is mounted here"

# The rest in a mount and network namespace of its own, where only loopback is.
if [ -z "${kInside-}" ]; then
    exec env kInside=yes unshare -mn --propagation private "$0" "$build"
fi
ip link set lo up 2>/dev/null || skip "no ip(8) to bring loopback up"

say_log() { [ ! -f "$scratch/log.txt" ] || tail -n 40 "$scratch/log.txt"; }
failed() { echo "NOT SEEN: $1"; say_log; exit 1; }
check() { "${@:2}" || failed "$1"; echo "ok  $1"; }
await() {  # await SECONDS COMMAND...
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}

export SOURCE_DATE_EPOCH=1790000000
scratch=$(mktemp -d)
group=$tree/bulkhead-image-$$
started=()
clean_up() {
    [ ! -f "$group/cgroup.kill" ] || echo 1 >"$group/cgroup.kill"
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    await 10 find "$group" -depth -type d -exec rmdir {} + || true
    umount "$scratch/overlay" "$scratch/sys" 2>/dev/null || true
    rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT

"$top/scripts/package-image" --programs "$build" --output "$scratch/one"
# This user is uid 1000 and has no capability, and the build directory is its own.
unshare -U --map-user=1000 --map-group=1000 "$top/scripts/package-image" --programs "$build" --output "$scratch/two"
check "two makings give the same bytes, and need no root" diff -r "$scratch/one" "$scratch/two"
archive=$(echo "$scratch"/one/bulkhead-*.oci.tar)
version=$(sed -n 's/^project(bulkhead VERSION \([0-9.]*\).*/\1/p' "$top/CMakeLists.txt")
inspected=$(skopeo inspect "oci-archive:$archive")
check "skopeo reads it" grep -q "\"org.opencontainers.image.version\": \"$version\"" <<<"$inspected"
skopeo inspect --config "oci-archive:$archive" >"$scratch/config"
check "it starts by its entry point" grep -q '/usr/libexec/bulkhead/start-in-container' "$scratch/config"
names_libraries() {  # the packages of what the image holds, bash's among them
    for package in bash coreutils libc6 libsodium23 libseccomp2 libssl3 ca-certificates; do
        grep -q "pkg:deb/debian/$package@" "$archive.spdx.json" || { echo "$package"; return 1; }
    done
}
check "its SBOM names what it holds" names_libraries

mkdir "$scratch/layout"
tar -C "$scratch/layout" -xf "$archive"
umoci unpack --image "$scratch/layout:$version" "$scratch/bundle"
root=$scratch/bundle/rootfs
check "nothing in it is set-user-id" test -z "$(find "$root" -xdev -perm /6000)"
# No link of its leads nowhere; the engine makes those in /dev and /proc.
check "no link in it leads nowhere" test -z "$(find "$root" -xdev -xtype l)"
# As a user without rights, without any capability.
inside() { bwrap --unshare-all --uid 1000 --gid 1000 --cap-drop ALL --ro-bind "$root" / --proc /proc --dev /dev --tmpfs /tmp "$@"; }
check "the broker runs" test "$(inside bulkhead-broker --version)" = "bulkhead $version"
check "so does bulkhead, and the shipped policy is good" inside --ro-bind "$root/etc/bulkhead/policy" /tmp/policy bulkhead check-policy /tmp/policy
printf '#!/bin/bash\nuptime\n' >"$scratch/job.sh"
dry_run() {
    inside --ro-bind "$root/etc/bulkhead/policy" /tmp/policy --ro-bind "$scratch/job.sh" /tmp/job.sh \
        bulkhead-broker --dry-run /tmp/job.sh --policy /tmp/policy >"$scratch/said" 2>&1 || true
    grep -q not-approved "$scratch/said"
}
check "jobs are vetted in it" dry_run

# --- the agent
"$build/tests/backend/reference-backend" --directory "$scratch/backend" --install-token image --heartbeat-seconds 1 \
    --ready-file "$scratch/ready.json" --print >"$scratch/backend.log" 2>&1 &
started+=($!)
await 30 test -s "$scratch/ready.json" || failed "the reference backend"
ready() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$scratch/ready.json"; }
url=$(ready url)
control=$(ready control_url)

etc=$scratch/etc
cp -r "$root/etc/bulkhead" "$etc"
mkdir -p "$etc"/{credentials/bulkhead,policy/profiles/worker.profile.d,policy/profiles/inspect.profile.d}
chmod 700 "$etc/credentials"
cp "$(ready ca_file)" "$etc/credentials/bulkhead/ca.pem"
install -m 600 <(echo image) "$etc/install-token"
cat >"$etc/agent.yaml" <<YAML
backend:
  url: $url
  ca_file: /etc/bulkhead/credentials/bulkhead/ca.pem
  install_token_file: /etc/bulkhead/install-token
YAML
echo "connect 127.0.0.1 ${url##*:}   # the backend of this test" >"$etc/policy/profiles/worker.profile.d/10-backend.lines"
echo 'read /host   # the host, as the compose file shows it' >"$etc/policy/profiles/inspect.profile.d/10-host.lines"
# shellcheck disable=SC2016  # for the job
script='id -un; cat /host/etc/answer; while read -r name value; do [ "$name" != CapEff: ] || echo "CapEff $value"; done </proc/self/status'
printf '%s\n' "$script" >"$etc/policy/approved/look.script"
cat >"$etc/policy/approved/look.manifest" <<MANIFEST
bulkhead-job v1
job-id look
author test
script-sha256 $(sha256sum <"$etc/policy/approved/look.script" | cut -d ' ' -f 1)
script-size $(stat -c %s "$etc/policy/approved/look.script")
interpreter /bin/bash
profile inspect
target any
not-before 2020-01-01T00:00:00Z
not-after 2099-01-01T00:00:00Z
timeout 60
output-max 65536
runs 9/day
reason test
end
MANIFEST
mkdir -p "$scratch"/{host/etc,state,log}
echo of-the-host >"$scratch/host/etc/answer"
echo 0123456789abcdef0123456789abcdef >"$scratch/machine-id"

# As Docker has it: the root is an overlay, and may not be written to.
mkdir "$scratch"/{upper,scratch,overlay}
mount -t overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/scratch" image "$scratch/overlay" ||
    skip "no overlay file system here"
mapfile -t given < <(sed -n '/cap_add:/,/security_opt:/s/^ *- \([A-Z_]*\).*/--cap-add\nCAP_\1/p' "$top/packaging/oci/compose.yaml")
of_unit=$(sed -n 's/^CapabilityBoundingSet=//p' "$top/systemd/walls.conf.in" | tr ' ' '\n' | sort)
check "compose.yaml gives what the unit gives" test "$(printf '%s\n' "${given[@]}" | grep ^CAP_ | sort)" = "$of_unit"
mkdir "$group" "$scratch/sys"
mount -t sysfs sysfs "$scratch/sys"
agent() {  # what the compose file says, by bwrap
    echo 0 >"$group/cgroup.procs"
    # An engine gives it the environment of the image alone.
    exec bwrap --clearenv --setenv PATH /usr/sbin:/usr/bin \
        --unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup --cap-drop ALL "${given[@]}" --hostname image \
        --ro-bind "$scratch/overlay" / --proc /proc --dev /dev --ro-bind "$scratch/sys" /sys --bind "$group" /sys/fs/cgroup \
        --perms 0755 --tmpfs /run --perms 1777 --tmpfs /tmp --perms 1777 --tmpfs /var/tmp \
        --ro-bind "$etc" /etc/bulkhead --bind "$scratch/state" /var/lib/bulkhead --bind "$scratch/log" /var/log/bulkhead \
        --ro-bind "$scratch/machine-id" /etc/machine-id --ro-bind "$scratch/host" /host --die-with-parent \
        /usr/libexec/bulkhead/start-in-container
}
agent >"$scratch/log.txt" 2>&1 &
started+=($!)
enrolled() { curl -fsS "$control/control/heartbeats?count=1&wait=1" | grep -q '"host'; }
check "its worker enrols and reports" await 60 enrolled
host=$(curl -fsS "$control/control/heartbeats?count=1&wait=1" | sed -n 's/.*"host[a-z_]*":"\([^"]*\)".*/\1/p' | head -n 1)
echo "    (as $host)"
curl -fsS -d "{\"host\":\"$host\",\"catalogue\":\"look\",\"id\":\"look\"}" "$control/control/jobs" >/dev/null
result=$(curl -fsS "$control/control/jobs/look?wait=60")
check "a job of inspect runs" grep -q '"finished"' <<<"$result"
said=$(curl -fsS "$control/control/jobs/look/output/stdout")
check "as its account" grep -q '^bulkhead-job$' <<<"$said"
check "it sees what of the host it is shown" grep -q '^of-the-host$' <<<"$said"
check "and has no capability" grep -q '^CapEff 0000000000000000$' <<<"$said"
echo "    walls that are missing: $(grep -o '"missing":"[^"]*"' "$scratch/log.txt" | head -n 1)"
