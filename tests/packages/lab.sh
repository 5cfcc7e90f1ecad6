# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the tests that source this file
# For tests of the packages: roots of their own, in mount and process namespaces of their own, of which nothing stays.
#   . "$(dirname "$0")/lab.sh"     first of all: it starts the test a second time, in there
# A test is called with the build directory that has the programs, and ends with status 77 where it is skipped.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(realpath -e "${1:?usage: $0 BUILD_DIRECTORY}")

skip() { echo "skipped: $1"; exit 77; }
need() { command -v "$1" >/dev/null || skip "$1 is not installed (package ${2:-$1})"; }

if [ -z "${BULKHEAD_LAB:-}" ]; then
    [ "$(id -u)" = 0 ] || skip "needs root"
    need dpkg-buildpackage dpkg-dev
    need dh debhelper
    lab=$(mktemp -d)
    status=0
    # What still runs in there ends with the first process of the namespace.
    BULKHEAD_LAB=$lab unshare --mount --pid --fork --kill-child --propagation private "$0" "$@" || status=$?
    rmdir "$lab"
    exit "$status"
fi
lab=$BULKHEAD_LAB
mount -t tmpfs -o mode=755 lab "$lab"
mount -t proc proc /proc

failures=0
passed() { printf 'ok    %s\n' "$1"; }
failed() {
    printf 'FAIL  %s\n' "$1"
    failures=$((failures + 1))
}
# check TEXT COMMAND...: the command succeeds; what it said is shown if it does not.
check() {
    local text=$1 said
    shift
    if said=$("$@" 2>&1); then
        passed "$text"
    else
        failed "$text"
        printf '%s\n' "$said" | tail -n 30 | sed 's/^/      | /'
    fi
}
fails() { ! "$@"; }
has() { grep -F -- "$1" "$lab/said"; }  # has TEXT: the last in_root has said it
finish() {
    [ "$failures" = 0 ] || { echo "$failures checks have failed"; exit 1; }
    echo "all is well"
}

# make_packages: $debs has those of this build, made once for all tests where scripts/test-packages says where.
make_packages() {
    debs=${BULKHEAD_DEBS:-$lab/debs}
    compgen -G "$debs/bulkhead_*.deb" >/dev/null ||
        "$top/scripts/package-deb" --programs "$build" --no-debug --output "$debs" >"$lab/log" 2>&1 ||
        { cat "$lab/log"; exit 1; }
    deb=$(echo "$debs"/bulkhead_*.deb)
    loader_deb=$(echo "$debs"/bulkhead-loader_*.deb)
    version=$(dpkg-deb -f "$deb" Version)
}

# repack DEB VERSION [COMMAND...]: the package as another version, with what the command changes in its unpacked tree,
# which is its last argument; prints its name.
repack() {
    local from=$1 to=$2 tree=$lab/repacked file
    shift 2
    rm -rf "$tree"
    dpkg-deb -R "$from" "$tree"
    sed -i -e "s/^Version: .*/Version: $to/" -e "s/(= $version)/(= $to)/" "$tree/DEBIAN/control"
    [ $# -eq 0 ] || "$@" "$tree" >&2
    (cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
    file=$lab/$(dpkg-deb -f "$from" Package)_${to}_amd64.deb
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$file" >/dev/null
    rm -rf "$tree"
    echo "$file"
}

# new_root [LOWER]: $root is an overlay of this machine's files, or of the directory, without an agent.
new_root() {
    local lower=${1:-/}
    [ -z "${root:-}" ] || umount -R "$root"
    rm -rf "$lab/upper" "$lab/scratch"
    root=$lab/root
    mkdir -p "$lab/upper" "$lab/scratch" "$root"
    mount -t overlay -o "lowerdir=$lower,upperdir=$lab/upper,workdir=$lab/scratch" lab "$root" ||
        skip "no overlay file system here"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=755 run "$root/run"
    mount -t tmpfs -o mode=1777 tmp "$root/tmp"
    rm -rf "$root"/{etc,var/lib,var/log}/bulkhead
    printf '%032x\n' 4711 >"$root/etc/machine-id"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/lab"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
}

# in_root COMMAND...: runs it in $root; what it says goes to $lab/said as well.
in_root() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "$@" 2>&1 </dev/null | tee "$lab/said"
}

# install_deb FILE...: by dpkg, which is given no terminal to ask questions on.
install_deb() {
    local name names=()
    for name in "$@"; do
        cp "$name" "$root/tmp/"
        names+=("/tmp/${name##*/}")
    done
    in_root dpkg -i "${names[@]}"
}

status_of() { chroot "$root" dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | tr -d ' '; }
is() { [ "$(status_of "$2")" = "$1" ]; }  # is STATUS PACKAGE, of dpkg -l: ii, rc, ...
version_is() { [ "$(chroot "$root" dpkg-query -W -f '${Version}' "$1")" = "$2" ]; }

# left_in_root: files whose name or directory has ours.
left_in_root() {
    (cd "$root" && find etc usr var run lib/systemd -xdev ! -type d -path '*bulkhead*' ! -path '*/var/lib/dpkg/*' | sort)
}

# Names, owners, modes and contents of all that the package or its scripts have made.
state_of_root() {
    (cd "$root" && find etc var/lib var/log usr/share usr/libexec -path '*/bulkhead*' ! -path '*/dpkg/*' \
        -printf '%p %u:%g %m %l\n' | sort)
    (cd "$root" && find etc var/lib var/log usr/share usr/libexec -type f -path '*/bulkhead*' ! -path '*/dpkg/*' \
        -print0 | sort -z | xargs -0r sha256sum)
    grep -o '^bulkhead[^:]*' "$root/etc/passwd" | sort
}

# bare_root: $bare is a Debian 12 with little more than what the packages depend on, made once for all tests by the
# sources that this machine has. Its packages come by network; without it the test is skipped.
bare_root() {
    local sources=/etc/apt/sources.list.d/debian.sources
    [ -f "$sources" ] || sources=/etc/apt/sources.list
    bare=${BULKHEAD_BARE:-$build/bare-debian}
    [ ! -f "$bare/made" ] || { bare=$bare/root && return; }
    need mmdebstrap
    rm -rf "$bare"
    mkdir -p "$bare/root" "$lab/tmp"
    # Unpacked in memory, where syncing costs nothing.
    TMPDIR=$lab/tmp mmdebstrap --quiet --mode=root --variant=apt --dpkgopt=force-unsafe-io \
        --include=systemd-sysv,dbus,libcurl4,libyaml-cpp0.7,libseccomp2,libmnl0,libcap2,libsodium23,libzstd1,libbpf1,libcpp-httplib0.11,unattended-upgrades \
        bookworm "$lab/bare.tar" "$sources" >"$lab/log" 2>&1 || { cat "$lab/log"; skip "no Debian could be fetched"; }
    tar -C "$bare/root" -xf "$lab/bare.tar"
    rm "$lab/bare.tar"
    : >"$bare/made"
    bare=$bare/root
}
