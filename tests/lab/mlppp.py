# SPDX-License-Identifier: GPL-2.0-or-later
"""Multilink over VPDN: more links, a bundle of stock pppds on the client, what is measured.

Used by test_mlppp.py. The client has two access lines, eth0 and eth1, to one LAC or to one LAC
each. Its lines' MTU leaves room for L2TP, so that nothing has to be fragmented outside either.
"""

import hashlib
import os
import signal
import subprocess
import threading
import time
import types

import labnet
import leaks
import roles
from decode import Ppp
from waiting import DEFAULT_TIMEOUT, await_condition

MRRU = 3000
LARGE = 2900                    # octets of an IP packet that no link could carry whole
LINE_MTU = 1468                 # fragments fit into a core packet of 1500 octets, in both directions
LAC2 = "172.16.0.4"
CLIENT = ("multilink", "mrru", str(MRRU))
# The LAC asks for MRRU in the LNS's name, or does not know multilink.
LAC = f"multilink\nmrru {MRRU}\n"
LNS = f"multilink\nmrru {MRRU}\nmtu {MRRU}\n"
ENDPOINT = "endpoint local:4c.4e.53\n"


def veth(a, interface_a, b, interface_b):
    """A further link between two nodes, up."""
    subprocess.run(["ip", "link", "add", interface_a, "netns", str(a.tid), "type", "veth",
                    "peer", "name", interface_b, "netns", str(b.tid)], check=True)
    a.ip(f"link set {interface_a} up")
    b.ip(f"link set {interface_b} up")


def set_line_mtu(*ends):
    for node, interface in ends:
        node.ip(f"link set {interface} mtu {LINE_MTU}")


def count_again(net):
    """What the nodes hold now is what they must hold in the end."""
    net.before = tuple(leaks.count(role.node, role.daemons()) for role in (net.lac, net.lns))


def add_line(net):
    """The client's eth1, a second line to the same LAC."""
    client, lac = net.lab.client, net.lac.node
    veth(client, "eth1", lac, "eth3")
    set_line_mtu((client, "eth0"), (lac, "eth1"), (client, "eth1"), (lac, "eth3"))
    lac.write("/etc/vpdn/pppoe-server/eth3", labnet.sample("lac-pppoe/etc/vpdn/pppoe-server/eth1", {}))
    roles.start_unit(lac, "vpdn-pppoe-server@", "eth3")
    lac.await_packet_socket(2)
    count_again(net)
    return [(client, "eth0"), (client, "eth1")], [(lac, "eth1"), (lac, "eth3")]


def add_lac(net, options):
    """The client's eth1 leads to a LAC of its own, LAC2, that calls the same LNS."""
    lab = net.lab
    lac2 = labnet.Node("lac2", lab.log_dir)
    lab.nodes["lac2"] = lac2
    veth(lab.client, "eth1", lac2, "eth1")
    veth(lac2, "eth0", lab.lns, "eth1")
    lac2.ip("link set lo up", f"address add {LAC2} peer {lab.LNS} dev eth0")
    lab.lns.ip(f"address add {lab.LNS} peer {LAC2} dev eth1")
    set_line_mtu((lab.client, "eth0"), (lab.lac, "eth1"), (lab.client, "eth1"), (lac2, "eth1"))
    role = roles.start_lac(types.SimpleNamespace(lac=lac2, LAC=LAC2, LNS=lab.LNS),
                           changes={'local-name = "LAC"': 'local-name = "LAC2"'}, options=options)
    count_again(net)
    return role, [(lab.client, "eth0"), (lab.client, "eth1")], [(lab.lac, "eth1"), (lac2, "eth1")]


# What start_lns() needs to know of LAC2.
ACCEPT_LAC2 = {'terminate-from = { "LAC" }': 'terminate-from = { "LAC", "LAC2" }',
               f'source = {{ "{labnet.Topology.LAC}" }}': f'source = {{ "{labnet.Topology.LAC}", "{LAC2}" }}'}


def group_of_lac2(template):
    """A group of its own for LAC2, with that template, before the one of LAC."""
    return {"vpdn-group wholesale {": f"""vpdn-group second {{
	accept-dialin {{
		protocol = l2tp
		terminate-from = {{ "LAC2" }}
		ppp-template = "{template}"
	}}
	local-name = "LNS"
	tunnel-password = "{roles.TUNNEL_SECRET}"
	ip-pool {{ local = "{roles.POOL_LOCAL}" first = "203.0.113.200" last = "203.0.113.210" }}
}}

vpdn-group wholesale {{"""}


def bundles(net):
    return net.lns.show("ppp", "multilink")["bundles"]


def await_links(net, count, timeout=DEFAULT_TIMEOUT):
    """Wait until the LNS has one bundle with so many links; returns it."""
    def found():
        shown = bundles(net)
        return shown and len(shown) == 1 and len(shown[0]["members"]) == count and shown[0]
    return await_condition(found, lambda: f"one bundle of {count}, not {bundles(net)}", timeout)


def dial(net, interface="eth0", options=()):
    return roles.dial(net.lab, options=[*CLIENT, *options], interface=interface)


