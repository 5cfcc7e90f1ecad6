# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the scripts that source this file
# Inside a machine with an installed agent: a backend on loopback, what an operator writes for it, and jobs.
set -euo pipefail
shopt -s inherit_errexit

unit=bulkhead.service
await() {  # await SECONDS COMMAND...: until it succeeds; an emulated machine is slower by BULKHEAD_LAB_SLOWER
    local until=$((SECONDS + $1 * ${BULKHEAD_LAB_SLOWER:-1}))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}
failed() {  # failed WHAT: ends the script, with what the host knows
    echo "NOT SEEN: $1"
    journalctl --no-pager -o cat -u "$unit" -u reference-backend -n 60
    systemctl --no-pager status "$unit" || true
    exit 1
}
about=  # what is checked in a row; who sets it says when all of that is well
check() {  # check WHAT COMMAND...
    local what="${about:+$about: }$1"
    shift
    "$@" || failed "$what"
    [ -n "$about" ] || echo "ok  $what"
}
ready() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" /srv/ready.json; }

# What a package does after its files are in place.
set_up_package() {
    systemd-sysusers bulkhead.conf
    systemd-tmpfiles --create bulkhead.conf
    systemctl daemon-reload
}

start_backend() {
    systemd-run -q --unit=reference-backend /opt/lab/reference-backend --directory /srv/backend \
        --install-token lab --heartbeat-seconds 1 --ready-file /srv/ready.json --print
    await 20 test -s /srv/ready.json
    url=$(ready url)
    control=$(ready control_url)
    echo lab | install -m 600 /dev/stdin /etc/bulkhead/install-token
    cat >/etc/bulkhead/agent.yaml <<YAML
backend:
  url: $url
  ca_file: $(ready ca_file)
  install_token_file: /etc/bulkhead/install-token
spool:
  max_bytes: 1MiB  # the least there may be
YAML
    mkdir -p /etc/bulkhead/policy/profiles/worker.profile.d
    printf 'connect 127.0.0.1 %s   # the backend of this test\n' "${url##*:}" >/etc/bulkhead/policy/profiles/worker.profile.d/10-backend.lines
    mkdir -p /etc/bulkhead/policy/credentials.policy.d
    echo 'file /srv/backend/*   # what it shows is public' >/etc/bulkhead/policy/credentials.policy.d/10-backend.lines
    sed -i 's/^host-id .*/host-id lab   # a name for this test/' /etc/bulkhead/policy/host.policy
}

pin() {  # pin NAME PROFILE SCRIPT
    local script=/etc/bulkhead/policy/approved/$1.script
    printf '%s\n' "$3" >"$script"
    cat >"${script%.script}.manifest" <<MANIFEST
bulkhead-job v1
job-id $1
author test
script-sha256 $(sha256sum <"$script" | cut -d' ' -f1)
script-size $(stat -c %s "$script")
interpreter /bin/bash
profile $2
target any
not-before 2020-01-01T00:00:00Z
not-after 2099-01-01T00:00:00Z
timeout 60
output-max 65536
runs 9/day
reason test
end
MANIFEST
}

queue() {  # queue NAME, or NAME-ANYTHING for another delivery of it
    curl -fsS -d "{\"host\":\"lab\",\"catalogue\":\"${1%%-*}\",\"id\":\"$1\"}" "$control/control/jobs" >/dev/null
}
