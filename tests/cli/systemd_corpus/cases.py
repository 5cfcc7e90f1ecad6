"""Services whose environment and command line systemd is asked for: see regenerate.

Each case is (name, files, options). A file whose content begins with "-> " is a symlink. `start` is
the unit that is started; `refuse` is part of the message with which bulkhead migrate refuses the
case, since what systemd does there is in no file.
"""
import random

UNIT = "/etc/systemd/system/agent.service"
LIB = "/usr/lib/systemd/system/"
ETC = "/etc/systemd/system/"
RUN = "/run/systemd/system/"
LOCAL = "/usr/local/lib/systemd/system/"
ENV = "/etc/agent.env"
EXEC = "ExecStart=/usr/bin/agent\n"

BASE = {
    "/etc/hostname": "node-7.example.org\n",
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "/etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\nVARIANT_ID=server\n',
}

CASES = []


def case(name, files, **options):
    assert name not in [one[0] for one in CASES], name
    CASES.append((name, files, options))


def unit(name, body, more=None, **options):
    """One unit; the program is appended unless the body has one."""
    text = "[Service]\n" + body + ("" if "ExecStart" in body else "\n" + EXEC)
    case(name, {UNIT: text, **(more or {})}, **options)


def env_file(name, content, **options):
    case(name, {UNIT: "[Service]\nEnvironmentFile=" + ENV + "\n" + EXEC, ENV: content}, **options)


def execs(name, line, environment="", **options):
    unit(name, (environment and "Environment=" + environment + "\n") + "ExecStart=" + line + "\n", **options)


# --- specifiers
KNOWN = "HlqmowWABMtSCLETVhuUgGnNpPiIjJfyY"
UNKNOWN = {"b": "%b", "v": "%v", "a": "%a", "s": "%s", "d": "%d"}
for letter in KNOWN:
    unit(f"specifier-{letter}-environment", f"Environment=A=<%{letter}> B=x")
    unit(f"specifier-{letter}-exec", f"ExecStart=/usr/bin/agent --id=<%{letter}> %{letter}")
for letter, said in UNKNOWN.items():
    unit(f"specifier-{letter}-environment", f"Environment=A=<%{letter}>", refuse=said)
    unit(f"specifier-{letter}-exec", f"ExecStart=/usr/bin/agent --id=<%{letter}>", refuse=said)
for letter in "-_{.:/%":
    unit(f"specifier-none-{ord(letter)}", f"Environment=A=<%{letter}>\nExecStart=/usr/bin/agent <%{letter}>")
for letter in "zxkZQOFDX09":
    unit(f"specifier-unknown-{letter}-environment", f"Environment=A=<%{letter}> B=2\nEnvironment=C=3")
    unit(f"specifier-unknown-{letter}-exec", f"ExecStart=/usr/bin/agent <%{letter}>", refuse="holds a specifier")
unit("specifier-unknown-exec-optional", "ExecStart=-/usr/bin/agent %z\nExecStart=/usr/bin/agent ok")
unit("specifier-unknown-file", "EnvironmentFile=/etc/%z.env\nEnvironment=A=1")
unit("specifier-unknown-unset", "Environment=A=1 B=2\nUnsetEnvironment=%z A")
unit("specifier-percent", "Environment=A=50%%off B=%%H C=%%%%\nExecStart=/usr/bin/agent 50%%off %%H")
unit("specifier-at-end", "Environment=A=x%\nExecStart=/usr/bin/agent x%")
unit("specifier-in-name", "Environment=%p=x A_%m=y")
unit("specifier-unknown-reset", "Environment=A=%b\nEnvironment=\nEnvironment=B=1")
unit("specifier-unknown-overridden", "Environment=A=%b\nEnvironment=A=2")
unit("specifier-unknown-exec-reset", "ExecStart=/usr/bin/agent %b\nExecStart=\nExecStart=/usr/bin/agent ok")
unit("specifier-in-quotes", "Environment=\"A=%H and %m\" 'B=%p'")
unit("specifier-escaped-percent-byte", r"Environment=A=\x25H B=\045p")
unit("specifier-in-file-path", "EnvironmentFile=/etc/%p/%H.env", {"/etc/agent/node-7.example.org.env": "A=1\n"})
unit("specifier-in-file-path-unknown", "EnvironmentFile=/etc/%b.env", refuse="%b")
unit("specifier-in-optional-file-path", "EnvironmentFile=-/etc/%p-%l.env", {"/etc/agent-node-7.env": "A=1\n"})
unit("specifier-percent-in-file-path", "EnvironmentFile=/etc/50%%.env", {"/etc/50%.env": "A=1\n"})
env_file("specifier-not-in-environment-file", "A=%H\nB=50%%off\n")
unit("specifier-in-program", "ExecStart=/usr/bin/%p --x")
unit("specifier-pretty-host", "Environment=A=%q", {"/etc/machine-info": 'PRETTY_HOSTNAME="Rack 7, left"\n'})
unit("specifier-os-release-single-quotes", "Environment=A=%o B=%w C=%M D=%A",
     {"/etc/os-release": "ID='my os'\nVERSION_ID=9.4\nIMAGE_ID=img\nIMAGE_VERSION=3\n"})
unit("specifier-os-release-crlf", "Environment=A=%o B=%w", {"/etc/os-release": 'ID="rocky"\r\nVERSION_ID="9.4"\r\n'})
unit("specifier-os-release-twice", "Environment=A=%o", {"/etc/os-release": "ID=one\nID=two\n"})
unit("specifier-short-host", "Environment=A=%l B=%H", {"/etc/hostname": "single\n"})
unit("specifier-host-with-comment", "Environment=A=%H", {"/etc/hostname": "# mine\n\n  named-so  \n"})

# --- templates and names
TEMPLATE = "[Service]\nEnvironment=I=%i U=%I N=%n M=%N P=%p Q=%P J=%j K=%J F=%f\nExecStart=/usr/bin/agent --id %i\n"
for instance in ["x", "edge-7", "a-b-c", r"usr-lib", r"we\x2dird", "with.dots", "UPPER", "a:b", "7", "deep@er"]:
    case(f"template-{instance}", {ETC + "agent@.service": TEMPLATE}, start=f"agent@{instance}.service")
case("template-dashes-in-prefix", {ETC + "my-own-agent@.service": TEMPLATE}, start="my-own-agent@x.service")
case("plain-dashes", {ETC + "my-own-agent.service": TEMPLATE}, start="my-own-agent.service")
case("plain-escaped-name", {ETC + r"my\x2dagent.service": TEMPLATE}, start=r"my\x2dagent.service")
case("template-own-file", {ETC + "agent@.service": TEMPLATE,
                           ETC + "agent@x.service": "[Service]\nEnvironment=OWN=%i\n" + EXEC}, start="agent@x.service")
