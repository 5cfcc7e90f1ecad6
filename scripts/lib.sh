# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the scripts that source this file
# Functions and variables that the scripts share, and the packages that a fresh Debian 12 needs.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=${JOBS:-$(nproc)}
# Debug information names the build directory, so ccache must not use objects of another directory.
export CCACHE_HASHDIR=true

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

build_packages=(cmake ninja-build g++ ccache pkg-config libssl-dev libsodium-dev libcurl4-openssl-dev
    nlohmann-json3-dev libyaml-cpp-dev libseccomp-dev libcap-dev libmnl-dev zlib1g-dev libzstd-dev libcpp-httplib-dev
    libgtest-dev libgmock-dev libbenchmark-dev libbpf-dev libelf-dev clang scdoc)
run_packages=(openssh-client openssl curl bash coreutils)
test_packages=(shellcheck binutils procps iproute2 systemd-container dbus e2fsprogs nats-server)
# Shells whose completion is tried, and what looks at manual pages.
test_packages+=(bash-completion fish man-db zsh)
# Programs to try the lists of system calls with: static, in Go, in Rust, and interpreters of
# scripts.
runtime_packages=(busybox-static fzf ripgrep fd-find perl python3 nodejs)
# Programs that the cases of tests/everyday run; a case whose program is missing is skipped.
everyday_packages=(acl at cron git iproute2 iptables iputils-ping libcap2-bin logrotate lsof lvm2 man-db net-tools
    nftables nodejs perl psmisc python3 strace sudo ufw)
# What scripts/package deb and repo run.
package_packages=(dpkg-dev debhelper apt-utils gpg)
# What scripts/package tarball and image run, and tests/packages of archive, image, Ansible role and cloud-init's example.
image_packages=(umoci python3 ca-certificates openssh-client)
image_test_packages=(skopeo bubblewrap ansible-core ansible-lint python3-apt python3-requests python3-configobj python3-oauthlib
    python3-jsonpatch python3-jsonschema python3-netifaces python3-serial)
# What tests/packages tries the packages with.
package_test_packages=(lintian mmdebstrap piuparts)
# Of scripts/lean-curl; dpkg-dev takes the source package apart.
lean_curl_packages=(dpkg-dev patch)
fuzz_packages=(clang-19 libclang-rt-19-dev)
selinux_packages=(selinux-policy-dev)

# install_packages NAME...: installs those that are missing, so that a second run needs no network.
install_packages() {
    [ "$(id -u)" = 0 ] || die "run me as root: I install packages, and the agent's broker is root"
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${#missing[@]} packages: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# install_missing NAME...: the same, for what anybody may run where all of them are installed.
install_missing() {
    dpkg-query -W "$@" >/dev/null 2>&1 || install_packages "$@"
}

# fetch_package NAME DIRECTORY: downloads a package into the directory unless one is there, and does
# not install it. Without network it only prints a message; tests that need the package skip
# themselves.
fetch_package() {
    ! compgen -G "$2/$1_*.deb" >/dev/null || return 0
    say "fetching $1"
    mkdir -p "$2"
    # apt's own user cannot write to a directory of root, so apt downloads as root.
    (cd "$2" && get() { apt-get -o APT::Sandbox::User=root download -qq "$1"; } &&
        { get "$1" 2>/dev/null || { apt-get update -qq && get "$1"; }; }) || say "$1 could not be fetched"
}

# build PRESET TARGET...: configures and builds.
build() {
    local preset=$1
    shift
    say "building ($preset)"
    cmake -S "$top" --preset "$preset" >/dev/null
    cmake --build "$top/build/$preset" -j "$jobs" --target "$@"
}

# fuzz_targets: names of the decoders that can be fuzzed, a line each.
fuzz_targets() { (cd "$top/tests/fuzz" && printf '%s\n' *_fuzz.cpp | sed 's/_fuzz.cpp$//'); }

# choose_seed: sets and prints BULKHEAD_SEED, from which follows whatever is chosen by chance.
choose_seed() {
    export BULKHEAD_SEED=${BULKHEAD_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
    say "BULKHEAD_SEED=$BULKHEAD_SEED"
}

# some_of COUNT: as many lines of stdin, by the seed.
some_of() {
    shuf -n "$1" --random-source=<(openssl enc -aes-128-ctr -pass "pass:$BULKHEAD_SEED" -nosalt </dev/zero 2>/dev/null)
}
