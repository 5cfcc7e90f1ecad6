# shellcheck shell=bash
# Runs inside the machine that `run` has booted: what jobs once did to a host, tried again in each profile that is not
# root. Each attempt works for a root shell; a job is refused it.
#   attacks.sh [--own-kernel]   also those that change the kernel, which must be nobody else's
# shellcheck source=agent.sh
. /opt/lab/agent.sh

own_kernel=false
[ "${1-}" != --own-kernel ] || own_kernel=true
trap 'failed "line $LINENO: $BASH_COMMAND"' ERR

# Where every profile may read them.
mkdir -p /usr/local/lib/lab-attempts /var/cache/apt/archives
attempt() { printf '%s\n' "$2" >"/usr/local/lib/lab-attempts/$1"; }  # attempt NAME COMMANDS: succeeds where it works

# Trees that root trusts, and what is in them
attempt replace-package 'echo mine >/var/cache/apt/archives/lab.deb.new && mv -f /var/cache/apt/archives/lab.deb{.new,}'
attempt open-cache 'chmod 777 /var/cache/apt/archives && [ "$(stat -c %a /var/cache/apt/archives)" = 777 ]'
attempt swap-cache 'rmdir /var/cache/lab-man && ln -s /etc/cron.d /var/cache/lab-man'
attempt plant-cron 'echo "* * * * * root true" >/etc/cron.d/lab'
attempt write-passwd 'echo >>/etc/passwd'
attempt write-policy 'echo >>/etc/bulkhead/policy/host.policy'
attempt read-shadow 'read -r _ </etc/shadow'
attempt read-roots-file 'read -r _ </root/lab-secret'
attempt read-credential 'ls /var/lib/bulkhead/workers/*/* && cat /var/lib/bulkhead/workers/*/*/* >/dev/null'
attempt read-ledger 'ls /var/lib/bulkhead/broker'
# Scratch trees: whoever deletes there does nothing else
attempt command-daemon 'timeout 2 bash -c "echo do-as-root >/var/tmp/lab-yard/daemon.fifo"'
attempt read-others-file 'read -r _ </var/tmp/lab-yard/file'
attempt write-others-file 'echo >>/var/tmp/lab-yard/file'
attempt chmod-others-file 'chmod 644 /var/tmp/lab-yard/file'
attempt chown-others-file 'chown 4242 /var/tmp/lab-yard/file'
attempt plant-symlink 'ln -s /etc /var/tmp/lab-yard/symlink'
attempt plant-set-user-id 'cp /bin/bash /var/tmp/lab-yard/shell && chmod 4755 /var/tmp/lab-yard/shell'
attempt chmod-yard 'chmod 777 /var/tmp/lab-yard'
# What is mounted beneath them
attempt use-mounted 'ls /var/tmp/lab-yard/chroot/home/lab-user'
attempt delete-mounted 'rm /var/tmp/lab-yard/chroot/home/lab-user/file'
attempt use-mounted-proc 'ls /var/tmp/lab-yard/chroot/proc/1/status'
attempt read-node 'head -c 1 /var/tmp/lab-yard/chroot/zero >/dev/null'
attempt read-node-in-usr 'head -c 1 /usr/local/lib/lab-zero >/dev/null'
# Devices
attempt break-dev-null 'chmod 600 /dev/null && chmod 666 /dev/null'
attempt make-node 'mknod /tmp/lab-node c 1 5 && head -c 1 /tmp/lab-node >/dev/null; s=$?; rm -f /tmp/lab-node; exit $s'
# Processes and the agent
attempt signal-agent 'kill -0 "$(cat /run/lab-broker.pid)"'
attempt signal-init 'kill -0 1 && [ "$(cat /proc/1/comm)" = systemd ]'
attempt read-agents-memory 'dd if="/proc/$(cat /run/lab-broker.pid)/environ" of=/dev/null'
attempt outlive 'mkdir -p /sys/fs/cgroup/lab-$$ && echo $$ >/sys/fs/cgroup/lab-$$/cgroup.procs'
attempt restart-unit 'systemctl restart lab-yes'
attempt become-root-by-unit 'systemd-run -q --wait true'
# At 0, too, a pipe in core_pattern is started, as the host's root; at 1 byte it is not (core(5)).
attempt dump-core '! grep -q "^Max core file size  *1  *1 " /proc/self/limits'
attempt fill-memory 'for n in 1 2 3 4 5 6; do fallocate -l 60M /tmp/lab-fill-$n || { rm -f /tmp/lab-fill-*; exit 1; }; done
    rm /tmp/lab-fill-*'