case("template-drop-ins", {
    LIB + "agent@.service": TEMPLATE,
    ETC + "agent@.service.d/20-all.conf": "[Service]\nEnvironment=ALL=%i\n",
    ETC + "agent@x.service.d/10-one.conf": "[Service]\nEnvironment=ONE=%i\n",
    ETC + "agent@y.service.d/10-two.conf": "[Service]\nEnvironment=TWO=%i\n"}, start="agent@x.service")
case("template-drop-in-same-name", {
    LIB + "agent@.service": TEMPLATE,
    ETC + "agent@.service.d/10-a.conf": "[Service]\nEnvironment=FROM=template\n",
    ETC + "agent@x.service.d/10-a.conf": "[Service]\nEnvironment=FROM=instance\n"}, start="agent@x.service")
case("template-drop-in-same-name-lib", {
    LIB + "agent@.service": TEMPLATE,
    ETC + "agent@.service.d/10-a.conf": "[Service]\nEnvironment=FROM=template\n",
    LIB + "agent@x.service.d/10-a.conf": "[Service]\nEnvironment=FROM=instance\n"}, start="agent@x.service")
case("alias", {LIB + "real.service": "[Service]\nEnvironment=A=1\n" + EXEC, ETC + "agent.service": "-> " + LIB + "real.service"})
case("alias-relative", {ETC + "real.service": "[Service]\nEnvironment=A=1\n" + EXEC, ETC + "agent.service": "-> real.service"})
case("alias-drop-ins", {
    LIB + "real.service": "[Service]\nEnvironment=A=1\n" + EXEC, ETC + "agent.service": "-> " + LIB + "real.service",
    ETC + "real.service.d/b.conf": "[Service]\nEnvironment=B=real\n",
    ETC + "agent.service.d/a.conf": "[Service]\nEnvironment=B=agent C=3\n"})
case("alias-other-names-drop-in", {
    ETC + "agent.service": "[Service]\nEnvironment=A=1\n" + EXEC, ETC + "other.service": "-> agent.service",
    ETC + "other.service.d/a.conf": "[Service]\nEnvironment=C=3\n"})
case("alias-specifier", {LIB + "real.service": "[Service]\nEnvironment=A=%n\n" + EXEC,
                         ETC + "agent.service": "-> " + LIB + "real.service"}, refuse="its names")
case("alias-to-instance", {ETC + "real@.service": "[Service]\nEnvironment=A=%i\n" + EXEC,
                           ETC + "agent.service": "-> real@main.service"}, refuse="leads to no unit")
case("alias-to-template", {ETC + "real@.service": "[Service]\nEnvironment=A=%i\n" + EXEC,
                           ETC + "agent.service": "-> real@.service"}, refuse="leads to no unit")
case("alias-template", {ETC + "real@.service": "[Service]\nEnvironment=A=%i\n" + EXEC,
                        ETC + "agent@.service": "-> real@.service",
                        ETC + "agent@.service.d/a.conf": "[Service]\nEnvironment=B=%i\n",
                        ETC + "real@x.service.d/b.conf": "[Service]\nEnvironment=C=%i\n"}, start="agent@x.service")
case("alias-instance-to-template", {ETC + "real@.service": "[Service]\nEnvironment=A=%i\n" + EXEC,
                                    ETC + "agent@x.service": "-> real@.service"}, start="agent@x.service")
case("alias-instance", {ETC + "real@.service": "[Service]\nEnvironment=A=%i\n" + EXEC,
                        ETC + "agent@x.service": "-> real@x.service"}, start="agent@x.service")
case("alias-instance-of-own-template", {ETC + "agent@.service": "[Service]\nEnvironment=A=%i\n" + EXEC,
                                        ETC + "agent@x.service": "-> agent@.service"}, start="agent@x.service")
case("alias-chain", {ETC + "real.service": "[Service]\nEnvironment=A=1\n" + EXEC,
                     ETC + "middle.service": "-> real.service", ETC + "agent.service": "-> middle.service"})
case("alias-over-file", {LIB + "agent.service": "[Service]\nEnvironment=A=own\n" + EXEC,
                         LIB + "real.service": "[Service]\nEnvironment=A=real\n" + EXEC,
                         ETC + "agent.service": "-> " + LIB + "real.service"})
case("alias-dangling", {ETC + "agent.service": "-> gone.service"}, refuse="leads to no unit")
case("linked-unit", {"/opt/agent/agent.service": "[Service]\nEnvironment=A=%n\n" + EXEC,
                     ETC + "agent.service": "-> /opt/agent/agent.service"})
case("linked-unit-other-name", {"/opt/agent/thing.service": "[Service]\nEnvironment=A=1\n" + EXEC,
                                ETC + "agent.service": "-> /opt/agent/thing.service"})
case("masked", {LIB + "agent.service": "[Service]\n" + EXEC, ETC + "agent.service": "-> /dev/null"}, refuse="masks")
case("masked-empty", {LIB + "agent.service": "[Service]\n" + EXEC, ETC + "agent.service": ""}, refuse="masks")

# --- order of directories and drop-ins
for first, second in [(ETC, LIB), (ETC, RUN), (RUN, LOCAL), (LOCAL, LIB), (RUN, LIB), (ETC, LOCAL)]:
    tag = f"{first.split('/')[1]}-{first.split('/')[2]}-over-{second.split('/')[1]}-{second.split('/')[2]}"
    case(f"unit-{tag}", {first + "agent.service": "[Service]\nEnvironment=A=first\n" + EXEC,
                         second + "agent.service": "[Service]\nEnvironment=A=second B=2\n" + EXEC})
    case(f"drop-in-{tag}", {ETC + "agent.service": "[Service]\n" + EXEC,
                            first + "agent.service.d/a.conf": "[Service]\nEnvironment=A=first\n",
                            second + "agent.service.d/a.conf": "[Service]\nEnvironment=A=second B=2\n",
                            second + "agent.service.d/b.conf": "[Service]\nEnvironment=C=second\n"})
case("drop-in-order-of-names", {
    UNIT: "[Service]\nEnvironment=A=unit\n" + EXEC,
    ETC + "agent.service.d/20.conf": "[Service]\nEnvironment=A=20\n", LIB + "agent.service.d/30.conf": "[Service]\nEnvironment=A=30\n",
    RUN + "agent.service.d/10.conf": "[Service]\nEnvironment=A=10\n"})
case("drop-in-names-sort-by-byte", {
    UNIT: "[Service]\n" + EXEC,
    ETC + "agent.service.d/9.conf": "[Service]\nEnvironment=A=9\n", ETC + "agent.service.d/10.conf": "[Service]\nEnvironment=A=10\n",
    ETC + "agent.service.d/Z.conf": "[Service]\nEnvironment=B=Z\n", ETC + "agent.service.d/a.conf": "[Service]\nEnvironment=B=a\n",
    ETC + "agent.service.d/_.conf": "[Service]\nEnvironment=B=_\n"})
