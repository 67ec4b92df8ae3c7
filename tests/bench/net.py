# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench's nodes: tests/lab's topology and roles, their costs, and the load generator.

Used by the measure_*.py files in the guest. client, lac, lns as in tests/lab; the stock servers
run on nodes of their own: Debian's pppoe-server on a LAC without ours, its xl2tpd on lns2. Every node has
/etc/ppp's scripts as Debian's ppp package brings them: they are part of what a call costs.
"""

import contextlib
import json
import os
import signal
import shutil
import time

import labnet
import roles
from waiting import await_condition

import account

LOAD = f"{labnet.REPO}/build/bench/vpdn-load"
STOCK = f"{labnet.REPO}/build/bench/stock"
LOGS = "/lab/log/bench"
SCRIPTS = ("ip-up", "ip-down", "ip-pre-up", "ipv6-up", "ipv6-down")
MAX_SESSIONS = 1300
POOL = {'first = "203.0.113.10"': 'first = "10.64.0.2"', 'last = "203.0.113.254"': 'last = "10.64.15.254"'}
# What is in the options of the templates, for the stock servers' pppd.
PPP_OPTIONS = "auth\nrequire-chap\nrequire-pap\nname {name}\nmtu 1492\nmru 1492\nlcp-echo-interval 30\nlcp-echo-failure 4\nnoccp\nnovj\n"
STOCK_XL2TPD = """[global]
port = 1701
access control = no
[lns default]
exclusive = no
ip range = 10.64.0.2-10.64.15.254
local ip = 203.0.113.1
name = LNS
pppoptfile = /etc/ppp/options.xl2tpd
"""


def scripts():
    """{path: text} of the scripts that Debian's ppp has in /etc/ppp."""
    found = {}
    for name in SCRIPTS:
        paths = [f"/etc/ppp/{name}"] + [f"/etc/ppp/{name}.d/{entry}" for entry in os.listdir(f"/etc/ppp/{name}.d")]
        for path in paths:
            with open(path, encoding="utf-8") as file:
                found[path] = file.read()
    return found


