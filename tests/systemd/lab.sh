# shellcheck shell=bash
# For tests that need a whole systemd: boots one over a throw-away copy of this machine's files, with the agent
# installed there as a package would. Nothing of it stays.
#   . lab.sh
#   boot_lab BUILD_DIRECTORY FILE...   the files go to /opt/lab
#   in_lab COMMAND...
# With lab_installs=no the agent is not installed; lab_leaves are files that go when the lab does.
set -euo pipefail
readonly kSkipped=77  # ctest calls that skipped

skip() { echo "skipped: $1"; exit "$kSkipped"; }

clean_up_lab() {
    [ -z "$lab_machine" ] || { kill "$lab_machine" 2>/dev/null; wait "$lab_machine" 2>/dev/null; } || true
    local group
    for group in "${lab_groups[@]}"; do
        [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
    rm -rf "$lab_work" ${lab_leaves+"${lab_leaves[@]}"}
}

# An overlay cannot be ID-mapped, so a job that deletes needs another file system to delete from.
mount_scratch() {  # mount_scratch PLACE
    truncate -s 512M "$lab_work/${1//\//-}"
    mkfs.ext4 -q "$lab_work/${1//\//-}"
    mount -o loop "$lab_work/${1//\//-}" "$lab_work/root$1" ||
        { echo "skip: no loop device here"; exit 1; }
    chmod 1777 "$lab_work/root$1"
}

# In a mount namespace of its own, so that all mounts go when the container goes.
start_lab() {
    set -e
    local root=$lab_work/root group
    for group in "${lab_groups[@]}"; do echo 0 >"$group/cgroup.procs"; done
    mount -t tmpfs -o mode=755 lab "$lab_work"
    mkdir "$lab_work/upper" "$lab_work/scratch" "$root"
    mount -t overlay -o "lowerdir=/,upperdir=$lab_work/upper,workdir=$lab_work/scratch" lab "$root" ||
        { echo "skip: no overlay file system here"; exit 1; }
    rm -rf "$root/etc/systemd/system" "$root/etc/bulkhead" "$root/var/lib/bulkhead" "$root/var/log/bulkhead"
    mkdir "$root/etc/systemd/system"
    printf '[Unit]\nRequires=basic.target dbus.socket\n' >"$root/etc/systemd/system/lab.target"
    : >"$root/etc/machine-id"
    [ "${lab_installs-yes}" = no ] || DESTDIR=$root cmake --install "$lab_build" --prefix /usr >/dev/null
    mkdir -p "$root/opt/lab"
    cp -r "$lab_build/tests/backend/reference-backend" "$@" "$root/opt/lab/"
    mount_scratch /tmp
    mount_scratch /var/tmp
    mkdir -p "$root/var/crash"
    mount_scratch /var/crash
    echo "skip: systemd-nspawn does not boot here"  # unless it does
    exec systemd-nspawn -q -D "$root" --machine=bulkhead-lab --register=no --keep-unit --private-network \
        --console=read-only --capability=all \
        --system-call-filter="bpf landlock_create_ruleset landlock_add_rule landlock_restrict_self" -b systemd.unit=lab.target
}

lab_is_up() {
    lab_leader=$(pgrep -P "$lab_machine" | head -n 1)
    [ -n "$lab_leader" ] && in_lab systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'
}

in_lab() { nsenter -t "$lab_leader" -a "$@"; }

boot_lab() {
    lab_build=$(cd "$1" && pwd)
    shift
    [ "$(id -u)" = 0 ] || skip "needs root"
    local tool tree tick
    for tool in systemd-nspawn:systemd-container curl:curl mkfs.ext4:e2fsprogs; do
        command -v "${tool%:*}" >/dev/null || skip "${tool%:*} is not installed (package ${tool#*:})"
    done
    # The container's systemd wants a cgroup of its own; where, depends on how this machine mounts them.
    lab_groups=()
    for tree in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
        [ -f "$tree/cgroup.procs" ] && lab_groups+=("$tree/bulkhead-lab-$$")
    done
    [ ${#lab_groups[@]} -gt 0 ] || skip "no cgroup tree to boot systemd in"

    lab_work=$(mktemp -d)
    lab_machine=''
    trap clean_up_lab EXIT
    mkdir "${lab_groups[@]}"
    export -f start_lab mount_scratch
    export lab_work lab_build lab_installs
    # The host's /tmp and not one of systemd-nspawn's making.
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_TMPFS_TMP=0
    # An array cannot be exported.
    declare -p lab_groups >"$lab_work/groups"
    # shellcheck disable=SC2016  # expanded in there
    unshare -m bash -c '. "$lab_work/groups"; start_lab "$@"' _ "$@" >"$lab_work/boot.log" 2>&1 </dev/null &
    lab_machine=$!
    for ((tick = 0; tick < 600; tick++)); do
        lab_is_up && return
        if ! kill -0 "$lab_machine" 2>/dev/null; then
            cat "$lab_work/boot.log"
            grep -q '^skip: ' "$lab_work/boot.log" && exit "$kSkipped"
            exit 1
        fi
        sleep 0.1
    done
    cat "$lab_work/boot.log"
    skip "the container does not come up here"
}