case("drop-in-masked", {
    UNIT: "[Service]\n" + EXEC, LIB + "agent.service.d/a.conf": "[Service]\nEnvironment=A=lib\n",
    ETC + "agent.service.d/a.conf": "-> /dev/null"})
case("drop-in-masked-empty", {
    UNIT: "[Service]\n" + EXEC, LIB + "agent.service.d/a.conf": "[Service]\nEnvironment=A=lib\n", ETC + "agent.service.d/a.conf": ""})
case("drop-in-other-endings", {
    UNIT: "[Service]\n" + EXEC, ETC + "agent.service.d/a.conf.bak": "[Service]\nEnvironment=A=1\n",
    ETC + "agent.service.d/b": "[Service]\nEnvironment=B=1\n", ETC + "agent.service.d/.c.conf": "[Service]\nEnvironment=C=1\n",
    ETC + "agent.service.d/d.conf~": "[Service]\nEnvironment=D=1\n"})
case("drop-in-is-symlink", {
    UNIT: "[Service]\n" + EXEC, "/opt/part.conf": "[Service]\nEnvironment=A=1\n", ETC + "agent.service.d/a.conf": "-> /opt/part.conf"})
case("drop-in-dangling-symlink", {UNIT: "[Service]\n" + EXEC, ETC + "agent.service.d/a.conf": "-> /opt/none.conf"}, refuse="a.conf")
case("drop-in-folder-is-symlink", {
    UNIT: "[Service]\n" + EXEC, "/opt/parts/a.conf": "[Service]\nEnvironment=A=1\n", ETC + "agent.service.d": "-> /opt/parts"})
case("drop-in-prefix", {
    ETC + "my-own-agent.service": "[Service]\n" + EXEC,
    ETC + "my-.service.d/a.conf": "[Service]\nEnvironment=A=my B=my\n", ETC + "my-own-.service.d/b.conf": "[Service]\nEnvironment=A=own\n",
    ETC + "my.service.d/c.conf": "[Service]\nEnvironment=C=no\n"}, start="my-own-agent.service")
case("drop-in-prefix-same-name", {
    ETC + "my-own-agent.service": "[Service]\n" + EXEC,
    ETC + "my-.service.d/a.conf": "[Service]\nEnvironment=A=my\n", ETC + "my-own-.service.d/a.conf": "[Service]\nEnvironment=A=own\n",
    LIB + "my-own-agent.service.d/a.conf": "[Service]\nEnvironment=A=agent\n"}, start="my-own-agent.service")
case("drop-in-prefix-of-template", {
    ETC + "my-agent@.service": "[Service]\n" + EXEC,
    ETC + "my-@.service.d/a.conf": "[Service]\nEnvironment=A=1\n", ETC + "my-.service.d/b.conf": "[Service]\nEnvironment=B=1\n",
    ETC + "my-@x.service.d/c.conf": "[Service]\nEnvironment=C=1\n"}, start="my-agent@x.service")
case("drop-in-prefix-of-template-same-name", {
    ETC + "my-agent@.service": "[Service]\n" + EXEC,
    ETC + "my-@x.service.d/a.conf": "[Service]\nEnvironment=A=instance\n", ETC + "my-.service.d/a.conf": "[Service]\nEnvironment=A=plain\n",
    ETC + "my-@.service.d/b.conf": "[Service]\nEnvironment=B=template\n", ETC + "my-.service.d/b.conf": "[Service]\nEnvironment=B=plain\n"},
    start="my-agent@x.service")
case("drop-in-prefix-ends-with-dash", {
    ETC + "my-agent-.service": "[Service]\n" + EXEC, ETC + "my-.service.d/a.conf": "[Service]\nEnvironment=A=1\n"}, start="my-agent-.service")
case("drop-in-of-type", {
    UNIT: "[Service]\nEnvironment=A=unit\n" + EXEC, ETC + "service.d/a.conf": "[Service]\nEnvironment=A=type B=type\n"})
case("drop-in-of-type-same-name", {
    UNIT: "[Service]\n" + EXEC, ETC + "service.d/a.conf": "[Service]\nEnvironment=A=type\n",
    LIB + "agent.service.d/a.conf": "[Service]\nEnvironment=A=unit\n"})
case("drop-in-of-type-order", {
    UNIT: "[Service]\n" + EXEC, ETC + "service.d/z.conf": "[Service]\nEnvironment=A=type\n",
    ETC + "agent.service.d/a.conf": "[Service]\nEnvironment=A=unit\n"})
case("drop-in-empties-exec", {
    UNIT: "[Service]\nExecStart=/usr/bin/agent --old\n", ETC + "agent.service.d/a.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/agent --new\n"})
case("drop-in-second-exec", {
    UNIT: "[Service]\nExecStart=/usr/bin/agent --old\n", ETC + "agent.service.d/a.conf": "[Service]\nExecStart=/usr/bin/agent --new\n"},
    refuse="second command")
case("drop-in-empties-file", {
    UNIT: "[Service]\nEnvironmentFile=/etc/a.env\n" + EXEC, "/etc/a.env": "A=a\n", "/etc/b.env": "B=b\n",
    ETC + "agent.service.d/a.conf": "[Service]\nEnvironmentFile=\nEnvironmentFile=/etc/b.env\n"})
case("drop-in-empties-environment", {
    UNIT: "[Service]\nEnvironment=A=1 B=2\n" + EXEC, ETC + "agent.service.d/a.conf": "[Service]\nEnvironment=\nEnvironment=B=3\n"})
case("drop-in-without-section", {UNIT: "[Service]\n" + EXEC, ETC + "agent.service.d/a.conf": "Environment=A=1\n"})
for name, line in [("section", "[Service"), ("section-quote", '[X-"a"]'), ("not-utf8", "Environment=B=\xff"),
                   ("exec", "ExecStart=/usr/bin/agent b ; /usr/bin/agent %z")]:
    case("drop-in-stops-at-" + name, {
        UNIT: "[Service]\nType=oneshot\nEnvironment=A=unit B=unit\n" + EXEC,
        ETC + "agent.service.d/a.conf": "[Service]\nEnvironment=A=a\n" + line + "\n[Service]\nEnvironment=B=a C=a\nEnvironment=\n",
        ETC + "agent.service.d/b.conf": "[Service]\nEnvironment=D=b\n"})
case("drop-in-stops-without-exec", {
    UNIT: "[Service]\n" + EXEC, ETC + "agent.service.d/a.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/agent %z\n" + EXEC})
for name, line in [("section", "[Manager"), ("section-backslash", "[X-\\a]"), ("not-utf8", "DefaultEnvironment=B=\xff")]:
    case("manager-stops-at-" + name, {
        UNIT: "[Service]\nEnvironment=Z=unit\n" + EXEC,
        "/etc/systemd/system.conf": "[Manager]\nDefaultEnvironment=A=a\n" + line + "\n[Manager]\nDefaultEnvironment=B=a\n",
        "/etc/systemd/system.conf.d/a.conf": "[Manager]\nDefaultEnvironment=D=b\n"})
