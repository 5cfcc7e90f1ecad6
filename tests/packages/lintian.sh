#!/usr/bin/env bash
# lintian(1) has no tag for the packages, and packed a second time they have the same bytes.
# shellcheck source=lab.sh
. "$(dirname "$0")/lab.sh"

need lintian
make_packages
tags() { lintian --allow-root --tag-display-limit 0 "$debs"/*.deb; }
check "lintian has no tag" test -z "$(tags)"
check "each override has its reason" fails grep -L '^# ' "$top"/packaging/debian/*.lintian-overrides

# From a tree that was checked out at another time, by a user with another umask.
mkdir "$lab/tree"
cp -r "$top"/{scripts,packaging,CMakeLists.txt,CHANGELOG.md} "$lab/tree/"
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(dpkg-deb --fsys-tarfile "$deb" | tar -tvf - --full-time --utc ./usr/bin/bulkhead | awk '{ print $4, $5 }' | xargs -I{} date -u -d {} +%s)
umask 077
find "$lab/tree" -exec touch -d 2001-01-01 {} +
check "they are packed once more" "$lab/tree/scripts/package-deb" --programs "$build" --no-debug --output "$lab/again"
for file in "$debs"/*.deb; do check "${file##*/} has the same bytes" cmp "$file" "$lab/again/${file##*/}"; done
finish
