# SPDX-License-Identifier: GPL-2.0-or-later
"""LAC, LNS and subscribers made of the samples in configs/ and the installed units.

Used by the tests, shell.py and demo.py. A role's files are the samples with names and
addresses replaced, its daemons are started with the command lines of their
systemd units: what is tested is what users copy and run.
"""

import json
import os
import re
import shlex

import labnet
from waiting import await_condition

USER, PASSWORD = "alice@example.com", "alices-password"
LOCAL_USER, LOCAL_PASSWORD = "bob", "bobs-password"
TUNNEL_SECRET = "l2tptunnel"
SECRETS = {PASSWORD, LOCAL_PASSWORD, TUNNEL_SECRET}
# Addresses that the samples give: the LNS's pool and the LAC's local users.
POOL_LOCAL, POOL_FIRST = "203.0.113.1", "203.0.113.10"
LAC_LOCAL = "198.51.100.1"
IDLE_LAC, IDLE_LNS = "idle-timeout = 15", "idle-timeout = 10"
# The samples' addresses of the two ends, replaced by the lab's.
SAMPLE_LAC, SAMPLE_LNS = "192.0.2.1", "192.0.2.2"
UNITS = "/lib/systemd/system"
# pppd is 2.5.2, Debian 13's, at all nodes.
PPP252 = os.environ.get("VPDN_LAB_VARIANT") == "ppp252"
# What tests want of every template: short waits, and a log that tells.
LAB_OPTIONS = "lcp-restart 1\ndebug\n"


def unit_command(node, unit, instance=""):
    """(program and arguments, readiness is notified) of an installed unit."""
    with open(f"{UNITS}/{unit}.service", encoding="utf-8") as file:
        text = re.sub("%[iI]", instance, file.read())
    words = shlex.split(re.search("^ExecStart=(.*)$", text, re.M).group(1))
    for path in re.findall("^EnvironmentFile=(.*)$", text, re.M):
        for name, value in re.findall(r'^(\w+)="?(.*?)"?$', node.read(path), re.M):
            place = f"${name}"
            if place in words:
                index = words.index(place)
                words[index:index + 1] = shlex.split(value)
    return words, "Type=notify" in text


def start_unit(node, unit, instance=""):
    """Start a daemon as its unit says."""
    words, notify = unit_command(node, unit, instance)
    return node.spawn("-".join(filter(None, (unit.rstrip("@"), instance))), words, notify=notify)


class Role:
    """The daemons of one node."""

    def __init__(self, node):
        self.node = node
        self.vpdnd = self.xl2tpd = self.template = self.pppoe = self.dialer = None

    def daemons(self):
        return [d for d in (self.vpdnd, self.xl2tpd, self.template, self.pppoe, self.dialer) if d]

    def show(self, *what):
        """vpdnctl's JSON."""
        return json.loads(self.node.run(["vpdnctl", "--json", "show", *what]))

    def vpdnctl(self, *words, check=True):
        return self.node.run(["vpdnctl", *words], check=check)

    def log(self):
        """All that this role's daemons have said."""
        return "\n".join([self.node.syslog.text()] + [daemon.text() for daemon in self.daemons()])

    def await_log(self, pattern, timeout=20):
        """Wait for a line in any of the role's logs; returns the line."""
        regex = re.compile(f"^.*(?:{pattern}).*$", re.M | re.I)
        return await_condition(lambda: regex.search(self.log()),
                               lambda: f"/{pattern}/ in the logs of {self.node.name}:\n{self.log()}",
                               timeout).group(0)

    def start_vpdnd(self):
        self.vpdnd = start_unit(self.node, "vpdnd")

    def start_xl2tpd(self):
        self.xl2tpd = self.node.spawn("xl2tpd", ["xl2tpd", "-D"])
        self.node.await_udp_port(1701)
        self.vpdnd.await_line("xl2tpd is connected")

    def start_dialer(self):
        self.dialer = start_unit(self.node, "vpdn-dialer")
        self.vpdnd.await_line("vpdn-dialer is connected")

    def start_template(self, name):
        self.template = start_unit(self.node, "vpdn-ppp@", name)


def replaced(text, changes):
    """text with each of the changes made; every one must apply."""
    for old, new in changes.items():
        assert old in text, f"{old!r} is not in the sample"
        text = text.replace(old, new)
    return text