case("manager-stops-in-drop-in", {
    UNIT: "[Service]\nEnvironment=Z=unit\n" + EXEC,
    "/etc/systemd/system.conf": "[Manager]\nDefaultEnvironment=A=a\n",
    "/etc/systemd/system.conf.d/a.conf": "[Manager]\nDefaultEnvironment=B=b\n[Manager\nDefaultEnvironment=C=c\n",
    "/usr/lib/systemd/system.conf.d/b.conf": "[Manager]\nDefaultEnvironment=D=d\n"})
case("manager-default-environment", {
    UNIT: "[Service]\nEnvironment=B=unit\n" + EXEC,
    "/etc/systemd/system.conf": "[Manager]\nDefaultEnvironment=A=manager B=manager\nDefaultEnvironment=C=%H\n"})
case("manager-default-environment-drop-in", {
    UNIT: "[Service]\nEnvironment=B=unit\nExecStart=/usr/bin/agent $A\n",
    "/etc/systemd/system.conf.d/a.conf": "[Manager]\nDefaultEnvironment=A=etc\n",
    "/usr/lib/systemd/system.conf.d/b.conf": "[Manager]\nDefaultEnvironment=A=lib D='4 5'\n"})

case("manager-default-environment-unit-specifier", {
    UNIT: "[Service]\nEnvironment=B=unit\n" + EXEC,
    "/etc/systemd/system.conf": "[Manager]\nDefaultEnvironment=A=%m C=%l D=x\n"})

# --- lines of units
unit("line-spaces-round-equals", "Environment  =  A=1  \n  Environment\t=\tB=2")
unit("line-comments", "# Environment=A=1\n; Environment=B=2\n   # Environment=C=3\nEnvironment=D=4 # not a comment")
unit("line-continued", "Environment=A=1 \\\n  B=2 \\\n  C=3")
unit("line-continued-over-comments", "Environment=A=1 \\\n# in between\n  ; and another\n  B=2 \\\n\n  C=3")
unit("line-continued-inside-word", "Environment=A=one\\\ntwo B=3")
unit("line-continued-inside-quotes", "Environment=\"A=one \\\n  two\" B=3")
unit("line-two-backslashes-at-end", "Environment=A=one\\\\\nEnvironment=B=2")
unit("line-three-backslashes-at-end", "Environment=A=one\\\\\\\n B=2")
unit("line-continued-with-blank-behind", "Environment=A=1 \\ \n B=2")
case("line-continued-at-end-of-file", {UNIT: "[Service]\n" + EXEC + "Environment=A=1 \\"})
case("line-crlf", {UNIT: "[Service]\r\nEnvironment=A=1 \\\r\n  B=2\r\nExecStart=/usr/bin/agent --x\r\n"})
case("line-cr", {UNIT: "[Service]\rEnvironment=A=1\rExecStart=/usr/bin/agent --x\r"})
case("line-byte-order-mark", {UNIT: "\xef\xbb\xbf[Service]\nEnvironment=A=1\n" + EXEC})
case("line-byte-order-mark-comment", {UNIT: "\xef\xbb\xbf# mine\n[Service]\nEnvironment=A=1\n" + EXEC})
case("line-byte-order-mark-late", {UNIT: "[Service]\n\xef\xbb\xbfEnvironment=A=1\nEnvironment=B=2\n" + EXEC})
case("line-other-sections", {UNIT: "[Unit]\nEnvironment=A=1\n[Service]\nEnvironment=B=2\n" + EXEC +
                             "[Install]\nEnvironment=C=3\nWantedBy=multi-user.target\n[X-Mine]\nEnvironment=D=4\n[Other]\nEnvironment=E=5\n"
                             "[Service]\nEnvironment=F=6\n"})
case("line-before-section", {UNIT: "Environment=A=1\n[Service]\n" + EXEC})
case("line-section-lower-case", {UNIT: "[service]\nEnvironment=A=1\n[Service]\n" + EXEC})
case("line-section-with-blanks", {UNIT: "  [Service]  \nEnvironment=A=1\n" + EXEC})
case("line-section-with-blanks-inside", {UNIT: "[ Service ]\nEnvironment=A=1\n[Service]\n" + EXEC})
case("line-section-not-closed", {UNIT: "[Service\nEnvironment=A=1\n[Service]\n" + EXEC}, refuse="section header")
case("line-section-with-comment", {UNIT: "[Service] # mine\nEnvironment=A=1\n[Service]\n" + EXEC}, refuse="section header")
for name, header in [("double-quote", '[X-"a"]'), ("single-quote", "[X-it's]"), ("backslash", "[X-a\\b]"), ("tab", "[X-a\tb]"),
                     ("control", "[X-a\x01b]"), ("delete", "[X-a\x7fb]"), ("alone", "["), ("continued", "[X-a\\\nb\\\n\tc]")]:
    case("line-section-bad-" + name, {UNIT: "[Service]\nEnvironment=A=1\n" + EXEC + header + "\nEnvironment=B=2\n"},
         refuse="section header")
case("line-section-odd", {UNIT: "[Service]\nEnvironment=A=1\n" + EXEC + "[]\nEnvironment=B=2\n[X-a]b]\nEnvironment=C=3\n"
                          "[X-\xc3\xa9]\nEnvironment=D=4\n[X-a\\\nb]\n[Service]\nEnvironment=E=5\n"})
unit("line-key-in-lower-case", "environment=A=1\nENVIRONMENT=B=2")
unit("line-without-equals", "Environment\nEnvironment=A=1")
unit("line-without-key", "=A=1\nEnvironment=A=2")
unit("line-not-utf8", "Environment=A=\xff\xfe\nEnvironment=B=2", refuse="is no UTF-8")
unit("line-not-utf8-comment", "# \xff\xfe\nEnvironment=B=2")
case("line-not-utf8-elsewhere", {UNIT: "[Unit]\nDescription=\xff\n[Service]\n" + EXEC}, refuse="is no UTF-8")
unit("line-utf8", "Environment=A=gr\xc3\xbc\xc3\x9fe\nExecStart=/usr/bin/agent \xe2\x82\xac")

