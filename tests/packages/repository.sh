#!/usr/bin/env bash
# A signed repository of files: installed from by apt, upgraded from by unattended-upgrades on a host whose policy was
# edited, refused when it was tampered with.
# shellcheck source=lab.sh
. "$(dirname "$0")/lab.sh"

need apt-ftparchive apt-utils
need gpg
make_packages
bare_root
new_root "$bare"

export GNUPGHOME=$lab/keys
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key 'Test of the Bulkhead repository' ed25519 sign never 2>/dev/null
key=$(gpg --list-secret-keys --with-colons | awk -F: '$1 == "fpr" { print $10; exit }')
mkdir "$root/srv/first"
cp "$deb" "$loader_deb" "$root/srv/first/"
publish() { "$top/scripts/package-repo" --key "$key" --output "$root/srv/repository" --from "$1" --uri file:/srv/repository; }
check "a repository is made" publish "$root/srv/first"

rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
cp "$root/srv/repository/bulkhead.sources" "$root/etc/apt/sources.list.d/"
check "apt takes its lists, by the key in bulkhead.sources" in_root apt-get update
check "without a word of warning" fails grep -E '^(W|E):' "$lab/said"
check "apt installs from it" in_root apt-get install -y bulkhead bulkhead-loader
check "it is there" is ii bulkhead
policy=$root/etc/bulkhead/policy
echo "# ours" | tee -a "$policy/approval.policy" "$policy/host.policy" "$root/etc/bulkhead/agent.yaml" >/dev/null
decided=$(sha256sum "$policy"/*.policy "$root/etc/bulkhead/agent.yaml")

newer_decisions() {
    local file
    for file in agent.yaml policy/approval.policy policy/host.policy; do echo "# new" >>"$1/usr/share/bulkhead/initial/$file"; done
}
mkdir "$root/srv/second"
mv "$(repack "$deb" "$version.1" newer_decisions)" "$(repack "$loader_deb" "$version.1")" "$root/srv/second/"
check "the repository takes the next version" publish "$root/srv/second"
echo 'Unattended-Upgrade::Origins-Pattern { "origin=Bulkhead,codename=bookworm"; };' >"$root/etc/apt/apt.conf.d/52bulkhead"
check "apt sees it" in_root apt-get update
check "unattended-upgrades runs" in_root unattended-upgrade -v
check "and has upgraded" version_is bulkhead "$version.1"
check "both" version_is bulkhead-loader "$version.1"
check "and what was decided stands" sha256sum -c --quiet <<<"$decided"
check "and nothing was left to ask" test -z "$(find "$root/etc/bulkhead" -name '*.dpkg-*' -o -name '*.ucf-*')"
check "an earlier version is still to be had" in_root apt-get install -y --allow-downgrades "bulkhead=$version" "bulkhead-loader=$version"
check "it is back" version_is bulkhead "$version"

# --- what must not be believed
index=$root/srv/repository/dists/bookworm
sed -i 's/^Origin: .*/Origin: Evil/' "$index/InRelease"
rm -rf "$root"/var/lib/apt/lists/*
check "a list that was changed is refused" fails in_root apt-get -o Acquire::Retries=0 -o APT::Update::Error-Mode=any update
check "as badly signed" grep -qiE 'BADSIG|invalid|not signed' "$lab/said"
check "signed again, it is taken" publish "$root/srv/second"
check "it is" in_root apt-get -o APT::Update::Error-Mode=any update
echo >>"$root/srv/repository/pool/bulkhead_$version.1_amd64.deb"
check "a package that was changed is not installed" fails in_root apt-get install -y bulkhead bulkhead-loader
check "the old one stays" version_is bulkhead "$version"

# --- what is refused at the signing
check "without a key nothing is signed" fails "$top/scripts/package-repo" --output "$lab/none" --from "$root/srv/first"
check "without packages neither" fails "$top/scripts/package-repo" --key "$key" --output "$lab/none" --from "$lab/keys"
gpgconf --kill all
finish