if $own_kernel; then
    disk=$(findmnt -no SOURCE /)
    attempt read-disk "head -c 512 $disk >/dev/null"
    attempt read-disk-by-node 'head -c 512 /var/tmp/lab-yard/chroot/disk >/dev/null'
    attempt write-core-pattern 'cat /proc/sys/kernel/core_pattern >/proc/sys/kernel/core_pattern'
    attempt core-handler 'bash -c "kill -SEGV \$\$"; sleep 1; [ -e /run/lab-core/handled ]'
    attempt load-modules 'perl -e "
        socket(S, 2, 1, 132); socket(S, 2, 2, 115); socket(S, 2, 2, 136); socket(S, 16, 3, 6); socket(S, 16, 3, 12);
        socket(S, 16, 3, 20); socket(S, 16, 3, 21); socket(S, 30, 1, 0); socket(S, 21, 5, 0); socket(S, 29, 3, 1);
        socket(S, 31, 3, 1); socket(S, 41, 2, 0); socket(S, 44, 3, 0); socket(S, 38, 5, 0); socket(S, 17, 3, 0)"
        [ "$(wc -l </proc/modules)" -gt "$(cat /run/lab-modules)" ]'
fi

prepare() {
    rm -rf /var/cache/lab-man /etc/cron.d/lab /run/lab-core/handled /var/tmp/lab-yard/{symlink,shell}
    mkdir -p /var/cache/lab-man /home/lab-user /run/lab-core
    chmod 777 /run/lab-core
    chmod 1777 /var/tmp
    chmod 755 /var/cache/apt/archives
    rm -f /etc/cron.d/lab
    echo package >/var/cache/apt/archives/lab.deb
    echo secret | install -m 600 /dev/stdin /root/lab-secret
    echo text >/home/lab-user/file
    install -o 4242 -m 600 /dev/null /var/tmp/lab-yard/file
    echo lab >/var/tmp/lab-yard/file
    systemctl show -P MainPID "$unit" >/run/lab-broker.pid
    ! $own_kernel || wc -l </proc/modules >/run/lab-modules
}
yard() {
    mkdir -p /var/tmp/lab-yard/chroot/{home,proc}
    mount --bind /home /var/tmp/lab-yard/chroot/home
    mount -t proc proc /var/tmp/lab-yard/chroot/proc
    mknod -m 666 /var/tmp/lab-yard/chroot/zero c 1 5
    mknod -m 666 /usr/local/lib/lab-zero c 1 5
    mkfifo -m 600 /var/tmp/lab-yard/daemon.fifo
    systemd-run -q --unit=lab-fifo bash -c 'exec 3<>/var/tmp/lab-yard/daemon.fifo; exec sleep infinity'
    systemd-run -q --unit=lab-yes sleep infinity
    if $own_kernel; then
        read -r major minor < <(stat -c '%Hr %Lr' "$disk")
        mknod -m 666 /var/tmp/lab-yard/chroot/disk b "$major" "$minor"
        printf '#!/bin/sh\necho "$(id -u)" >/run/lab-core/handled\n' | install -m 755 /dev/stdin /usr/local/sbin/lab-core
        echo '|/usr/local/sbin/lab-core' >/proc/sys/kernel/core_pattern
    fi
}
all='cd /; for attempt in /usr/local/lib/lab-attempts/*; do
    if bash "$attempt" >/dev/null 2>&1; then echo "${attempt##*/} done"; else echo "${attempt##*/} refused"; fi
done'

set_up_package
start_backend
profiles=(inspect diagnose maintain)
for profile in "${profiles[@]}"; do pin "$profile" "$profile" "$all"; done
await 60 systemctl start "$unit" || failed "the agent starts"
yard
worst=0
for profile in "${profiles[@]}"; do
    prepare
    curl -fsS -d "{\"host\":\"lab\",\"catalogue\":\"$profile\",\"id\":\"$profile\"}" "$control/control/jobs" >/dev/null
    result=$(curl -fsS "$control/control/jobs/$profile?wait=300")
    if ! grep -q '"outcome":"finished"' <<<"$result"; then
        echo "$profile: not run: $(sed -n 's/.*"detail":"\([^"]*\)".*/\1/p' <<<"$result")"
        continue
    fi
    said=$(curl -fsS "$control/control/jobs/$profile/output/stdout")
    echo "$profile: $(grep -c refused <<<"$said") refused, $(grep -c "done" <<<"$said" || true) done"
    done_to=$(grep "done" <<<"$said" || true)
    [ -z "$done_to" ] || { echo "NOT REFUSED to $profile: $done_to"; worst=1; }
    [ "$(cat /var/cache/apt/archives/lab.deb)" = package ] && [ -f /home/lab-user/file ] && [ ! -e /etc/cron.d/lab ] &&
        [ "$(stat -c %a /dev/null)" = 666 ] || { echo "HARM DONE by $profile"; worst=1; }
    stray=$(find /tmp /var/tmp -xdev -user root -perm /6000 2>/dev/null)
    [ -z "$stray" ] || { echo "LEFT by $profile: $stray"; worst=1; }
done
# Otherwise an attempt that never works would look like a wall that always holds.
prepare
echo "$all" >/opt/lab/all-attempts.sh
said=$(systemd-run -q --wait --pipe -p LimitCORE=infinity bash /opt/lab/all-attempts.sh)
echo "root shell: $(grep -c "done" <<<"$said") done"
! grep refused <<<"$said" || failed "each attempt works for somebody"
umount /var/tmp/lab-yard/chroot/{home,proc} || true
exit $worst