# --- words and escapes of Environment=
for name, escape in [("a", r"\a"), ("b", r"\b"), ("f", r"\f"), ("n", r"\n"), ("r", r"\r"), ("t", r"\t"), ("v", r"\v"),
                     ("s", r"\s"), ("backslash", r"\\"), ("quote", r"\""), ("apostrophe", r"\'"), ("x41", r"\x41"),
                     ("xff", r"\xff"), ("xc3bc", r"\xc3\xbc"), ("x00", r"\x00"), ("x4", r"\x4"), ("xg", r"\xgg"), ("upper-x", r"\X41"),
                     ("octal", r"\101"), ("octal-short", r"\10"), ("octal-zero", r"\000"), ("octal-big", r"\777"), ("octal-9", r"\119"),
                     ("u", r"\u00e9"), ("u-short", r"\u00e"), ("u-zero", r"\u0000"), ("u-surrogate", r"\ud800"),
                     ("upper-u", r"\U0001f600"), ("upper-u-big", r"\U00110000"), ("upper-u-surrogate", r"\U0000d800"), ("unknown", r"\q"), ("dollar", r"\$"),
                     ("percent", r"\%"), ("hash", r"\#"), ("blank", "\\ "), ("equals", r"\=")]:
    unit(f"escape-{name}", f"Environment=A=<{escape}> B=2\nEnvironment=C=3")
    unit(f"escape-{name}-quoted", f"Environment=\"A=<{escape}>\" B=2\nEnvironment='C=<{escape}>' D=4")
    execs(f"escape-{name}-exec", f"/usr/bin/agent <{escape}> '<{escape}>' end")
unit("word-quotes", "Environment=\"A=one two\" 'B=three four' C=\"five six\" D='seven' E=a\"b c\"d")
unit("word-quotes-inside", "Environment=A=it\\'s \"B=it's\" 'C=say \"hi\"'")
unit("word-quotes-empty", "Environment=\"\" A= B=\"\" C=''")
unit("word-quote-not-closed", "Environment=A=1 \"B=2\nEnvironment=C=3")
unit("word-bad-names", "Environment=1A=x A-B=x A.B=x =x NOEQUALS \"A B=x\" _OK=1 ok2=2")
unit("word-value-with-equals", "Environment=A=b=c=d== B==")
unit("word-twice", "Environment=A=1 A=2\nEnvironment=A=3 B=1")
unit("word-blanks", "Environment=  A=1 \t  B=2  ")
unit("word-empty-resets", "Environment=A=1\nEnvironment=\nEnvironment=B=2")
unit("word-dollar-stays", "Environment=A=1 B=$A C=${A} D=$$")
unit("word-semicolon-hash", "Environment=A=1;2 B=#3 C=4#5 ; D=6")
unit("word-control-character", r"Environment=A=\x01 B=\x7f C=\t D=\n E=ok")
unit("word-secret-symbols", "Environment=\"A=p@ss!w0rd&*()[]{}<>?/|~`^+,.:;\"")
unit("word-base64", "Environment=A=aGVsbG8gd29ybGQ=== B=/+==")

# --- Environment=, files, PassEnvironment= and UnsetEnvironment=
unit("merge-file-over-environment", "EnvironmentFile=/etc/a.env\nEnvironment=A=unit B=unit", {"/etc/a.env": "A=file\n"})
unit("merge-two-files", "EnvironmentFile=/etc/a.env\nEnvironmentFile=/etc/b.env", {"/etc/a.env": "A=a\nB=a\n", "/etc/b.env": "A=b\n"})
unit("merge-same-file-twice", "EnvironmentFile=/etc/a.env\nEnvironmentFile=/etc/b.env\nEnvironmentFile=/etc/a.env",
     {"/etc/a.env": "A=a\n", "/etc/b.env": "A=b\n"})
unit("merge-empty-over-value", "Environment=A=unit\nEnvironmentFile=/etc/a.env", {"/etc/a.env": "A=\n"})
unit("file-reset", "EnvironmentFile=/etc/a.env\nEnvironmentFile=", {"/etc/a.env": "A=a\n"})
unit("file-missing", "EnvironmentFile=/etc/none.env", refuse="names /etc/none.env")
unit("file-missing-optional", "EnvironmentFile=-/etc/none.env\nEnvironment=A=1")
unit("file-relative", "EnvironmentFile=etc/a.env\nEnvironment=A=1", {"/etc/a.env": "B=a\n"})
unit("file-relative-optional", "EnvironmentFile=-etc/a.env\nEnvironment=A=1", {"/etc/a.env": "B=a\n"})
unit("file-in-quotes", "EnvironmentFile=\"/etc/a.env\"\nEnvironment=A=1", {"/etc/a.env": "B=a\n"})
unit("file-with-blank", "EnvironmentFile=/etc/a b.env", {"/etc/a b.env": "B=a\n", "/etc/a": "C=1\n"})
unit("file-two-in-one-line", "EnvironmentFile=/etc/a.env /etc/b.env", {"/etc/a.env": "A=a\n", "/etc/b.env": "B=b\n"},
     refuse="names /etc/a.env /etc/b.env")
unit("file-doubled-slashes", "EnvironmentFile=//etc///./a.env", {"/etc/a.env": "A=a\n"})
unit("file-dots", "EnvironmentFile=/etc/default/../a.env\nEnvironment=B=1", {"/etc/a.env": "A=a\n", "/etc/default/agent": ""})
unit("file-minus-blank", "EnvironmentFile=- /etc/a.env\nEnvironment=A=1", {"/etc/a.env": "B=a\n"})
unit("file-is-symlink", "EnvironmentFile=/etc/a.env", {"/opt/real.env": "A=a\n", "/etc/a.env": "-> /opt/real.env"})
unit("file-is-relative-symlink", "EnvironmentFile=/etc/a.env", {"/opt/real.env": "A=a\n", "/etc/a.env": "-> ../opt/real.env"})
unit("file-is-folder", "EnvironmentFile=/etc/folder", {"/etc/folder/x": ""}, refuse="is a directory")
unit("file-is-folder-optional", "EnvironmentFile=-/etc/folder\nEnvironment=A=1", {"/etc/folder/x": ""})
unit("file-is-null", "EnvironmentFile=/dev/null\nEnvironment=A=1")
unit("file-escapes-stay", r"EnvironmentFile=/etc/a\x20b.env" + "\nEnvironment=A=1", {"/etc/a b.env": "B=a\n"}, refuse="names /etc")
for name, pattern in [("star", "/etc/agent.d/*.env"), ("question", "/etc/agent.d/?0.env"), ("bracket", "/etc/agent.d/[12]0.env"),
                      ("folder", "/etc/age*.d/10.env"), ("all", "/etc/agent.d/*"), ("negated", "/etc/agent.d/[!1]*.env"),
                      ("escaped", "/etc/agent.d/\\*.env"), ("hidden", "/etc/agent.d/.*.env")]:
    unit(f"glob-{name}", f"EnvironmentFile={pattern}", {
        "/etc/agent.d/10.env": "A=10\nB=10\n", "/etc/agent.d/20.env": "A=20\n", "/etc/agent.d/x.env": "X=1\n",
        "/etc/agent.d/.h.env": "H=1\n", "/etc/agent.d/*.env": "S=1\n"})
unit("glob-none", "EnvironmentFile=/etc/agent.d/*.env", refuse="names /etc/agent.d/*.env")
unit("glob-none-optional", "EnvironmentFile=-/etc/agent.d/*.env\nEnvironment=A=1")
unit("glob-order", "EnvironmentFile=/etc/agent.d/*", {"/etc/agent.d/b": "A=b\n", "/etc/agent.d/B": "A=B\n", "/etc/agent.d/10": "A=10\n",
                                                      "/etc/agent.d/9": "A=9\n", "/etc/agent.d/_": "A=_\n"})
