"""Runs each case under the systemd of this machine, and prints cases.json: a throw-away machine's only."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cases import BASE, CASES  # noqa: E402

OUT = pathlib.Path("/run/corpus")
CHANGES = {"INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID"}


def call(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Placed:
    """The files of a case, for as long as they are there."""

    def __init__(self, files):
        self.files, self.before, self.made = files, {}, []

    def __enter__(self):
        for path, content in self.files.items():
            if os.path.isfile(path):
                self.before[path] = open(path, "rb").read()
            folder, missing = os.path.dirname(path), []
            while not os.path.lexists(folder):
                missing.append(folder)
                folder = os.path.dirname(folder)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self.made += reversed(missing)
            if content.startswith("-> "):
                os.symlink(content[3:], path)
            else:
                open(path, "wb").write(content.encode("latin-1"))
        hostname = [line.strip() for line in self.files.get("/etc/hostname", BASE["/etc/hostname"]).split("\n")]
        call("hostname", [line for line in hostname if line and line[0] != "#"][0])

    def __exit__(self, *_):
        for path in self.files:
            os.unlink(path)
            if path in self.before:
                open(path, "wb").write(self.before[path])
        for folder in reversed(self.made):
            shutil.rmtree(folder)


def runs():
    found, argv, environment = [], [], {}
    for part in OUT.read_bytes().decode("latin-1").split("\0")[:-1] if OUT.exists() else []:
        if part[0] == "A":
            argv.append(part[1:])
        elif part[0] == "E":
            name, _, value = part[1:].partition("=")
            environment[name] = value
        else:
            found.append((argv, environment))
            argv, environment = [], {}
    return found


def ask(files, start, plain):
    OUT.unlink(missing_ok=True)
    with Placed(files):
        # Not daemon-reload: settings of the manager itself change only when it is executed again.
        manager = any(path.startswith(("/etc/systemd/system.conf", "/usr/lib/systemd/system.conf")) for path in files)
        call("systemctl", "daemon-reexec" if manager else "daemon-reload")
        call("systemctl", "reset-failed")
        # Not --wait, which never returns where the name is an alias.
        call("systemctl", "start", "--", start)
        for _ in range(100):
            # Not show, which fails where a command line is no UTF-8.
            if call("systemctl", "is-active", "--", start).stdout.strip() in ("inactive", "failed", "unknown"):
                break
            time.sleep(0.1)
        else:
            sys.exit(f"{start} does not end: {files}")
        loaded = call("systemctl", "show", "-P", "LoadState", "--", start).stdout.strip()
    if any(path.startswith(("/etc/systemd/system.conf", "/usr/lib/systemd/system.conf")) for path in files):
        call("systemctl", "daemon-reexec")
    all_runs = runs()
    if not all_runs:
        return {"fails": loaded}
    environment = {name: value for name, value in all_runs[-1][1].items()
                   if name not in CHANGES and plain.get(name) != value}
    return {"environment": environment, "argv": [argv for argv, _ in all_runs]}


def main():
    for path, content in BASE.items():
        open(path, "wb").write(content.encode("latin-1"))
    plain = ask({"/etc/systemd/system/plain.service": "[Service]\nExecStart=/usr/bin/agent\n"}, "plain.service", {})["environment"]
    lines = []
    for name, files, options in CASES:
        start = options.get("start", "agent.service")
        one = {"name": name, "start": start, "files": files, "systemd": ask(files, start, plain)}
        if "refuse" in options:
            one["refuse"] = options["refuse"]
        lines.append(json.dumps(one))
    version = call("systemctl", "--version").stdout.split("\n")[0]
    print('{"made_by": ' + json.dumps(version) + ', "base": ' + json.dumps(BASE) + ', "cases": [')
    print(",\n".join(lines) + "\n]}")


main()