def dial_bundle(net, options=()):
    """Both lines, one after the other; returns the client's pppds and the LNS's bundle."""
    clients = []
    for number, interface in enumerate(("eth0", "eth1"), 1):
        clients.append(dial(net, interface, options))
        bundle = await_links(net, number)
        if number == 1:
            net.lab.client.ping(roles.POOL_LOCAL)
    clients[1].await_line("Link attached to ppp0")
    # rp-pppoe.so has limited the bundle to the MTU of its link.
    net.lab.client.ip(f"link set ppp0 mtu {LARGE}")
    return clients, bundle


def ip_fragments(node):
    """IP packets that the node has cut, or has put together."""
    names, values = (line.split() for line in node.read("/proc/net/snmp").splitlines()[:2])
    counters = dict(zip(names[1:], map(int, values[1:])))
    return counters["FragCreates"] + counters["ReasmReqds"]


def assert_large_packets(net):
    """Packets of LARGE octets go both ways, and IP cuts none, inside or outside the tunnel."""
    nodes = net.lab.client, net.lab.lns, net.lab.lac
    before = [ip_fragments(node) for node in nodes]
    for _ in range(5):
        net.lab.client.ping(roles.POOL_LOCAL, size=LARGE - 28)
    net.lab.lns.ping(roles.POOL_FIRST, size=LARGE - 28)
    assert [ip_fragments(node) for node in nodes] == before, "IP had to fragment"


def sent_octets(ends):
    return [int(node.read(f"/sys/class/net/{interface}/statistics/tx_bytes")) for node, interface in ends]


def shares(before, after):
    moved = [b - a for a, b in zip(before, after)]
    return [part / sum(moved) for part in moved]


def assert_even(ends, move):
    """While move() runs, each of the links' ends sends about half."""
    before = sent_octets(ends)
    move()
    parts = shares(before, sent_octets(ends))
    assert all(0.4 < part < 0.6 for part in parts), f"shares of the links: {parts}"


def upload(net, size):
    """TCP from the client to the LNS; returns seconds."""
    begun = time.monotonic()
    labnet.transfer(net.lab.client, net.lab.lns, roles.POOL_LOCAL, size)
    return time.monotonic() - begun


def download(net, size):
    begun = time.monotonic()
    labnet.transfer(net.lab.lns, net.lab.client, roles.POOL_FIRST, size)
    return time.monotonic() - begun


def queue(ends, *disciplines):
    """tc qdisc on each end; none removes it."""
    for (node, interface), discipline in zip(ends, disciplines or [None] * len(ends)):
        words = ["replace", "dev", interface, "root", *discipline.split()] if discipline else \
            ["del", "dev", interface, "root"]
        node.run(["tc", "qdisc", *words])


class Stream:
    """A TCP connection from client to LNS that goes on until it is ended; what arrives is checked."""

    STALL = 5.0                 # seconds without an octet that count as a stall

    def __init__(self, net, rate):
        """rate: octets a second, so that losses on a link do not need long to be repaired."""
        self.received, self.error, self.ended = 0, None, False
        self.rate = rate
        self.listener = net.lab.lns.socket()
        self.listener.bind((roles.POOL_LOCAL, 5002))
        self.listener.listen(1)
        self.sender = net.lab.client.socket()
        self.sender.settimeout(DEFAULT_TIMEOUT)
        self.sender.connect((roles.POOL_LOCAL, 5002))
        self.receiver, _ = self.listener.accept()
        self.receiver.settimeout(self.STALL)
        self.hashes = {"sent": hashlib.sha256(), "received": hashlib.sha256()}
        self.threads = [threading.Thread(target=self._run, args=(work,)) for work in (self._send, self._receive)]
        for thread in self.threads:
            thread.start()

    def _run(self, work):
        try:
            work()
        except OSError as error:
            self.error = self.error or f"{work.__name__}: {error or type(error).__name__}"

    def _send(self):
        while not self.ended:
            data = os.urandom(self.rate // 20)
            self.sender.sendall(data)
            self.hashes["sent"].update(data)
            time.sleep(0.05)
        self.sender.shutdown(1)

    def _receive(self):
        while chunk := self.receiver.recv(65536):
            self.hashes["received"].update(chunk)
            self.received += len(chunk)

    def await_progress(self, octets=200_000):
        """So much more arrives."""
        goal = self.received + octets
        await_condition(lambda: self.received >= goal or self.error, lambda: f"{goal} octets, not {self.received}")
        assert not self.error, self.error

    def finish(self):
        """End it; everything sent has arrived, and never came to a halt."""
        self.ended = True
        for thread in self.threads:
            thread.join()
        for end in (self.sender, self.receiver, self.listener):
            end.close()
        assert not self.error, self.error
        assert self.hashes["sent"].digest() == self.hashes["received"].digest()


def hang_up(client):
    """The client's link ends in good order; a pppd that owns the client's bundle stays."""
    client.send(signal.SIGHUP)


def stop_all(net, clients):
    """The client ends, and the LNS's bundle with it."""
    for client in clients:
        client.stop()
    await_condition(lambda: not bundles(net), lambda: f"no bundle, not {bundles(net)}")
    net.lab.lns.await_interfaces("^ppp", 0)


def lns_requests(net):
    """LCP Configure-Requests of the LNS."""
    return net.core.packets(Ppp, protocol="LCP", code="ConfReq", src=labnet.Topology.LNS)