for name, pattern in [("folders", "/etc/ag/*/x.env"), ("folders-and-names", "/etc/ag/*/*.env"), ("folder-slashes", "/etc/ag/*//x.env")]:
    unit(f"glob-order-{name}", f"EnvironmentFile={pattern}", {
        "/etc/ag/a/x.env": "K=from-a\n", "/etc/ag/a-b/x.env": "K=from-a-b\n", "/etc/ag/a.b/x.env": "K=from-a.b\n",
        "/etc/ag/a b/x.env": "K=from-a-blank\n", "/etc/ag/a b/x-y.env": "L=1\n", "/etc/ag/a b/y.env": "L=2\n"})
unit("unset-name", "Environment=A=1 B=2\nUnsetEnvironment=A")
unit("unset-from-file", "EnvironmentFile=/etc/a.env\nUnsetEnvironment=A C", {"/etc/a.env": "A=a\nB=b\n"})
unit("unset-value", "Environment=A=1 B=2\nUnsetEnvironment=A=1 B=1")
unit("unset-reset", "Environment=A=1 B=2\nUnsetEnvironment=A\nUnsetEnvironment=")
unit("unset-before-exec", "Environment=A=1\nUnsetEnvironment=A\nExecStart=/usr/bin/agent <${A}> $A end")
unit("unset-specifier", "Environment=agent=1 B=2\nUnsetEnvironment=%p")
unit("unset-quoted", "Environment=\"A=1 2\" B=2\nUnsetEnvironment=\"A=1 2\"")
unit("pass-unset", "PassEnvironment=NOWHERE\nEnvironment=A=1")
unit("pass-overridden", "PassEnvironment=A\nEnvironment=A=1\nExecStart=/usr/bin/agent $A")
unit("pass-in-exec", "PassEnvironment=A\nExecStart=/usr/bin/agent $A", refuse="$A has its value from systemd")

# --- environment files
env_file("env-plain", "A=1\nB=two words\nC=\nD=  trimmed  \n  E=5\n")
env_file("env-comments", "# A=1\n; B=2\n  # C=3\nD=4 # not a comment\nE=5;6\nF=#7\n")
env_file("env-comment-ends-with-backslash", "# one \\\nA=1\nB=2\n")
env_file("env-spaces-round-equals", "A = 1\nB\t=\t2\nC =3\nD= 4\n")
env_file("env-export", "export A=1\nexport B\nC=3\nexport\tD=4\n")
env_file("env-double-quotes", "A=\"one two\"\nB=\"a\\\"b\"\nC=\"ab\\wcd\"\nD=\"a\\\\b\"\nE=\"\\$x \\`y\\`\"\nF=\"a\\nb\"\nG=\"a\\'b\"\n")
env_file("env-single-quotes", "A='one two'\nB='a\\b'\nC='a\"b'\nD='$x'\nE='a\\'\nF=6\n")
env_file("env-no-quotes-backslash", "A=a\\b\nB=a\\\\b\nC=a\\ b\nD=\\x41\nE=a\\\"b\nF=\\\n")
env_file("env-continuation", "A=one \\\n  two\nB=3\n")
env_file("env-continuation-inside-word", "A=one\\\ntwo\nB=3\n")
env_file("env-continuation-in-double-quotes", "A=\"one \\\n  two\"\nB=3\n")
env_file("env-continuation-in-single-quotes", "A='one \\\n  two'\nB=3\n")
env_file("env-newline-in-quotes", "A=\"one\ntwo\"\nB='three\nfour'\nC=5\n")
env_file("env-quotes-then-text", "A=\"one\"two\nB='a'b'c'\nC=\"a\" \"b\"\nD=x\"y z\"\nE=\"a\"   b   c  \nF=''\nG=\"\"x\n")
env_file("env-quote-not-closed", "A=\"one\nB=2\n")
env_file("env-single-quote-not-closed", "A='one\nB=2\n")
env_file("env-quote-at-end-of-file", "A=1\nB=\"")
env_file("env-no-newline-at-end", "A=1\nB=2")
env_file("env-blanks-at-end-of-file", "A=1\nB=2   ")
env_file("env-backslash-at-end-of-file", "A=1\nB=2\\")
env_file("env-key-at-end-of-file", "A=1\nB")
env_file("env-bad-names", "1A=1\nA-B=2\nA.B=3\nA B=4\n=5\nOK=6\n\"Q\"=7\n")
env_file("env-no-equals", "A=1\nthis is text\nB=2\n")
env_file("env-section", "[section]\nA=1\n[other]\n")
env_file("env-dollar", "A=1\nB=$A\nC=${A}\nD=\"$A\"\n")
env_file("env-twice", "A=1\nA=2\nB=3\n")
env_file("env-crlf", "A=1\r\nB=\"two\"\r\nC=three  \r\n\r\nD='four'\r\n")
env_file("env-cr", "A=1\rB=2\r")
env_file("env-crlf-continuation", "A=one\\\r\ntwo\r\nB=3\r\n")
env_file("env-byte-order-mark", "\xef\xbb\xbfA=1\nB=2\n")
env_file("env-utf8", "A=gr\xc3\xbc\xc3\x9fe\n")
env_file("env-not-utf8", "A=1\nB=\xff\nC=3\n", refuse="is no UTF-8")
env_file("env-not-utf8-in-comment", "A=1\n# \xff\nC=3\n")
env_file("env-not-utf8-key", "A=1\n\xff=2\n", refuse="is no UTF-8")
unit("env-not-utf8-optional", "EnvironmentFile=-/etc/agent.env\nEnvironment=Z=1", {ENV: "A=1\nB=\xff\n"})
env_file("env-nul", "A=1\nB=2\x003\nC=4\n", refuse="NUL")
env_file("env-control-characters", "A=a\x01b\nB=a\tb\nC=a\x7fb\nD=ok\n")
env_file("env-escape-character", "A=\"a\x1b[0mb\"\nD=ok\n")
env_file("env-empty", "")
env_file("env-only-blank-lines", "\n\n  \n\t\n")
env_file("env-value-with-equals", "A=b=c==\n=\n==\n")
env_file("env-hash-in-value", "A=a#b\nB=a #b\nC=\"a#b\"\nD=a;b\n")
env_file("env-tabs", "\tA=1\n\tB\t=\t2\t\n")
env_file("env-multi-line-key", "KEY=\"-----BEGIN KEY-----\nabc+/=\n-----END KEY-----\"\nB=2\n")
env_file("env-json", "A={\"a\": \"b c\", \"d\": [1, 2]}\nB='{\"a\": \"b\"}'\n")
env_file("env-backslash-n", "A=one\\ntwo\nB=\"one\\ntwo\"\nC='one\\ntwo'\n")
env_file("env-secret-symbols", "A=p@ss!w0rd&*()[]{}<>?/|~^+,.:;%\nB=\"p@$$ word\"\nC=a'b\"c\n")
env_file("env-lower-case", "a=1\nhyphen-ated=2\n_x=3\n")
env_file("env-vertical-tab", "A=1\x0b\nB=2\x0c\nC=3\n")

