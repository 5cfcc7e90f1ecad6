# shellcheck shell=bash
# Runs inside the system that ../tarball.sh has booted: a release is verified, installed, upgraded and removed.
# shellcheck source=../../systemd/agent.sh
. /opt/lab/agent.sh

trap 'failed "line $LINENO: $BASH_COMMAND"' ERR
cd /opt/lab/release
archive=$(echo bulkhead-*.tar.gz)
fingerprint=$(sed 's/.*" //' allowed_signers | ssh-keygen -l -f - | cut -d ' ' -f 2)
refuses() {  # refuses TEXT ARGUMENT...: fails with the text, and nothing is there
    local text=$1 said
    shift
    ! said=$(./install.sh "$@" 2>&1 </dev/null) && grep -q -- "$text" <<<"$said" && [ ! -e /usr/libexec/bulkhead ] &&
        [ ! -e /etc/bulkhead ] && [ -z "$(find /var/lib -name 'bulkhead*')" ] || { echo "$said"; false; }
}
absent() { local path; for path in "$@"; do [ ! -e "$path" ] || { echo "$path"; return 1; }; done; }

# --- what is not signed
check "the key is not believed unasked" refuses 'compare it with the one you were told'
check "nor one of another fingerprint" refuses 'that is not SHA256:AAAA' --fingerprint SHA256:AAAA
cp "$archive" /root/whole
echo >>"$archive"
check "an archive that was changed is refused" refuses 'is not the one that bulkhead-release signed' --fingerprint "$fingerprint"
cp /root/whole "$archive"
sed -i 's/^./f/' SHA256SUMS
check "so are changed sums" refuses 'signature' --fingerprint "$fingerprint"
cp /opt/lab/other-key/SHA256SUMS .
mv SHA256SUMS.sig /root/
check "and sums that nobody signed" refuses 'SHA256SUMS.sig is not there' --fingerprint "$fingerprint"
cp /opt/lab/other-namespace/SHA256SUMS.sig .
check "a signature for another purpose is none" refuses 'signed by nobody\|not good for bulkhead-release-v1' --fingerprint "$fingerprint"
cp /opt/lab/other-key/SHA256SUMS.sig .
check "nor is that of another key" refuses 'signed by nobody' --fingerprint "$fingerprint"
mv /root/SHA256SUMS.sig .
sed -i "/$archive\$/d" SHA256SUMS
check "sums without the archive do not do" refuses 'signature' --fingerprint "$fingerprint"
cp /opt/lab/other-key/SHA256SUMS .

# --- what is in the way
mkdir -p /root/deb/DEBIAN /root/deb/usr/libexec/bulkhead
echo mine >/root/deb/usr/libexec/bulkhead/broker
printf 'Package: bulkhead-test\nVersion: 1\nArchitecture: all\nMaintainer: t <t@example.com>\nDescription: t\n' >/root/deb/DEBIAN/control
dpkg-deb -b /root/deb /root/deb.deb >/dev/null
dpkg -i /root/deb.deb >/dev/null 2>&1
said=$(./install.sh --fingerprint "$fingerprint" 2>&1 </dev/null) && failed "a package of the agent is left alone"
check "a package of the agent is left alone" grep -q 'belongs to the package bulkhead-test' <<<"$said"
check "its files too" test "$(cat /usr/libexec/bulkhead/broker)" = mine
dpkg -P bulkhead-test >/dev/null 2>&1
said=$(setpriv --reuid 65534 --clear-groups ./install.sh --fingerprint "$fingerprint" 2>&1 </dev/null) && failed "nobody but root installs"
check "nobody but root installs" grep -q 'run me as root' <<<"$said"