def start_lac(lab, changes=None, options="", settings="", extra="", template=None, conf=None, pppoe="",
              lab_options=LAB_OPTIONS):
    """The LAC of configs/lac-pppoe.

    changes: further replacements in vpdn.conf; settings: lines added to its group;
    extra: text added to its end; options: further pppd options of the template;
    template: replacements in its file; conf: another vpdn.conf, whole, in place of the sample's;
    pppoe: further options of pppoe-server.
    """
    node, role = lab.lac, Role(lab.lac)
    if conf is None:
        conf = labnet.sample("lac-pppoe/etc/vpdn/vpdn.conf",
                             {SAMPLE_LNS: lab.LNS, f'"{SAMPLE_LAC}"': f'"{lab.LAC}"'})
        conf = replaced(conf, changes or {}).rstrip().removesuffix("}")
        conf = f"{conf}\t{settings}\n}}\n{extra}"
    node.write("/etc/vpdn/vpdn.conf", conf)
    node.write("/etc/ppp/vpdn/access", labnet.sample("lac-pppoe/etc/ppp/vpdn/access", template or {}) +
               lab_options + options)
    node.write("/etc/vpdn/pppoe-server/eth1",
               labnet.sample("lac-pppoe/etc/vpdn/pppoe-server/eth1", {'-C LAC"': f'-C LAC {pppoe}"'}))
    node.write("/etc/xl2tpd/xl2tpd.conf", labnet.sample("lac-pppoe/etc/xl2tpd/xl2tpd.conf", {}))
    node.write("/etc/ppp/chap-secrets", labnet.sample("lac-pppoe/chap-secrets", {}))
    node.write("/etc/ppp/pap-secrets", labnet.sample("lac-pppoe/chap-secrets", {}))
    role.start_vpdnd()
    role.start_xl2tpd()
    role.start_template("access")
    role.pppoe = start_unit(node, "vpdn-pppoe-server@", "eth1")
    node.await_packet_socket()
    # The last that it opens is the pipe by which it hears of signals.
    await_condition(lambda: role.pppoe.descriptors().get("pipe"), "pppoe-server to be ready")
    return role


def start_tty_lac(lab):
    """The LAC of configs/lac-tty; its pppd is started by the test, for each call."""
    node, role = lab.lac, Role(lab.lac)
    node.write("/etc/vpdn/vpdn.conf", labnet.sample(
        "lac-tty/etc/vpdn/vpdn.conf", {SAMPLE_LNS: lab.LNS, f'"{SAMPLE_LAC}"': f'"{lab.LAC}"'}))
    node.write("/etc/xl2tpd/xl2tpd.conf", labnet.sample("lac-tty/etc/xl2tpd/xl2tpd.conf", {}))
    node.write("/etc/ppp/peers/vpdn-tty", labnet.sample("lac-tty/etc/ppp/peers/vpdn-tty", {}))
    node.write("/etc/ppp/chap-secrets", labnet.sample("lac-tty/chap-secrets", {}))
    role.start_vpdnd()
    role.start_xl2tpd()
    return role


def start_lns(lab, node=None, changes=None, options="", secrets="", template=None, lab_options=LAB_OPTIONS):
    """The LNS of configs/lns on a node (lns unless said otherwise); see start_lac()."""
    node = node or lab.lns
    role = Role(node)
    conf = labnet.sample("lns/etc/vpdn/vpdn.conf", {SAMPLE_LAC: lab.LAC})
    node.write("/etc/vpdn/vpdn.conf", replaced(conf, changes or {}))
    node.write("/etc/ppp/vpdn/corp",
               labnet.sample("lns/etc/ppp/vpdn/corp", template or {}) + lab_options + options)
    node.write("/etc/xl2tpd/xl2tpd.conf", labnet.sample("lns/etc/xl2tpd/xl2tpd.conf", {}))
    for kind in ("chap", "pap"):
        node.write(f"/etc/ppp/{kind}-secrets", labnet.sample("lns/chap-secrets", {}) + secrets)
    role.start_vpdnd()
    role.start_xl2tpd()
    role.start_template("corp")
    return role


def dial(lab, user=USER, password=PASSWORD, options=(), interface="eth0"):
    """A subscriber: stock pppd over the kernel's PPPoE."""
    line = f'"{user}" * "{password}" *\n'
    for kind in ("chap", "pap"):
        if line not in lab.client.read(f"/etc/ppp/{kind}-secrets"):
            lab.client.append(f"/etc/ppp/{kind}-secrets", line)
    return lab.client.spawn("pppd", [
        "pppd", "plugin", "rp-pppoe.so", f"nic-{interface}", "nodetach", "user", user, "noauth",
        "noipdefault", "noccp", "novj", "debug", "lcp-restart", "1", *options])


def await_refusal(client, timeout=40):
    """Wait until a dialling pppd was refused and has left.

    Its exit status does not tell: a PADT may come before it has looked at the Failure.
    """
    client.await_line("(CHAP|PAP) authentication failed", timeout)
    assert client.wait() != 0