# --- command lines
execs("exec-unquoted-words", "/usr/bin/agent a  b\tc")
execs("exec-quotes", "/usr/bin/agent \"a b\" 'c d' e\"f g\"h '' \"\"")
execs("exec-variable-word", "/usr/bin/agent $A $B end", "\"A=one two  three\" B=")
execs("exec-variable-braces", "/usr/bin/agent ${A} x${A}y ${B}", "\"A=one two\"")
execs("exec-variable-braces-empty", "/usr/bin/agent ${A} x${A}y end", "A=")
execs("exec-variable-unset", "/usr/bin/agent $NONE ${NONE} x${NONE}y end")
execs("exec-variable-in-word", "/usr/bin/agent x$A --k=$A $A-x $A.y ${A}$A", "A=1")
execs("exec-variable-quotes-in-value", "/usr/bin/agent $A ${A}", r"""A=\x22a\x20b\x22\x20'c""" + " B=1")
execs("exec-variable-quoted-value", "/usr/bin/agent $A ${A}", "\"A='one two' \\\"three four\\\" five\"")
execs("exec-variable-backslash-in-value", "/usr/bin/agent $A ${A}", r"A=a\\b\\\\c\s\\sd")
execs("exec-variable-quoted-word", "/usr/bin/agent \"$A\" '$A' \"${A}\" '${A}'", "\"A=one two\"")
execs("exec-variable-not-recursive", "/usr/bin/agent $A ${A}", "A=$B B=x")
execs("exec-dollars", "/usr/bin/agent $$ $$A $${A} a$$b $$$$ $ a$ $$$A", "A=1")
execs("exec-braces-not-closed", "/usr/bin/agent ${A x${A ${} $A}", "A=1")
execs("exec-braces-operators", "/usr/bin/agent ${A:-x} ${B:+y} ${A}", "A=1")
execs("exec-variable-odd-names", "/usr/bin/agent $1 ${1} $A_B ${A-B} $@ $* end", "A_B=1")
execs("exec-variable-from-file", "/usr/bin/agent --api-key ${KEY} $KEY", "A=1\nEnvironmentFile=/etc/agent.env", more={ENV: "KEY='k e y'\n"})
execs("exec-variable-escaped", "/usr/bin/agent \\x24A \\x24{A}", "A=1")
execs("exec-variable-as-option", "/usr/bin/agent $OPTS", "\"OPTS=--a 1 --b='2 3'\"")
execs("exec-variable-value-with-percent", "/usr/bin/agent ${A} $A", "A=50%%H")
execs("exec-percent-after-dollar", "/usr/bin/agent $%p ${%p}", "agent=1")
execs("exec-home", "/usr/bin/agent $HOME", refuse="$HOME has its value from systemd")
execs("exec-invocation", "/usr/bin/agent ${INVOCATION_ID}", refuse="$INVOCATION_ID")
execs("exec-state-directory", "/usr/bin/agent ${STATE_DIRECTORY}", "A=1\nStateDirectory=agent", refuse="$STATE_DIRECTORY")
execs("exec-home-assigned", "/usr/bin/agent $HOME", "HOME=/srv")
execs("exec-path-not-from-variable", "$A --x", "A=/usr/bin/agent", refuse="names no program", more={})
for prefix in ["-", "@", ":", "+", "!", "!!", "-@", "@-", ":-", "-:+", "@:!!", "--", "@@"]:
    line = prefix + ("/usr/bin/agent zero $A ${A}")
    known = prefix.count("-") < 2 and prefix.count("@") < 2
    execs("exec-prefix-" + prefix, line, "\"A=1 2\"", **({} if known else {"refuse": "names no program"}))
execs("exec-prefix-apart", "- /usr/bin/agent x\nExecStart=/usr/bin/agent y")
execs("exec-prefix-quoted", "\"-/usr/bin/agent\" x")
execs("exec-relative", "agent --x")
execs("exec-relative-with-slash", "bin/agent --x", refuse="names no program")
execs("exec-path-unclean", "/usr//bin/./agent --x")
execs("exec-empty", "", refuse="no ExecStart=")
execs("exec-semicolon", "/usr/bin/agent one ; /usr/bin/agent two", "A=1\nType=oneshot")
execs("exec-semicolon-not-oneshot", "/usr/bin/agent one ; /usr/bin/agent two", refuse="second command")
execs("exec-semicolon-in-word", "/usr/bin/agent a;b c; ;d \\; \";\" ';' \\;e")
execs("exec-semicolon-last", "/usr/bin/agent one ;")
execs("exec-semicolon-first", "; /usr/bin/agent one")
execs("exec-several", "/usr/bin/agent one\nExecStart=/usr/bin/agent two", "A=1\nType=oneshot")
execs("exec-several-reset", "/usr/bin/agent one\nExecStart=\nExecStart=/usr/bin/agent two", "A=1\nType=oneshot")
execs("exec-several-simple", "/usr/bin/agent one\nExecStart=/usr/bin/agent two", refuse="second command")
execs("exec-continued", "/usr/bin/agent one \\\n    --two \\\n  # no comment of mine\n    --three=3")
execs("exec-hash", "/usr/bin/agent one # two")
execs("exec-not-a-shell", "/usr/bin/agent a > b | c && d * ~ `e` $(f) <g", "A=1")
execs("exec-quote-not-closed", "/usr/bin/agent \"a b", refuse="a quote is not closed")
execs("exec-quote-not-closed-optional", "-/usr/bin/agent \"a b\nExecStart=/usr/bin/agent ok")
execs("exec-backslash-last", "/usr/bin/agent a \\\\")
execs("exec-empty-zeroth", "@/usr/bin/agent", refuse="empty word")
execs("exec-newline-in-word", r"/usr/bin/agent a\nb 'c\td'")
execs("exec-env", "/usr/bin/env A=2 B=3 /usr/bin/agent --x $A", "A=1")
execs("exec-env-plain", "/usr/bin/env /usr/bin/agent --x")
execs("exec-env-variable", "/usr/bin/env A=${B} /usr/bin/agent --x", "\"B=1 2\"")
execs("exec-env-option", "/usr/bin/env -i A=2 /usr/bin/agent", refuse="options of env")
execs("exec-shell", "/bin/sh -c '/usr/bin/agent $A'", "A=1", refuse="sh starts the agent")
execs("exec-shell-exec", "/bin/bash -c 'exec /usr/bin/agent --key $$A'", "A=1", refuse="bash starts the agent")
execs("exec-nice", "/usr/bin/nice -n 5 /usr/bin/agent", refuse="nice starts the agent")

