# shellcheck shell=bash
# shellcheck disable=SC2154  # control is of enforcing.sh, which sources this
# The part of enforcing.sh that is about the host's clock, as no other machine of the tests may have its own set: it is a
# year ahead for one start, as after a flat battery. What is refused then, who says so, and the way out.

year=31536000
shift_clock() { date -s "@$(($(date +%s) + $1))" >/dev/null; }
floor_is_ahead() { grep -q "untrusted before $(date -u -d "+$1 seconds" +%Y)" <<<"$(bulkhead status || true)"; }
outcome_of() {  # outcome_of DELIVERY: what its backend was told
    queue "$1"
    curl -fsS "$control/control/jobs/$1?wait=300"
}

pin floor inspect 'echo ran'
sed -i "s/^not-after .*/not-after $(date -u -d '+30 days' +%FT%TZ)/" /etc/bulkhead/policy/approved/floor.manifest
shift_clock "$year"
systemctl start bulkhead
check "a clock that is a year ahead raises the floor that no trusted clock raised" await 60 floor_is_ahead 0
systemctl stop bulkhead
shift_clock "-$year"
systemctl start bulkhead
check "which stays when the clock is right again" await 60 floor_is_ahead "$year"
check "a job that would be in time is refused, and the reason says why" grep -q clock-unsure <<<"$(outcome_of floor-unsure)"
bulkhead status >/srv/status || true
check "status says what to do" grep -q 'bulkhead reset-clock' /srv/status
check "which works" bulkhead reset-clock --reason lab
check "the same job runs then" grep -q '"finished"' <<<"$(outcome_of floor-reset)"
check "nothing of that was denied" nothing_denied
systemctl stop bulkhead
