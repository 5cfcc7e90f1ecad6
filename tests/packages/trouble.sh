#!/usr/bin/env bash
# The package on hosts that are not as they should be.
# shellcheck source=lab.sh
. "$(dirname "$0")/lab.sh"

make_packages
bare_root

# --- over an installation made by hand
new_root "$bare"
DESTDIR=$root cmake --install "$build" --prefix /usr >/dev/null
in_root systemd-sysusers bulkhead.conf >/dev/null
in_root systemd-tmpfiles --create bulkhead.conf >/dev/null
policy=$root/etc/bulkhead/policy
echo "# ours" | tee -a "$policy/approval.policy" "$root/etc/bulkhead/agent.yaml" >/dev/null
decided=$(sha256sum "$policy"/*.policy "$root/etc/bulkhead/agent.yaml")
check "over an installation made by hand: it installs" install_deb "$deb"
check "and keeps what was decided" sha256sum -c --quiet <<<"$decided"
check "the units are those of the package alone" test "$(find "$root/etc/systemd" "$root/usr/lib/systemd" "$root/usr/local" \
    -name bulkhead.service | wc -l)" = 1
check "it is purged" in_root dpkg -P bulkhead
nothing_is_left() { left_in_root && [ -z "$(left_in_root)" ]; }
check "nothing is left of either" nothing_is_left
check "no link dangles" test ! -L "$root/usr/sbin/broker" -a ! -L "$root/usr/sbin/bulkhead-broker"

# --- over a policy of 0.1, which has the version's files in /etc too
revision=4fcc9e5f  # policy/shipped.digests has its files as those of 0.1.0
if git -C "$top" cat-file -e "$revision:policy" 2>/dev/null; then
    new_root "$bare"
    mkdir -p "$root/etc/bulkhead"
    git -C "$top" archive "$revision" policy | tar -C "$root/etc/bulkhead" -xf -
    sed -i '/^allow epoll_wait/d' "$policy/seccomp/worker.seccomp"
    before=$(cd "$policy" && find . -type f -exec sha256sum {} + | sort)
    check "over a policy of 0.1: it installs" install_deb "$deb"
    check "and says what will not do, with file and call" grep -q 'seccomp/worker.seccomp.*epoll_wait' "$lab/said"
    check "and changes none of its files" diff <(echo "$before") <(cd "$policy" && find . -type f -exec sha256sum {} + | sort)
else
    echo "not tried: a policy of 0.1, which this clone's history does not reach"
fi

# --- on an image without machine-id
new_root "$bare"
rm -f "$root/etc/machine-id"
check "without machine-id: it installs" install_deb "$deb"
check "and says why nothing would run" has "machine-id"
printf '%032x\n' 4711 >"$root/etc/machine-id"
check "with one, all is well" in_root bulkhead check-policy --as-host

# --- with /var full, more and less
for room in 0 100 400 1600; do
    new_root "$bare"
    mkdir -p "$lab/var"
    mount -t tmpfs -o size=400M var "$lab/var"
    cp -a "$root/var/." "$lab/var/"
    mount --move "$lab/var" "$root/var"
    fallocate -l "$(($(stat -f -c '%a*%S' "$root/var") - room * 1024))" "$root/var/full"
    status=0
    install_deb "$deb" >/dev/null || status=$?
    if [ "$status" = 0 ]; then passed "/var with $room KiB of room is enough"; else
        check "/var with $room KiB of room: dpkg names the cause" has "No space left"
    fi
    rm "$root/var/full"
    in_root dpkg --configure -a >/dev/null || true
    check "with room again, it installs" install_deb "$deb"
    check "and is whole" in_root bulkhead check-policy --as-host
    check "with its directories" test -d "$root/var/lib/bulkhead/broker"
    umount "$root/var"
done
finish
