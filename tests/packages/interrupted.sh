#!/usr/bin/env bash
# dpkg killed by SIGKILL at the begin and at the end of each maintainer script: the same order once more, after
# dpkg --configure -a, makes what it would have made undisturbed.
# shellcheck source=lab.sh
. "$(dirname "$0")/lab.sh"

make_packages
bare_root
new_root "$bare"

# Each maintainer script kills dpkg and itself, once, where a file has its name, its first argument and the place.
make_deadly() {
    local script
    # shellcheck disable=SC2016  # for the maintainer script
    for script in postinst prerm postrm; do
        sed -i "1a lab_kill() { [ ! -e /srv/\$1 ] || { rm /srv/\$1; kill -9 \$PPID \$\$; }; }\n\
lab_kill $script-\$1-begin; trap \"lab_kill $script-\$1-end\" EXIT" "$1/DEBIAN/$script"
    done
}
old=$(repack "$deb" "$version" make_deadly)
new=$(repack "$deb" "$version.1" make_deadly)
cp "$old" "$new" "$root/srv/"
old=/srv/${old##*/} new=/srv/${new##*/}

install_old() { in_root dpkg -i "$old"; }
upgrade() { in_root dpkg -i "$new"; }
remove() { in_root dpkg -r bulkhead; }
purge() { in_root dpkg -P bulkhead; }
state() { printf '%s\n' "$(state_of_root)" "dpkg has it as: $(status_of bulkhead)"; }
# Purged also where it was removed only: else the next installation would copy no decisions.
clean() { [ -z "$(status_of bulkhead)" ] || purge >/dev/null; rm -rf "$root"/{etc,var/lib,var/log,usr/share}/bulkhead; }

# interrupt ORDER SCRIPT BEFORE...: the order after the ones before it, undisturbed, and killed at each end of SCRIPT.
interrupt() {
    local order=$1 script=$2 place one undisturbed
    shift 2
    for place in undisturbed begin end; do
        clean
        for one in "$@"; do "$one" >/dev/null; done
        if [ "$place" = undisturbed ]; then
            "$order" >/dev/null
            undisturbed=$(state)
            continue
        fi
        : >"$root/srv/$script-$place"
        check "$order, killed at the $place of $script" fails "$order"
        check "  it was" test ! -e "$root/srv/$script-$place"
        in_root dpkg --configure -a >/dev/null || true
        check "  ordered once more" "$order"
        check "  it is as if nothing had been" diff <(echo "$undisturbed") <(state)
    done
}

interrupt install_old postinst-configure
interrupt upgrade prerm-upgrade install_old
interrupt upgrade postrm-upgrade install_old
interrupt upgrade postinst-configure install_old
interrupt remove prerm-remove install_old
interrupt remove postrm-remove install_old
interrupt purge postrm-purge install_old remove

# Of a first installation, dpkg --configure -a alone is enough.
clean
: >"$root/srv/postinst-configure-begin"
install_old >/dev/null || true
check "an installation that was cut off is finished by dpkg --configure -a" in_root dpkg --configure -a
check "it is" is ii bulkhead
finish
