#!/usr/bin/env bash
# Installs, upgrades or removes the Bulkhead agent on a host whose distribution has no package of it.
#   ./install.sh [--signers FILE | --fingerprint SHA256:...] [--loader] [bulkhead-VERSION-ARCHITECTURE.tar.gz]
#   ./install.sh --uninstall [--purge]
# The archive, SHA256SUMS and SHA256SUMS.sig lie beside this script, as a release has them. Nothing of the archive is
# unpacked or run before ssh-keygen(1) has verified the signature of SHA256SUMS and the archive is the one listed there.
# Whose signature counts: FILE, in the form of allowed_signers; else the signers of the first installation, kept in
# /etc/bulkhead/release_signers; else the allowed_signers beside the archive, if its key has the fingerprint that you
# were told on another way (asked for on a terminal).
# --loader installs what loads eBPF artifacts as well. Nothing is started, and a running agent is neither stopped nor
# restarted. What an operator decides is never overwritten. --uninstall leaves /etc/bulkhead, /var/lib/bulkhead and
# /var/log/bulkhead; --purge leaves the audit log, the ledger and the evidence.
# Exit status: 0 done, 1 failed, 2 wrong call.
set -euo pipefail
export LC_ALL=C
umask 022

readonly kNamespace=bulkhead-release-v1
readonly kKept=/etc/bulkhead/release_signers
readonly kList=/usr/share/bulkhead/installed-files  # what was installed from an archive, a path a line
readonly kPolicy=/usr/share/bulkhead/policy
readonly kUnits=(bulkhead.service bulkhead-checkin.timer bulkhead-checkin.service bulkhead-metrics.timer
    bulkhead-metrics.service bulkhead-http.socket bulkhead-http.service)

say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n 's/^#   /usage: /p' "$0" >&2; exit 2; }
have_systemd() { [ -d /run/systemd/system ]; }

# --- whose release this is

keys_of() {  # keys_of FILE: the keys of an allowed_signers file, a line each
    sed -n 's/^[^#]*\(\(ssh\|sk-ssh\|ecdsa\|sk-ecdsa\)-[a-z0-9@.-]* [A-Za-z0-9+/=]*\).*/\1/p' "$1"
}

choose_signers() {  # choose_signers DIRECTORY: copies the file that counts to $work/signers
    if [ -n "$signers" ]; then
        cp -- "$signers" "$work/signers"
    elif [ -f "$kKept" ] && [ -z "$fingerprint" ]; then
        cp "$kKept" "$work/signers"
    else
        [ -f "$1/allowed_signers" ] || die "no allowed_signers beside the archive: say whose signature counts by --signers FILE"
        cp -- "$1/allowed_signers" "$work/signers"
        confirm_key
    fi
}

confirm_key() {
    local found answer=
    [ "$(keys_of "$work/signers" | wc -l)" = 1 ] ||
        die "the allowed_signers beside the archive has not one key: say whose signature counts by --signers FILE"
    found=$(keys_of "$work/signers" | ssh-keygen -l -f -) || die "the allowed_signers beside the archive has no key"
    found=$(cut -d ' ' -f 2 <<<"$found")
    say "The key beside the archive has the fingerprint $found"
    if [ -z "$fingerprint" ] && [ -t 0 ]; then
        read -r -p "Is it the one that you were told on another way? [yes/no] " answer || true
        [ "$answer" = yes ] || die "nothing was installed"
    else
        [ -n "$fingerprint" ] || die "compare it with the one you were told on another way, then: --fingerprint $found"
        [ "$fingerprint" = "$found" ] || die "that is not $fingerprint: nothing was installed"
    fi
}

