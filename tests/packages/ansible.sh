#!/usr/bin/env bash
# The Ansible role: ansible-lint has nothing to say of it; in a booted system it installs, enrols and starts the agent,
# and the second time changes nothing. The cloud-init example there does the same, step by step.
#   tests/packages/ansible.sh BUILD_DIRECTORY
. "$(dirname "$0")/../systemd/lab.sh"

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(realpath -e "${1:?usage: tests/packages/ansible.sh BUILD_DIRECTORY}")
for tool in ansible-playbook:ansible-core ansible-lint dpkg-buildpackage:dpkg-dev dh:debhelper; do
    command -v "${tool%:*}" >/dev/null || skip "${tool%:*} is not installed (package ${tool#*:})"
done
/usr/bin/python3 -c 'import apt' 2>/dev/null || skip "python3-apt is not installed"

scratch=$(mktemp -d)
lab_leaves=("$scratch")
trap 'rm -rf "$scratch"' EXIT
cp -r "$top/packaging/ansible" "$scratch/ansible"
(cd "$scratch/ansible" && HOME=$scratch ansible-lint --offline -q --profile production site.yml roles/bulkhead) ||
    { echo "NOT SEEN: ansible-lint has nothing to say"; exit 1; }
echo "ok  ansible-lint has nothing to say"

# cloud-init itself is not installed, as it would act on this machine's next boot.
cloud_init=$(compgen -G "$top/build/cloud-init/cloud-init_*.deb" || true)
if [ -n "$cloud_init" ]; then
    dpkg-deb -x "$cloud_init" "$scratch/cloud-init"
    PYTHONPATH=$scratch/cloud-init/usr/lib/python3/dist-packages /usr/bin/python3 -m cloudinit.cmd.main schema \
        --config-file "$top/packaging/cloud-init/user-data.yaml" || { echo "NOT SEEN: cloud-init takes the example"; exit 1; }
    echo "ok  cloud-init takes the example"
else
    echo "    (cloud-init's schema was not asked: there is no build/cloud-init/cloud-init_*.deb)"
fi
if compgen -G "${BULKHEAD_DEBS:-$scratch/debs}/bulkhead_*.deb" >/dev/null; then
    cp -r "$BULKHEAD_DEBS" "$scratch/debs"
else
    "$top/scripts/package-deb" --programs "$build" --no-debug --output "$scratch/debs"
fi

ssh-keygen -q -t ed25519 -N '' -C '' -f "$scratch/key"
"$top/scripts/package-tarball" --programs "$build" --output "$scratch/release"
"$top/scripts/package-sums" "$scratch/release" "$scratch/key" >"$scratch/release.key"

lab_installs=no
boot_lab "$build" "$top/tests/systemd/agent.sh" "$here/inside/ansible.sh" "$scratch/ansible" "$scratch/debs" "$scratch/release" \
    "$scratch/release.key" "$top/packaging/cloud-init"
# As a service: in a cgroup of the container, and with nothing of this environment, of which settings of the agent are.
in_lab systemd-run --quiet --pipe --wait --collect bash /opt/lab/ansible.sh
