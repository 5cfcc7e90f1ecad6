# shellcheck shell=bash
# Packages of the agent in two versions, for tests of the upgrade: of the programs that a build tree has, without a
# second build. The later one differs in its version, and in nothing else.
#   . debs.sh
#   make_debs BUILD_DIRECTORY TO     TO/older.deb, TO/newer.deb; TO/versions has both versions

# The package as it is made for releases.
make_older() {  # make_older BUILD_DIRECTORY TO VERSION
    local top
    top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
    "$top/scripts/package-deb" --programs "$1" --output "$2/made" --no-debug --version "$3-1" >/dev/null
    mv "$2/made/bulkhead_$3-1_"*.deb "$2/older.deb"
    rm -rf "$2/made"
}

make_debs() {
    local older newer tree=$2/tree file
    older=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$1/CMakeCache.txt")
    newer=${older%.*}.9  # of the same length, so that the programs keep theirs
    if [ "${#older}" != "${#newer}" ] || [ "$older" = "$newer" ]; then
        echo "debs.sh: no version after $older"
        return 1
    fi
    rm -rf "$2"
    mkdir -p "$2"
    make_older "$1" "$2" "$older"
    dpkg-deb --raw-extract "$2/older.deb" "$tree"
    rm -f "$tree/DEBIAN/md5sums"
    for file in usr/libexec/bulkhead/broker usr/libexec/bulkhead/worker usr/bin/bulkhead \
        usr/share/bulkhead/policy/vendor.policy; do
        LC_ALL=C sed -i "s/${older//./\\.}/$newer/g" "$tree/$file"
    done
    sed -i "s/^Version: .*/Version: $newer-1/" "$tree/DEBIAN/control"
    dpkg-deb --build --root-owner-group -Znone "$tree" "$2/newer.deb" >/dev/null
    rm -rf "$tree"
    echo "older=$older newer=$newer" >"$2/versions"
}
