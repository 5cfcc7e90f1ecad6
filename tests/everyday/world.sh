# shellcheck shell=bash
# Inside the machine that `run` has booted: the world that everyday jobs are about.

make_services() {
    install -D -m 755 /dev/stdin /usr/local/sbin/lab-daemon <<'DAEMON'
#!/bin/bash
# Counts the SIGHUPs it gets, and holds a deleted file open.
trap 'echo reloaded >>/run/lab-daemon.reloads' HUP
: >/run/lab-daemon.reloads
exec 8>/var/log/lab/lab-deleted
rm /var/log/lab/lab-deleted
echo $$ >/run/lab-daemon.pid
echo "daemon is ready"
while :; do sleep 1000 & wait $!; kill $!; done
DAEMON
    install -m 755 /dev/stdin /usr/local/sbin/lab-http <<'HTTP'
#!/usr/bin/perl
use IO::Socket;
my $server = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1:8099", ReuseAddr => 1) or die $!;
while (1) {
    my $client = $server->accept or next;
    while (<$client>) { last if /^\r\n$/ }
    print $client "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
}
HTTP
    local name
    for name in lab-daemon lab-http; do
        printf '[Service]\nExecStart=/usr/local/sbin/%s\n' $name >/etc/systemd/system/$name.service
    done
    printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/lab-other.service
    printf '[Service]\nExecStart=/bin/false\n' >/etc/systemd/system/lab-failed.service
    printf '[Timer]\nOnCalendar=monthly\nUnit=lab-other.service\n' >/etc/systemd/system/lab-timer.timer
    systemctl daemon-reload
    systemctl start lab-daemon lab-http lab-other lab-timer.timer
    systemctl start lab-failed 2>/dev/null || true
    for name in systemd-logind atd; do systemctl start $name 2>/dev/null || true; done
    mkdir /mnt/lab-volume
    mount -t tmpfs -o size=1M lab /mnt/lab-volume
    sysctl -qw net.ipv4.ping_group_range="0 2147483647"  # as Debian's systemd sets it at boot
    ip link set lo up
    ip address add 192.0.2.77/32 dev lo
}

make_package() {
    local tree=/opt/lab/package
    mkdir -p $tree/DEBIAN $tree/usr/bin $tree/usr/share/man/man1 /opt/lab/repository
    printf 'Package: lab-package\nVersion: 1\nArchitecture: all\nMaintainer: lab\nDescription: a package\n' >$tree/DEBIAN/control
    printf '#!/bin/sh\nset -e\ninstall -d -o deploy /var/lib/lab/of-package\n' >$tree/DEBIAN/postinst
    printf '#!/bin/sh\nset -e\nrm -rf /var/lib/lab/of-package\n' >$tree/DEBIAN/postrm
    printf '#!/bin/sh\necho runs\n' >$tree/usr/bin/lab-program
    chmod 755 $tree/DEBIAN/post* $tree/usr/bin/lab-program
    printf '.TH LAB-PROGRAM 1\n.SH NAME\nlab-program \\- a program\n' | gzip -n >$tree/usr/share/man/man1/lab-program.1.gz
    dpkg-deb --root-owner-group -b $tree /opt/lab/lab-package.deb >/dev/null
    cp /opt/lab/lab-package.deb /opt/lab/repository/
    (
        cd /opt/lab/repository || exit
        dpkg-deb -f lab-package.deb
        printf 'Filename: ./lab-package.deb\nSize: %s\nSHA256: %s\n' "$(stat -c %s lab-package.deb)" \
            "$(sha256sum <lab-package.deb | cut -d' ' -f1)"
    ) >/opt/lab/repository/Packages
    rm -rf /etc/apt/sources.list /etc/apt/sources.list.d /var/lib/apt/lists
    mkdir -p /var/lib/apt/lists/partial
    echo 'deb [trusted=yes] file:/opt/lab/repository ./' >/etc/apt/sources.list
}

make_files() {
    useradd -m -s /bin/bash deploy
    mkdir -p /var/log/lab /var/lib/lab /var/crash /etc/lab /etc/tmpfiles.d /var/tmp/lab-aged /root/.config
    echo "of root" >/root/.lab.cnf
    echo "a setting" >/etc/lab/settings
    truncate -s 300M /var/lib/lab/large
    echo "a line" | install -o root -g adm -m 640 /dev/stdin /var/log/lab/app.log
    printf 'd /var/tmp/lab-aged 0755 root root 0\n' >/etc/tmpfiles.d/lab.conf
    # shellcheck disable=SC2016  # expanded by logrotate's shell
    printf '%s {\n rotate 2\n missingok\n create 640 root adm\n su root adm\n postrotate\n  kill -HUP $(cat %s)\n endscript\n}\n' \
        /var/log/lab/app.log /run/lab-daemon.pid >/etc/logrotate.d/lab
    chmod 644 /etc/logrotate.d/lab
    openssl req -x509 -newkey ed25519 -nodes -subj /CN=lab -keyout /etc/lab/key.pem -out /etc/ssl/certs/lab.crt 2>/dev/null
}

# What the job of this name may find to clean up or to change: of other users, and old.
make_things() {  # make_things ID
    local of_deploy=(install -o deploy -g deploy -m 600 /dev/stdin) old="touch -d 60days-ago" id=$1
    echo old >"/tmp/old-$id"
    echo old | "${of_deploy[@]}" "/var/tmp/old-$id"
    install -d -o deploy -m 700 "/var/tmp/tree-$id" "/var/tmp/tree-$id/below"
    echo old | "${of_deploy[@]}" "/var/tmp/tree-$id/below/file"
    echo old >"/var/crash/old-$id"
    echo old >"/var/log/lab/old-$id.gz"
    echo text >"/var/log/lab/$id.log"
    echo old >"/var/cache/apt/archives/lab_$id.deb"
    echo old >"/var/tmp/lab-aged/old-$id"
    echo old >"/etc/lab/$id"
    $old "/tmp/old-$id" "/var/tmp/old-$id" "/var/crash/old-$id" "/var/log/lab/old-$id.gz"
}
