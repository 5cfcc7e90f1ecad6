# shellcheck shell=bash
# Runs inside the container that `run` has booted, where nothing of the agent is installed: docs/quickstart.md and the
# pages of docs/operations/ as they are written, from the packages in /opt/lab. Then it takes the agent away again.
set -euo pipefail
# shellcheck source=page.sh
. /opt/lab/page.sh

docs=/usr/share/doc/bulkhead/docs
mkdir -p /root/trial
cd /root/trial
cp /opt/lab/*.deb .

# The page is in the package, and the package is installed by the page.
began=$EPOCHSECONDS
dpkg-deb --fsys-tarfile ./bulkhead_*.deb | tar -xO .$docs/quickstart.md >/opt/lab/quickstart.md
awk '/^To be rid of all of it/ { exit } { print }' /opt/lab/quickstart.md >/opt/lab/quickstart-stays.md
run_page /opt/lab/quickstart-stays.md
took=$((EPOCHSECONDS - began))
echo "ok  from the packages to a job that two people signed: $took s"
[ "$took" -le $((300 * ${BULKHEAD_LAB_SLOWER:-1})) ]

for page in back-up incident move; do run_page "$docs/operations/$page.md"; done

# The page's last box, when nobody reads in the package any more.
{ echo '```sh'; awk '/^To be rid of all of it/ { rest = 1; next } rest' /opt/lab/quickstart.md | sed -n '/^```sh$/,/^```$/p' |
    sed 1d; } >/opt/lab/quickstart-goes.md
run_page /opt/lab/quickstart-goes.md
for path in /usr/bin/bulkhead /usr/share/bulkhead /etc/bulkhead /var/lib/bulkhead/workers; do
    [ ! -e "$path" ] || { echo "left behind: $path"; exit 1; }
done
[ -s /var/log/bulkhead/audit.log ] || { echo "the audit log is gone"; exit 1; }
echo "ok  it is gone, but for what ran here"
