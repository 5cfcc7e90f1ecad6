#!/usr/bin/env bash
# lintian(1) has no tag for the packages, and packed a second time they have the same bytes.
# shellcheck source=lab.sh
. "$(dirname "$0")/lab.sh"

need lintian
make_packages
says_nothing() {  # says_nothing COMMAND...: prints what it says
    local said
    said=$("$@")
    printf '%s' "$said"
    [ -z "$said" ]
}
no_tags() { says_nothing lintian --allow-root --tag-display-limit 0 "$debs"/*.deb; }
check "lintian has no tag" no_tags
reasons_are_given() { says_nothing grep -L '^# ' "$top"/packaging/debian/*.lintian-overrides; }
check "each override has its reason" reasons_are_given

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
