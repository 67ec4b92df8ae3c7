# SPDX-License-Identifier: GPL-2.0-or-later
"""AAA servers that the LAC asks: the sample HTTPS server of configs/aaa, with certificates made here.

Used by choice.py and test_aaa_http.py. The servers run on the node lns2, which no tunnel leads to.
"""

import json
import os
import re
import signal

import labnet
import leaks
from labnet import Topology
from waiting import await_condition

PORT = 8443
TOKEN = "bearer-token-of-the-lac"
DIR = "/etc/vpdn/aaa"           # each node has its own
URL = f"https://{Topology.LNS2}:{PORT}/"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def http_block(settings="", urls=(URL,), ca=f"{DIR}/server.pem"):
    """vpdn.conf's http block."""
    urls = ", ".join(f'"{url}"' for url in urls)
    return f'http {{\n\turl = {{ {urls} }}\n\tca-file = "{ca}"\n\tbearer-file = "{DIR}/token"\n\t{settings}\n}}\n'


def tunnel(endpoint, **more):
    """One tunnel of an answer, without tunnel authentication."""
    return {"server_endpoint": endpoint, "client_auth_id": "LAC", "authentication": False, **more}


def forward(*tunnels, **more):
    """An answer; its tunnels are closed as soon as they are empty, as in choice.group()."""
    return {"result": "forward", "tunnels": list(tunnels), "idle_timeout": 1, **more}


class HttpServer:
    """configs/aaa/aaa-server with a table that the test writes."""

    def __init__(self, lab, table):
        self.node = lab.lns2
        lab.secrets.add(TOKEN)
        self.node.call(os.makedirs, DIR, 0o755, True)
        self.node.run(["openssl", "req", "-x509", *CURVE, "-days", "2", "-subj", "/CN=aaa", "-addext",
                       f"subjectAltName=IP:{Topology.LNS2}", "-keyout", f"{DIR}/server.key", "-out", f"{DIR}/server.pem"])
        for node in (lab.lac, self.node):
            node.write(f"{DIR}/token", TOKEN + "\n")
        lab.lac.write(f"{DIR}/server.pem", self.node.read(f"{DIR}/server.pem"))
        self.answer(table)
        self.start()

    def answer(self, table):
        """What it answers from now on."""
        self.node.write(f"{DIR}/table.json", json.dumps(table))

    def start(self):
        self.proc = self.node.spawn("aaa-server", [
            "python3", os.path.join(labnet.REPO, "configs/aaa/aaa-server"), f"{DIR}/table.json", "--address", Topology.LNS2,
            "--port", str(PORT), "--certificate", f"{DIR}/server.pem", "--key", f"{DIR}/server.key", "--bearer-file", f"{DIR}/token"])
        self.proc.await_line(f"^port {PORT}")

    def asked(self):
        """How many questions it has answered."""
        return self.proc.count('"POST ')

    def freeze(self, frozen=True):
        self.proc.send(signal.SIGSTOP if frozen else signal.SIGCONT)

    def stop(self):
        self.freeze(False)
        self.proc.stop(signal.SIGKILL)


def connections(node):
    """TCP connections that processes of the node have to such servers: established, or closed by these."""
    return len(re.findall(rf"^ *\d+: \S+ [0-9A-F]{{8}}:{PORT:04X} 0[18] ", node.read("/proc/net/tcp"), re.M))


def await_same(lac, *before):
    """leaks.await_same() for a LAC that has asked: one connection may be kept for its further questions."""
    await_condition(lambda: connections(lac.node) <= 1, "one connection to an AAA server at most")
    kept = connections(lac.node)
    for count in before:
        if count.node is lac.node:
            count.held["descriptors"][lac.vpdnd.name]["socket"] += kept
    leaks.await_same(*before, timeout=30)
    for count in before:
        if count.node is lac.node:
            count.held["descriptors"][lac.vpdnd.name]["socket"] -= kept