class Net:
    """A topology with daemons in groups; a context manager."""

    def __init__(self, bench, name):
        self.bench = bench
        self.name = name
        self.groups = {}
        self.lac = self.lns = None
        shutil.rmtree(f"{LOGS}/{name}", ignore_errors=True)
        texts = scripts()
        self.lab = labnet.Topology(f"{LOGS}/{name}")
        for node in self.lab.nodes.values():
            for path, text in texts.items():
                node.write(path, text, 0o755)
            for script in SCRIPTS:
                node.call(os.makedirs, f"/etc/ppp/{script}.d", 0o755, True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        problems = self.lab.stop()
        if kind or problems:
            self.lab.keep(f"/lab/results/{self.name}")
        self.bench.problems += [f"{self.name}: {problem}" for problem in problems]
        for group in self.groups.values():
            group.remove()

    def watch(self, name, *procs):
        """Count what these cost, as name."""
        group = self.groups[name] = account.Group(f"{self.name}-{name}")
        for proc in procs:
            group.take(proc.pid)
        return group

    def watch_role(self, where, role):
        for daemon in ("vpdnd", "xl2tpd", "template", "pppoe"):
            proc = getattr(role, daemon)
            if proc:
                self.watch(f"{where}-{daemon}", proc)

    def of(self, where):
        """The groups of a node."""
        return {name.removeprefix(f"{where}-"): group for name, group in self.groups.items() if name.startswith(where + "-")}

    # Servers

    def start_lns(self, options="", hello=60):
        """Ours, as configs/lns."""
        self.lns = roles.start_lns(self.lab, options=options, lab_options="",
                                   changes={**POOL, "idle-timeout = 10": f"idle-timeout = 10\n\thello = {hello}"})
        self.watch_role("lns", self.lns)

    def start_lac(self, idle=15, hello=60):
        """Ours, as configs/lac-pppoe."""
        self.lac = roles.start_lac(self.lab, lab_options="", changes={roles.IDLE_LAC: f"idle-timeout = {idle}"},
                                   settings=f"hello = {hello}",
                                   pppoe=f"-N {MAX_SESSIONS} -R 10.65.0.1")
        self.watch_role("lac", self.lac)

    def _use_stock(self, node, *programs):
        """In this node these programs are Debian's own."""
        for program in programs:
            copy = f"/run/stock-{program}"
            node.call(shutil.copy, f"{STOCK}/usr/sbin/{program}", copy)
            node.call(labnet.mount, copy, f"/usr/sbin/{program}", None, 4096)	# MS_BIND

    def start_stock_lns(self):
        """Debian's xl2tpd with its pppd, on lns2."""
        node = self.lab.lns2
        self._use_stock(node, "xl2tpd")
        node.write("/etc/xl2tpd/xl2tpd.conf", STOCK_XL2TPD)
        node.write("/etc/ppp/options.xl2tpd", PPP_OPTIONS.format(name="LNS"))
        node.write("/etc/ppp/chap-secrets", labnet.sample("lns/chap-secrets", {}))
        proc = node.spawn("xl2tpd", ["xl2tpd", "-D", "-c", "/etc/xl2tpd/xl2tpd.conf"])
        self.watch("stock-xl2tpd", proc)
        node.await_udp_port(1701)

    def start_stock_pppoe(self):
        """Debian's pppoe-server with its pppd and pppoe, on lac."""
        node = self.lab.lac
        self._use_stock(node, "pppoe-server", "pppoe")
        node.write("/etc/ppp/pppoe-server-options", PPP_OPTIONS.format(name="LAC"))
        node.write("/etc/ppp/chap-secrets", labnet.sample("lac-pppoe/chap-secrets", {}))
        argv = ["pppoe-server", "-F", "-I", "eth1", "-L", "198.51.100.1", "-R", "10.65.0.1", "-N", str(MAX_SESSIONS), "-C", "LAC"]
        self.watch("stock-pppoe", node.spawn("pppoe-server", argv))
        node.await_packet_socket()

    # Load

    def pppoe(self, user=roles.USER, password=roles.PASSWORD, **options):
        """Subscribers of the LAC; see Load."""
        return Load(self, self.lab.client, ["pppoe", "-i", "eth0", "--user", user], password, options)

    def l2tp(self, server, secret=roles.TUNNEL_SECRET, **options):
        """A LAC with subscribers, for the LNS of that address; see Load."""
        return Load(self, self.lab.lac, ["l2tp", "-l", self.lab.LAC, "-r", server, "--host", "LAC", "--user", roles.USER],
                    roles.PASSWORD, options, secret)


class Load:
    """A running vpdn-load with its calls up; a context manager that hangs them up.

    options: vpdn-load's, with _ for -; True for those without a value.
    """

    number = 0

    def __init__(self, net, node, argv, password, options, secret=None):
        Load.number += 1
        self.path = f"/run/load-{Load.number}.json"
        self.argv = [LOAD, *argv, "--hold", "-", "--ready", self.path]
        for name, value in options.items():
            if value is not False:
                self.argv += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        net.bench.command(self.argv)
        self.node = node
        self.limit = 30 + 2 * options.get("calls", 1)
        secrets = {"VPDN_LOAD_PASSWORD": password}
        if secret:
            secrets["VPDN_LOAD_SECRET"] = secret
        self.proc = node.spawn("vpdn-load", self.argv, env=secrets)
        self.report = None

    def up(self):
        """Wait until the calls are up or have failed; the report so far."""
        await_condition(lambda: self.node.exists(self.path) or not self.proc.running(),
                        lambda: f"the calls of {' '.join(self.argv)}:\n{self.proc.tail()}", self.limit)
        if not self.node.exists(self.path):
            raise AssertionError(f"{' '.join(self.argv)} ended with {self.proc.process.returncode}:\n{self.proc.tail()}")
        self.report = json.loads(self.node.read(self.path))
        return self.report

    def down(self):
        """Hang up; the whole report."""
        self.proc.send(signal.SIGTERM)
        self.proc.wait(self.limit)
        text = self.proc.text()
        self.report = json.loads(text[text.index("{"):])
        return self.report

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.proc.running():
            self.proc.stop(signal.SIGKILL)
        self.proc.stopped = True


@contextlib.contextmanager
def costs(groups):
    """{name: CPU seconds} of groups for what happens inside, when they are at rest again."""
    account.settle(groups.values())
    before = {name: group.cpu() for name, group in groups.items()}
    spent = {}
    yield spent
    account.settle(groups.values())
    spent.update((name, group.cpu() - before[name]) for name, group in groups.items())


def wait_idle(net, seconds):
    """For timers of the servers that have nothing to do with what is measured."""
    time.sleep(seconds)
    account.settle(net.groups.values())