# --- generated: the same on every run
GENERATOR = random.Random(7)
# A second program named by a variable; the first one has run by then.
REFUSED = {"fuzz-exec-23": "names no program", "fuzz-exec-109": "names no program"}


def soup(atoms, least, most):
    count = GENERATOR.randint(least, most)
    return "".join(GENERATOR.choice(atoms) for _ in range(count))


def generated(name, count, make):
    for number in range(count):
        whole = f"{name}-{number}"
        refuse = {"refuse": REFUSED[whole]} if whole in REFUSED else {}
        case(whole, make(), **refuse)


ENV_ATOMS = ["A=", "B=", "C =", "x", "y z", " ", "\t", "\n", "\n", "\n", "\\", "\"", "'", "#", ";", "$A", "`", "\r\n", "=", "export ",
             "\\\n", "1", "\xc3\xa9", "\n  ", "D=\"", "\"\n", "E='", "'\n", "F=x\\"]
UNIT_ATOMS = ["A=", "B=", "x", "y", " ", " ", "  ", "\t", "\\", "\"", "'", "\"A=", "'B=", "\" ", "' ", "\\n", "\\x41", "\\101", "\\s", "\\\"",
              "%H", "%%", "%", "%p", "$A", ";", "#", "=", "1", "C=1 ", " D=2", "\\\n ", "\\\n# c\n"]
EXEC_ATOMS = ["a", "b", " ", " ", "  ", "\\", "\"", "'", "\" ", "' ", "\\n", "\\x41", "\\s", "\\\"", "$$", "$", "$A", "${A}", "${", "}", "${N}",
              "$N ", " $A ", " $B ", " ;", "\\;", " \\; ", "%p", "%%", "#", "=", "--x=", ":", "\\\n ", "\\\n; c\n"]
LINE_ATOMS = ["Environment=A=1", "Environment=B=2", "\n", "\n", "\n", "\\\n", " \\\n", "[Service]", "[X]", "# c", "; c", " ", "\r\n", "[", "]",
              "=", "Environment", "[Unit]\n", "[Service]\n", "EnvironmentFile=-/etc/x", "Environment=\n", "\xef\xbb\xbf"]

generated("fuzz-env", 110, lambda: {
    UNIT: "[Service]\nEnvironmentFile=/etc/agent.env\nEnvironment=Z=1\n" + EXEC, ENV: soup(ENV_ATOMS, 4, 22)})
generated("fuzz-unit", 90, lambda: {
    UNIT: "[Service]\nEnvironment=Z=1\nEnvironment=" + soup(UNIT_ATOMS, 3, 14) + "\nEnvironment=Y=1\n" + EXEC})
generated("fuzz-exec", 110, lambda: {
    UNIT: "[Service]\nType=oneshot\nEnvironment=\"A=one two\" 'B=q\\\"x y\\\" z'\nExecStart=/usr/bin/agent " + soup(EXEC_ATOMS, 3, 14) + "\n"})
generated("fuzz-line", 70, lambda: {UNIT: "[Service]\n" + EXEC + soup(LINE_ATOMS, 3, 16) + "\n"})


# --- generated: trees with units, aliases and drop-ins
DIRECTORIES = [ETC, RUN, LOCAL, LIB, "/etc/systemd/system.control/", "/run/systemd/transient/"]


def tree(pick):
    start = pick.choice(["agent", "my-agent", "my-own-agent", "agent@x", "my-agent@x-y", "my-own-agent@a", "al"])
    prefix, at, instance = start.partition("@")
    names = {prefix + ".service", prefix + "@.service", start + ".service", "al.service", "other.service", "al@.service",
             "al@x.service", "service"}
    parts = prefix.split("-")
    for count in range(1, len(parts)):
        part = "-".join(parts[:count]) + "-"
        names |= {part + ".service", part + "@.service", part + (f"@{instance}" if instance else "") + ".service"}
    names = sorted(names)
    files = {}
    base = (prefix + "@.service") if at and pick.random() < .8 else start + ".service"
    files[pick.choice(DIRECTORIES[:4]) + base] = "[Service]\nEnvironment=A=unit I=%i\n" + EXEC
    for _ in range(pick.randint(0, 2)):
        source = pick.choice(["al.service", "al@.service", "al@x.service", "other.service", start + ".service"])
        target = pick.choice([base, start + ".service", "other.service"])
        path = pick.choice(DIRECTORIES[:4]) + source
        if source != target:
            files.setdefault(path, "-> " + pick.choice(DIRECTORIES[:4]) + target)
    if pick.random() < .3:
        files.setdefault(pick.choice(DIRECTORIES[:4]) + base, "[Service]\nEnvironment=A=second I=%i\n" + EXEC)
    for number in range(pick.randint(1, 7)):
        path = pick.choice(DIRECTORIES) + pick.choice(names) + ".d/" + pick.choice(["a", "b", "c", "10", "9"]) + ".conf"
        files[path] = pick.choice([f"[Service]\nEnvironment=A={number} V{number}=1\n"] * 6 + ["", "-> /dev/null", "[Service]\nEnvironment=\n"])
    return files, start + ".service"


TREES = random.Random(11)
for each in range(170):
    made, started = tree(TREES)
    case(f"fuzz-tree-{each}", made, start=started)

# --- what others reported: docs/reports.md
unit("report-systemd-19014", 'Environment="FILTER=(uid=%s)"', refuse="%s")
unit("report-systemd-19014-doubled", 'Environment="FILTER=(uid=%%s)"')
case("report-systemd-4416", {UNIT: r"""[Service]
EnvironmentFile=/etc/agent.env
Environment= W='x y'
Environment= 'X=y z'
Type= oneshot
ExecStart= /usr/bin/agent .$A.$B.$W.$X.
ExecStart= /usr/bin/agent '.${A}.${B}.${W}.${X}.'
ExecStart= /usr/bin/agent '.$.$$.$$$.$$$$.'
""", ENV: "# 'A=b c'\n# B='d e'\nA=b c\nB='d e'\n"})
unit("report-systemd-36488", 'Environment=FOO=a\\\\b\\"c\nExecStart=/usr/bin/agent $FOO ${FOO}')
unit("report-systemd-36488-escaped", "Environment=FOO=a\\x5cb\\x22c\nExecStart=/usr/bin/agent $FOO ${FOO}")
unit("report-mise-12683", 'EnvironmentFile="-/etc/agent.env"', {ENV: "A=1\n"})
env_file("report-salmonbus-55", "KEY=ab+/=%cd\r\nDOLLAR=a$b${c}d\r\nQUOTED=\"a b\"\r\nLAST=x\r")
env_file("report-systemd-36435", "KEYMAP= u$ #k\nA=1 ; B=2\n")
env_file("report-systemd-17340", "SET=a-zA-Z0-9~!@#$%^&*()-_=+[]{};:,.<>?\nQUOTED='a-zA-Z0-9~!@#$%^&*()-_=+[]{};:,.<>?'\n")
