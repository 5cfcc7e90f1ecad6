# shellcheck shell=bash
# Runs inside the system that ../ansible.sh has booted: the role applied twice, changed, and from an archive; then what
# cloud-init would do on another host.
# shellcheck source=../../systemd/agent.sh
. /opt/lab/agent.sh

trap 'failed "line $LINENO: $BASH_COMMAND"' ERR
export HOME=/root LC_ALL=C.UTF-8 ANSIBLE_NOCOWS=1 ANSIBLE_LOCALHOST_WARNING=False
mkdir -p /srv /root/policy/profiles/worker.profile.d /root/policy/approved
systemd-run -q --unit=reference-backend /opt/lab/reference-backend --directory /srv/backend --install-token one \
    --install-token two --install-token three --heartbeat-seconds 1 --ready-file /srv/ready.json --print
await 60 test -s /srv/ready.json || failed "the reference backend"
url=$(ready url)
control=$(ready control_url)

echo "connect 127.0.0.1 ${url##*:}   # the backend of this test" >/root/policy/profiles/worker.profile.d/10-backend.lines
{
    echo '- name: Agents'
    echo '  hosts: localhost'
    echo '  roles: [bulkhead]'
} >/opt/lab/ansible/play.yml
variables() {  # variables TOKEN
    cat >/root/variables.yml <<YAML
bulkhead_deb: $(echo /opt/lab/debs/bulkhead_*.deb)
bulkhead_install_token: $1
bulkhead_policy: /root/policy
bulkhead_credentials: [{backend: bulkhead, file: ca.pem, content: "{{ lookup('file', '$(ready ca_file)') }}"}]
bulkhead_config:
  backend:
    url: $url
    ca_file: /etc/bulkhead/credentials/bulkhead/ca.pem
    install_token_file: /etc/bulkhead/install-token
YAML
}
play() { (cd /opt/lab/ansible && ansible-playbook -c local -i localhost, -e @/root/variables.yml "$@" play.yml) >/root/said 2>&1 || { cat /root/said; false; }; }
recap() { grep -q "changed=$1 .*failed=0" /root/said || { cat /root/said; false; }; }
serves() { bulkhead status | grep -q "enrollment  *enrolled" && systemctl -q is-active "$unit" && systemctl -q is-enabled "$unit"; }

variables one
check "the role applies" play
check "the agent is enrolled, runs, and starts at boot" await 60 serves
check "the token's file is gone" test ! -e /etc/bulkhead/install-token
started=$(systemctl show -P ExecMainStartTimestampMonotonic "$unit")
check "it applies again" play
check "and changes nothing" recap 0
echo 'group web   # for the test' >/root/policy/more
cat /etc/bulkhead/policy/host.policy /root/policy/more >/root/policy/host.policy
rm /root/policy/more
check "a line of the policy is brought" play
check "by one change and a reload" recap 2
check "which the agent has taken" bash -c 'journalctl -o cat -u bulkhead | grep -q policy-reloaded'
check "without a restart" test "$started" = "$(systemctl show -P ExecMainStartTimestampMonotonic "$unit")"
echo 'group broken' >>/root/policy/host.policy
check "a policy that is rejected ends the play" bash -c "! (cd /opt/lab/ansible && ansible-playbook -c local -i localhost, -e @/root/variables.yml play.yml) >/root/said 2>&1"
check "which says where" grep -q 'host.policy:[0-9]*:' /root/said
check "and the agent goes on" systemctl -q is-active "$unit"

# --- from a release, on a host without packages. Who does not say good-bye stays enrolled, and another token is refused.
check "the agent says good-bye" bulkhead leave --yes
rm -f /usr/sbin/policy-rc.d  # of images of containers, where it forbids packages to stop services
apt-get purge -y -qq bulkhead >/dev/null 2>&1
rm -rf /etc/bulkhead /var/lib/bulkhead /var/log/bulkhead /root/policy/host.policy
variables two
sed -i '/^bulkhead_deb/d' /root/variables.yml
cat >>/root/variables.yml <<YAML
bulkhead_release: /opt/lab/release
bulkhead_release_fingerprint: $(grep -o 'SHA256:[^ ]*' /opt/lab/release.key)
YAML
check "the role applies with a release" play
check "the agent of it is enrolled and runs" await 60 serves
check "it applies again with a release" play
check "and changes nothing then" recap 0

# --- cloud-init's example, whose parts this runs in the order in which cloud-init does
check "that agent says good-bye, too" bulkhead leave --yes
/opt/lab/release/install.sh --uninstall --purge >/dev/null
rm -rf /etc/bulkhead /var/lib/bulkhead /var/log/bulkhead
apt-get install -y -qq /opt/lab/debs/bulkhead_*.deb >/dev/null 2>&1
/usr/bin/python3 - "$url" "$(ready ca_file)" <<'PY' || failed "what the example writes"
import os, sys, yaml
example = yaml.safe_load(open("/opt/lab/cloud-init/user-data.yaml"))
assert example["packages"] == ["bulkhead"], example["packages"]
for one in example["write_files"]:
    content = one["content"].replace("https://bulkhead.example.com", sys.argv[1]).replace("TOKEN-OF-THIS-HOST", "three")
    if one["path"].endswith("agent.yaml"):
        content += f"  ca_file: {sys.argv[2]}\n"
    os.makedirs(os.path.dirname(one["path"]), exist_ok=True)
    with open(one["path"], "w", encoding="utf-8") as file:
        file.write(content)
    os.chmod(one["path"], int(one["permissions"], 8))
    user, group = one["owner"].split(":")
    import shutil
    shutil.chown(one["path"], user, group)
with open("/root/runcmd", "w", encoding="utf-8") as file:
    for line in example["runcmd"]:
        file.write((line if isinstance(line, str) else " ".join(line)) + "\n")
PY
mkdir -p /etc/bulkhead/policy/credentials.policy.d /etc/bulkhead/policy/profiles/worker.profile.d
cp /root/policy/profiles/worker.profile.d/10-backend.lines /etc/bulkhead/policy/profiles/worker.profile.d/
echo 'file /srv/backend/*   # what it shows is public' >/etc/bulkhead/policy/credentials.policy.d/10-backend.lines
check "the commands of cloud-init's example" sh -e /root/runcmd
check "leave an agent that is enrolled and runs" await 60 serves
check "and no token" test ! -e /etc/bulkhead/install-token