verify() {  # verify ARCHIVE: a copy that only root can change is $work/archive, and its release signed it
    local name=${1##*/} directory principal line
    directory=$(cd "$(dirname "$1")" && pwd)
    for file in SHA256SUMS SHA256SUMS.sig; do
        [ -f "$directory/$file" ] || die "$directory/$file is not there, so nothing says whose archive this is"
        cp -- "$directory/$file" "$work/$file"
    done
    choose_signers "$directory"
    principal=$(ssh-keygen -Y find-principals -s "$work/SHA256SUMS.sig" -f "$work/signers" 2>/dev/null | head -n 1) ||
        die "SHA256SUMS is signed by nobody whose signature counts"
    ssh-keygen -q -Y verify -n "$kNamespace" -f "$work/signers" -I "$principal" -s "$work/SHA256SUMS.sig" \
        <"$work/SHA256SUMS" >/dev/null 2>&1 || die "the signature of SHA256SUMS is not good for $kNamespace"
    line=$(awk -v name="$name" '$2 == name' "$work/SHA256SUMS")
    [ "$(grep -c . <<<"$line")" = 1 ] || die "SHA256SUMS does not list $name once"
    cp -- "$1" "$work/$name"
    (cd "$work" && sha256sum --quiet --strict --check - <<<"$line" >/dev/null 2>&1) ||
        die "$name is not the one that $principal signed"
    say "$name is signed by $principal"
}

# --- what would be in the way

inside_the_agent() { grep -qE '/bulkhead(-checkin)?\.service/.*/jobs/' /proc/self/cgroup; }

refuse_where_a_package_is() {  # refuse_where_a_package_is FILE...
    local owner
    # Both end with 1 where they do not know one of the files.
    if command -v dpkg-query >/dev/null; then
        owner=$(dpkg-query -S -- "$@" 2>/dev/null | sed -n 1p || true)
        [ -z "$owner" ] || die "${owner#*: } belongs to the package ${owner%%: *}: upgrade it by apt, or remove it first"
    fi
    if command -v rpm >/dev/null; then
        owner=$(rpm -qf -- "$@" 2>/dev/null | grep -v ' ' | sed -n 1p || true)
        [ -z "$owner" ] || die "the package $owner has files of the agent: upgrade it, or remove it first"
    fi
}

refuse_where_it_cannot_run() {  # refuse_where_it_cannot_run TREE...
    local program missing
    while read -r program; do
        missing=$(ldd "$program" 2>&1 | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u | tr '\n' ' ')
        [ -z "$missing" ] || die "this host lacks libraries of ${program##*/}: $missing"
    done < <(find "$@" -type f -perm -100 ! -name '*.sh')
    "$1/usr/libexec/bulkhead/broker" --version >/dev/null || die "the programs do not run on this host"
    command -v systemd-sysusers >/dev/null || die "systemd-sysusers is not there, which makes the accounts"
    command -v systemd-tmpfiles >/dev/null || die "systemd-tmpfiles is not there, which makes the directories"
}

# --- files

files_of() { (cd "$1" && find . \( -type f -o -type l \) | sed 's/^\.//' | sort); }  # files_of TREE: paths from /

# In place of a file that a process may run, at one moment.
put() {  # put TREE PATH
    mkdir -p "$(dirname "$2")"
    cp -dR --preserve=mode,timestamps "$1$2" "$2.bulkhead-new"
    mv -fT "$2.bulkhead-new" "$2"
}

# Each file of the version's policy counts, so none of an earlier version may stay.
put_policy() {
    rm -rf "$kPolicy.new" "$kPolicy.old"
    mkdir -p "${kPolicy%/*}"
    cp -dR --preserve=mode,timestamps "$1$kPolicy" "$kPolicy.new"
    [ ! -e "$kPolicy" ] || mv -T "$kPolicy" "$kPolicy.old"
    mv -T "$kPolicy.new" "$kPolicy"
    rm -rf "$kPolicy.old"
}

remove_files() {  # remove_files: those that stdin lists, and directories of ours that are empty then
    local path
    while read -r path; do
        rm -f -- "$path"
        path=${path%/*}
        while [[ $path == *bulkhead* ]] && rmdir -- "$path" 2>/dev/null; do path=${path%/*}; done
    done
}

install_files() {  # install_files TREE...: the trees, the broker last, as a running one looks for a new program
    local tree path old=$work/old new=$work/new
    touch "$old"
    [ ! -f "$kList" ] || cp "$kList" "$old"
    for tree in "$@"; do files_of "$tree"; done | sort -u >"$new"
    mkdir -p "${kList%/*}"
    # While it is unfinished the list has what may be there of either version.
    sort -u "$old" "$new" >"$kList.bulkhead-new"
    mv -f "$kList.bulkhead-new" "$kList"
    for tree in "$@"; do
        [ ! -d "$tree$kPolicy" ] || put_policy "$tree"
        while read -r path; do
            case $path in "$kPolicy"/* | */libexec/bulkhead/broker) ;; *) put "$tree" "$path" ;; esac
        done < <(files_of "$tree")
    done
    put "$1" /usr/libexec/bulkhead/broker
    comm -23 "$old" "$new" | remove_files
    cp "$new" "$kList.bulkhead-new"
    mv -f "$kList.bulkhead-new" "$kList"
}

install_decisions() {  # install_decisions TREE: files of the operator, where there is none
    local path
    while read -r path; do
        [ -e "/etc$path" ] || put "$(dirname "$1")" "/etc$path"
    done < <(files_of "$1")
    if [ ! -f "$kKept" ] || [ -n "$signers$fingerprint" ]; then install -m 644 "$work/signers" "$kKept"; fi
}

# --- the two things this script does

