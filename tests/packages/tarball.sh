#!/usr/bin/env bash
# The archive of a release: two makings give the same bytes, its SBOM names what the programs map, and install.sh takes
# nothing that is not signed, installs, upgrades and removes; that in a booted systemd.
#   tests/packages/tarball.sh BUILD_DIRECTORY
. "$(dirname "$0")/../systemd/lab.sh"

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(realpath -e "${1:?usage: tests/packages/tarball.sh BUILD_DIRECTORY}")
failed() { echo "NOT SEEN: $1"; exit 1; }
check() { "${@:2}" || failed "$1"; echo "ok  $1"; }

export SOURCE_DATE_EPOCH=1790000000
scratch=$(mktemp -d)
lab_leaves=("$scratch")
trap 'rm -rf "$scratch"' EXIT
release=$scratch/release
"$top/scripts/package-tarball" --programs "$build" --output "$release"
"$top/scripts/package-tarball" --programs "$build" --output "$scratch/again"
check "two makings give the same bytes" diff -r "$release" "$scratch/again"

names_what_policy_lists() {  # of the broker, for the loaders of other architectures less
    /usr/bin/python3 - "$release"/*.spdx.json "$top/policy/broker.libs" <<'PY'
import json, re, sys
document = json.load(open(sys.argv[1]))
broker = next(one["SPDXID"] for one in document["files"] if one["fileName"].endswith("/libexec/bulkhead/broker"))
mapped = {name for one in document["relationships"] if one["spdxElementId"] == broker and
          one["relationshipType"] == "DYNAMIC_LINK" for name in one["comment"].split()}
listed = set(re.findall(r"^library (\S+)", open(sys.argv[2]).read(), re.M))
loaders = {name for name in listed if name.startswith("ld-linux")}
assert mapped - loaders == listed - loaders and len(mapped & loaders) == 1, (mapped, listed)
ids = {one["SPDXID"] for one in document["packages"] + document["files"]} | {"SPDXRef-DOCUMENT"}
assert all(one["relatedSpdxElement"] in ids and one["spdxElementId"] in ids for one in document["relationships"])
purls = [package["externalRefs"][0]["referenceLocator"] for package in document["packages"]]
odd = [purl for purl in purls if not re.match(r"pkg:(deb/debian|generic)/[A-Za-z0-9.%-]+@[^?]+", purl)]
assert not odd, odd
for member in ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo"):
    assert member in document, member
PY
}
check "the SBOM names what policy/broker.libs lists" names_what_policy_lists

ssh-keygen -q -t ed25519 -N '' -C '' -f "$scratch/key"
"$top/scripts/package-sums" "$release" "$scratch/key"
for name in other-namespace other-key; do cp -r "$release" "$scratch/$name"; done
(cd "$scratch/other-namespace" && rm SHA256SUMS.sig && ssh-keygen -q -Y sign -n file -f ../key SHA256SUMS)
ssh-keygen -q -t ed25519 -N '' -C '' -f "$scratch/other"
(cd "$scratch/other-key" && rm SHA256SUMS.sig && ssh-keygen -q -Y sign -n bulkhead-release-v1 -f ../other SHA256SUMS)

# What the next version could be: a file less, a file more, and the policy without one of its files.
name=$(basename "$release"/bulkhead-*.tar.gz .tar.gz)
mkdir "$scratch/next"
tar -C "$scratch" -xzf "$release/$name.tar.gz"
rm "$scratch/$name/agent/usr/share/doc/bulkhead/CONTRIBUTING.md"
echo new >"$scratch/$name/agent/usr/share/doc/bulkhead/NEWS"
echo '# the same program, and another file' >>"$scratch/$name/agent/usr/share/bulkhead/policy/README.md"
tar -C "$scratch" -czf "$scratch/next/$name.tar.gz" "$name"
cp "$release/install.sh" "$scratch/next/"
"$top/scripts/package-sums" "$scratch/next" "$scratch/key"

lab_installs=no
boot_lab "$build" "$top/tests/systemd/agent.sh" "$here/inside/tarball.sh" "$release" "$scratch/next" "$scratch/other-namespace" \
    "$scratch/other-key"
in_lab bash /opt/lab/tarball.sh
