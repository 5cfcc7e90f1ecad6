# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the scripts that source this file
# For the scripts that make packages: an install tree of programs that are built, and what a
# release is called. All bytes follow from the source and the build: times are SOURCE_DATE_EPOCH's.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=$(sed -n 's/^project(bulkhead VERSION \([0-9.]*\).*/\1/p' "$top/CMakeLists.txt")
architecture=$(uname -m)
output=$top/build/packages
programs=
# The time of the last commit, or of the newest page where there is no repository.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || stat -c %Y "$top/CHANGELOG.md")}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC

# take_option OPTION VALUE: --output and --programs, which all these scripts have. False for another.
take_option() {
    case $1 in
        --output) output=$(realpath -m "${2:?--output takes a directory}") ;;
        --programs) programs=$(realpath -e "${2:?--programs takes a build directory}") ;;
        *) return 1 ;;
    esac
}

# make_work_directory: $work, which is removed at the end.
make_work_directory() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$output"
}

# stage TREE COMPONENT: what a package holds, for /usr, without symbols. Programs are those of --programs, else of
# the release preset, which is built first. COMPONENT is agent or loader.
stage() {
    if [ -z "$programs" ]; then
        build release all
        programs=$top/build/release
    fi
    local component=(--component "$2")
    [ "$2" != agent ] || component=()  # all that is no component of another package
    DESTDIR=$1 cmake --install "$programs" --prefix /usr --strip "${component[@]}" >/dev/null
    [ "$2" != agent ] || [ ! -e "$1/usr/libexec/bulkhead/bulkhead-loader" ] || die "the loader is a package of its own"
}

# archive DIRECTORY FILE NAME...: a tar with the same bytes for the same files, all of them root's.
archive() {
    local from=$1 to=$2
    shift 2
    tar -C "$from" --sort=name --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
        --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf "$to" "$@"
}

# built_in_libraries: options for package-sbom, of libraries that the staged programs hold instead of mapping them.
built_in_libraries() {
    local release=$programs/../lean-curl/release
    grep -qs '^BULKHEAD_CURL:STRING=lean$' "$programs/CMakeCache.txt" || return 0
    [ -f "$release" ] || die "$programs was built with the lean libcurl, and $release does not say which"
    printf '%s\n' --built-in "curl=$(sed -n 's/^version //p' "$release")"
}