install_agent() {  # install_agent ARCHIVE
    local tree trees what=installed
    verify "$1"
    tar -C "$work" -xzf "$work/${1##*/}" --no-same-owner -p
    tree=$(echo "$work"/bulkhead-*/)
    tree=${tree%/}
    trees=("$tree/agent")
    if $loader || { [ -f "$kList" ] && grep -q '/bulkhead-loader$' "$kList"; }; then trees+=("$tree/loader"); fi
    mapfile -t paths < <(for one in "${trees[@]}"; do files_of "$one"; done)
    refuse_where_a_package_is "${paths[@]}"
    refuse_where_it_cannot_run "${trees[@]}"
    [ ! -f "$kList" ] || what=upgraded
    install_files "${trees[@]}"
    install_decisions "$tree/etc"
    systemd-sysusers bulkhead.conf
    [ ${#trees[@]} -eq 1 ] || systemd-sysusers bulkhead-loader.conf
    systemd-tmpfiles --create bulkhead.conf
    ! have_systemd || systemctl daemon-reload
    if command -v selinuxenabled >/dev/null && selinuxenabled; then
        xargs -d '\n' restorecon -F <"$kList"
        restorecon -RF /etc/bulkhead /var/lib/bulkhead /var/log/bulkhead
    fi
    say "$(/usr/libexec/bulkhead/broker --version) $what"
    say_what_comes_next
}

say_what_comes_next() {
    local said
    if ! said=$(/usr/bin/bulkhead check-policy --as-host 2>&1); then
        say "The policy in /etc/bulkhead/policy would be rejected by this version. Before the agent starts:"
        say "$said"
    fi
    if have_systemd && systemctl -q is-active bulkhead.service; then
        say "The agent that runs takes the new program up by itself when no job runs: bulkhead status says how it stands."
    elif grep -qs 'bulkhead\.example\.com' /etc/bulkhead/agent.yaml; then
        say "Next: name your backend in /etc/bulkhead/agent.yaml, then: systemctl enable --now bulkhead"
    else
        say "Next: systemctl enable --now bulkhead"
    fi
}

uninstall() {
    ! inside_the_agent || die "this is a job of the agent, which ends with it: use a shell"
    local paths
    if [ -f "$kList" ]; then
        mapfile -t paths <"$kList"
        refuse_where_a_package_is "${paths[@]}"
        ! have_systemd || systemctl -q disable --now "${kUnits[@]}" 2>/dev/null || true
        remove_files < <(cat "$kList"; echo "$kList")
        ! have_systemd || systemctl daemon-reload
        say "Removed."
    elif ! $purge; then
        die "nothing was installed here from an archive"
    fi
    # What is pinned there would go on in the kernel, with nobody to end it at its time.
    rm -rf /sys/fs/bpf/bulkhead
    if $purge; then
        refuse_where_a_package_is /usr/libexec/bulkhead/broker
        purge_state
    else
        say "Left: /etc/bulkhead, /var/lib/bulkhead, /var/log/bulkhead (decisions, records, evidence) and the accounts."
    fi
}

purge_state() {
    rm -rf --one-file-system /etc/bulkhead /run/bulkhead
    if [ -d /var/lib/bulkhead ]; then
        find /var/lib/bulkhead -xdev -mindepth 1 -maxdepth 1 ! -name broker -exec rm -rf --one-file-system {} +
        [ ! -d /var/lib/bulkhead/broker ] ||
            find /var/lib/bulkhead/broker -xdev -mindepth 1 -maxdepth 1 ! -name 'ledger*' ! -name evidence \
                -exec rm -rf --one-file-system {} +
        rmdir /var/lib/bulkhead/broker /var/lib/bulkhead 2>/dev/null || true
    fi
    if [ -d /var/log/bulkhead ]; then
        find /var/log/bulkhead -xdev -type f ! -name 'audit.*' -delete
        rmdir /var/log/bulkhead 2>/dev/null || true
    fi
    say "Purged, but for what proves what ran here: /var/log/bulkhead/audit.*, ledger and evidence in /var/lib/bulkhead/broker,"
    say "and the accounts bulkhead*."
}

signers=
fingerprint=
loader=false
purge=false
action=install
archives=()
while [ $# -gt 0 ]; do
    case $1 in
        --signers | --fingerprint)
            [ $# -ge 2 ] || usage
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        --loader) loader=true ;;
        --uninstall) action=uninstall ;;
        --purge) purge=true ;;
        -*) usage ;;
        *) archives+=("$1") ;;
    esac
    shift
done
if [ "$action" = uninstall ]; then
    [ ${#archives[@]} -eq 0 ] || usage
elif $purge || { [ -n "$signers" ] && [ -n "$fingerprint" ]; }; then
    usage
elif [ ${#archives[@]} -eq 0 ]; then
    archives=("$(dirname "$0")"/bulkhead-*-"$(uname -m)".tar.gz)
fi
[ "$(id -u)" = 0 ] || die "run me as root"
exec 9</usr/bin
flock -n 9 || die "another one runs"
# Programs are tried there, which a /tmp mounted noexec would not let.
work=$(mktemp -d -p /var/lib bulkhead-install.XXXXXX)
trap 'rm -rf "$work"' EXIT
if [ "$action" = uninstall ]; then
    uninstall
else
    [ ${#archives[@]} -eq 1 ] || die "name one archive; here are: ${archives[*]}"
    [ -f "${archives[0]}" ] || die "${archives[0]} is not there"
    install_agent "${archives[0]}"
fi
