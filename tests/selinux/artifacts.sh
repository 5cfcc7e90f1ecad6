# shellcheck shell=bash
# shellcheck disable=SC2154  # control is of enforcing.sh, which sources this
# The part of enforcing.sh that is about eBPF artifacts: one of each type that this kernel can attach is brought by the
# backend, loaded by a loader in its domain, listed, adopted by the next broker if it is pinned, and removed.

artifact() {  # artifact NAME OBJECT PROGRAM OPTION...: approves it, as root does
    local name=$1 object=$2 program=$3
    shift 3
    cp "/opt/lab/objects/$object.o" "/srv/$name.o"
    bulkhead new-artifact "/srv/$name.o" --artifact-id "$name" --target any --author lab --reason test --ttl 2h \
        --max-cpu-percent 100 --program "$program" "$@" -q >"/srv/$name.artifact"
    install -m 644 "/srv/$name.artifact" /etc/bulkhead/policy/approved/
    artifacts+=("$name")
}
state_of() {  # state_of NAME: "loaded", or another word and why
    bulkhead artifacts -q | awk -v name="$1," '
        $1 == "artifact" { mine = $2 == name }
        mine && $1 == "state" { sub(/^ *state */, ""); sub(/ since [^ ]*:?/, ""); print; exit }'
}
artifact_is() { [ "$(state_of "$1")" = "$2" ]; }
settled() { case $(state_of "$1") in "" | loading*) false ;; esac; }

cp -r /opt/lab/loader/* /  # not the label of that directory
restorecon -RF /usr/libexec/bulkhead /usr/lib/systemd/system /usr/lib/sysusers.d
systemd-sysusers bulkhead-loader.conf
systemctl daemon-reload
check "the loader's program is labelled" bash -c 'ls -Z /usr/libexec/bulkhead/bulkhead-loader | grep -q bulkhead_loader_exec_t'
cat >/etc/bulkhead/policy/artifacts.policy <<'LINES'
allow xdp lo                       # of this test, as all that follow
allow tc-ingress lo                # test
allow tc-egress lo                 # test
allow cgroup-connect4 /init.scope  # a cgroup whose processes connect nowhere
allow lsm file_open                # test
allow fentry do_unlinkat           # test
allow kprobe do_unlinkat           # test
max-artifacts 16                   # test
max-cpu-percent 100                # an emulated processor is slow
pins allowed                       # test
LINES
echo 2 >/proc/sys/kernel/perf_event_paranoid  # at Debian's 3 no kprobe can be attached
artifacts=()
artifact xdp count_packets 'count xdp lo' --pin
artifact tc tc 'count_in tc-ingress lo' --program 'count_out tc-egress lo'
artifact cgroup guard_connect4 'guard cgroup-connect4 /init.scope' --pin
artifact lsm lsm 'see_open lsm file_open'
artifact fentry fentry 'see_entry fentry do_unlinkat' --pin
artifact kprobe kprobe 'see_unlink kprobe do_unlinkat'
systemctl start bulkhead
for name in "${artifacts[@]}"; do
    curl -fsS -X PUT --data-binary "@/srv/$name.o" "$control/control/artifacts/$name" >/dev/null
done
for name in "${artifacts[@]}"; do
    await 60 settled "$name" || true
    echo "    $name: $(state_of "$name")"
    check "an artifact is loaded: $name" artifact_is "$name" loaded
done
check "the guard and drift have looked, and all is as it was" await 60 bash -c 'sleep 12'
for name in "${artifacts[@]}"; do check "it is loaded still: $name" artifact_is "$name" loaded; done
curl -fsS "$control/control/artifacts/xdp" >/srv/states
check "the backend was told" grep -q '"loaded"' /srv/states

for name in "${artifacts[@]}"; do curl -fsS -X DELETE "$control/control/artifacts/$name" >/dev/null; done
systemctl kill -s KILL --kill-whom=main bulkhead
has_restarted() { [ "$(systemctl show -P NRestarts bulkhead)" != 0 ]; }
check "another broker takes the place of one that was killed" await 60 has_restarted
for name in xdp cgroup fentry; do
    check "what is pinned is adopted by the next broker: $name" await 60 artifact_is "$name" loaded
    check "an operator removes it: $name" bulkhead artifacts remove "$name" --reason lab
    check "nothing of it is pinned: $name" test ! -e "/sys/fs/bpf/bulkhead/$name"
done
check "no program is attached" bash -c '! ip -details link show dev lo | grep -q prog/xdp'
check "nothing of that was denied" nothing_denied
systemctl stop bulkhead