# --- a first installation
check "with the fingerprint it installs" bash -c "./install.sh --fingerprint $fingerprint </dev/null >/root/said"
check "it says what comes next" grep -q 'name your backend in /etc/bulkhead/agent.yaml' /root/said
check "it starts nothing" test "$(systemctl is-active bulkhead.service)" = inactive
check "and enables nothing" test "$(systemctl is-enabled bulkhead.service 2>/dev/null)" = disabled
check "the programs run" bash -c '[[ $(bulkhead-broker --version) == bulkhead\ * ]]'
check "the accounts are there" id bulkhead-w0
check "no loader unasked" absent /usr/libexec/bulkhead/bulkhead-loader
check "the units are well" test -z "$(systemd-analyze verify --man=no bulkhead.service 2>&1)"
check "the policy is one that this host takes" bulkhead check-policy --as-host
check "it leaves nothing of its own" absent /var/lib/bulkhead-install*

start_backend
pin hello inspect 'echo hello from a job'
systemctl start "$unit"
queue hello
check "a job runs" bash -c "curl -fsS '$control/control/jobs/hello?wait=60' | grep -q '\"finished\"'"

# --- again, and the next version, while the agent runs
before=$(systemctl show -P MainPID "$unit")
cp /etc/bulkhead/agent.yaml /root/agent.yaml
check "a second installation needs no fingerprint" ./install.sh
check "it keeps what the operator wrote" cmp /root/agent.yaml /etc/bulkhead/agent.yaml
cd /opt/lab/other-key
check "another key is not taken for the one of before" bash -c '! ./install.sh 2>/root/said && grep -q "signed by nobody" /root/said'
cd /opt/lab/next
check "an upgrade, with the loader" ./install.sh --loader
check "brings what is new" test -e /usr/share/doc/bulkhead/NEWS
check "in the policy as well" grep -q 'and another file' /usr/share/bulkhead/policy/README.md
check "removes what is gone" absent /usr/share/doc/bulkhead/CONTRIBUTING.md
check "installs the loader" test -x /usr/libexec/bulkhead/bulkhead-loader
check "with its account" id bulkhead-loader
still_serves() { [ "$(systemctl is-active "$unit")" = active ] && queue hello-2 && curl -fsS "$control/control/jobs/hello-2?wait=60" | grep -q '"finished"'; }
check "and cuts no job" still_serves
check "an installation that was interrupted is finished by the next" bash -c '
    rm -rf /usr/share/bulkhead/policy /usr/bin/bulkhead && ./install.sh >/dev/null && bulkhead check-policy --as-host >/dev/null'
echo "    (the broker was process $before, and is $(systemctl show -P MainPID "$unit"))"

# --- removal
pin leave admin '/opt/lab/next/install.sh --uninstall'
systemctl reload "$unit"
queue leave
refused_to_job() {
    curl -fsS "$control/control/jobs/leave?wait=60" | grep -q '"finished"' &&
        curl -fsS "$control/control/jobs/leave/output/stderr" | grep -q 'this is a job of the agent'
}
check "a job of the agent does not remove it" refused_to_job
check "removal stops the agent" bash -c "./install.sh --uninstall && ! systemctl -q is-active $unit"
# shellcheck disable=SC2016
check "takes all files of the version" bash -c '
    left=$(find / -xdev \( -path /opt/lab -o -path /root -o -path /srv -o -path /proc \) -prune -o -path "/usr/*bulkhead*" -print); [ -z "$left" ] || { echo "$left"; false; }'
check "leaves decisions, records and evidence" test -f /etc/bulkhead/agent.yaml -a -f /var/lib/bulkhead/broker/ledger -a -f /var/log/bulkhead/audit.log
check "a second removal says that there is nothing" bash -c '! ./install.sh --uninstall 2>/dev/null'
check "purging" ./install.sh --uninstall --purge
# shellcheck disable=SC2016
check "leaves what proves what ran here and nothing else" bash -c '
    left=$(find /etc /run /var -xdev -path "*bulkhead*" ! -type d | grep -vE "^/var/log/bulkhead/audit\.|^/var/lib/bulkhead/broker/(ledger|evidence/)|^/var/log/journal|^/run/systemd|^/var/lib/systemd")
    [ -z "$left" ] || { echo "$left"; false; }'
check "and that" test -f /var/log/bulkhead/audit.log -a -d /var/lib/bulkhead/broker/evidence
