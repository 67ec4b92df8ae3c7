# SPDX-License-Identifier: GPL-2.0-or-later
"""A LAC whose choice of the tunnel is under test, and LNSs that say which of them it chose.

Used by test_select.py, test_balance.py and test_aaa_*.py through the fixture `choice`. LAC, pppoe-server, template and xl2tpd
are the real ones of the samples; the LNSs are peer.Lns, as many as a test wants, on one node. What is asserted is what these
were sent, and that `vpdnctl explain` had said so before.
"""

import dataclasses
import json
import re
import struct

import aaa
import leaks
import roles
from decode import Control
from labnet import Topology
from peer import Lns
from subscriber import Access

ADSL_FORUM = 3561               # vendor id of the TR-101 tag
CALLED_NUMBER, CALLING_NUMBER, PROXY_AUTH_NAME = 21, 22, 30     # RFC 2661 sections 4.4.4 and 4.4.5


def tr101(circuit="", remote=""):
    """The vendor tag by which an access node says which line it is (TR-101 section 3.9.2)."""
    return struct.pack("!I", ADSL_FORUM) + b"".join(
        struct.pack("!BB", kind, len(text)) + text.encode() for kind, text in ((1, circuit), (2, remote)) if text)


def group(name, request, *peers, settings=""):
    """A vpdn-group; peers are addresses, or (address, settings of its initiate-to)."""
    peers = [(peer, "") if isinstance(peer, str) else peer for peer in peers]
    return "".join([
        f"vpdn-group {name} {{\n\trequest-dialin {{ protocol = l2tp  {request} }}\n",
        *(f'\tinitiate-to "{address}" {{ {words} }}\n' for address, words in peers),
        f'\tlocal-name = "LAC"\n\tsource-ip = "{Topology.LAC}"\n\ttunnel-authentication = false\n',
        f"\tidle-timeout = 1\n\t{settings}\n}}\n"])


@dataclasses.dataclass
class Taken:
    """What a dial has led to: what explain had said, the LNS's address and what it was told; None when no LNS was."""
    subscriber: object
    foretold: dict
    lns: str | None = None
    icrq: Control | None = None
    iccn: Control | None = None

    def name(self):
        return self.iccn.value(PROXY_AUTH_NAME).decode()


class Choice:
    """The LAC, its LNSs by address, and the subscribers' end of the access network."""

    def __init__(self, lab, conf, lns, **lac):
        self.lab = lab
        self.lns = {}
        for address in lns:
            self.add_lns(address)
        self.lac = roles.start_lac(lab, conf=conf, **lac)
        self.access = Access(lab.client)
        self.before = leaks.count(lab.lac, self.lac.daemons())

    def add_lns(self, address, **options):
        """A further LNS on the node lns."""
        if address != Topology.LNS:
            self.lab.lns.ip(f"address add {address} peer {Topology.LAC} dev eth0")
            self.lab.lac.ip(f"route add {address} dev eth0 src {Topology.LAC}")
        self.lns[address] = Lns(self.lab.lns, address, Topology.LAC, **options)
        return self.lns[address]

    def reload(self, conf):
        """The LAC with another vpdn.conf, its sessions as they are."""
        self.lab.lac.write("/etc/vpdn/vpdn.conf", conf)
        self.lac.vpdnctl("reload")

    def explain(self, *words):
        return json.loads(self.lac.vpdnctl("--json", "explain", *words))

    def dial(self, user, circuit="", remote="", service="", **options):
        """Dial one subscriber until an LNS has its ICCN, or it is logged in or turned away by the LAC; returns a Taken.

        Before that, explain is asked about it, and must have told the truth.
        """
        tag = tr101(circuit, remote) if circuit or remote else None
        subscriber = self.access.add(user, roles.LOCAL_PASSWORD if user == roles.LOCAL_USER else roles.PASSWORD,
                                     vendor_tag=tag, service=service.encode(), **options)
        mac = ":".join(f"{octet:02x}" for octet in subscriber.mac)
        said = (("--line", "eth1"), ("--mac", mac), ("--circuit-id", circuit), ("--remote-id", remote), ("--service", service))
        foretold = self.explain(user, *(word for pair in said if pair[1] for word in pair))
        before = {address: len(lns.found("ICCN")) for address, lns in self.lns.items()}

        def chosen():
            return next((address for address, lns in self.lns.items() if len(lns.found("ICCN")) > before[address]), None)

        subscriber.dial()
        self.access.run(lambda: chosen() or subscriber.state in ("up", "closed"), f"an LNS chosen for {user}")
        address = chosen()
        if not address:
            assert foretold["outcome"] in (("local",) if subscriber.state == "up" else ("local", "reject")), foretold
            return Taken(subscriber, foretold)
        assert foretold["outcome"] == "forward" and address in [
            peer["ip"] for peer in foretold["peers"] if peer["order"] == 1], foretold
        iccn = self.lns[address].found("ICCN")[-1]
        icrq = self.lns[address].found("ICRQ")[-1]
        taken = Taken(subscriber, foretold, address, icrq, iccn)
        assert foretold["name_sent"] == re.sub(r'["\\]', lambda found: f"\\x{ord(found.group()):02x}", taken.name())
        return taken

    def hang_up(self, *taken):
        """End these, or all subscribers."""
        for subscriber in [t.subscriber for t in taken] or self.access.subscribers.values():
            if subscriber.session and subscriber.state != "closed":
                subscriber.hang_up()

    def assert_nothing_left(self):
        """Everybody hung up: the LAC holds what it held before the first call."""
        self.hang_up()
        aaa.await_same(self.lac, self.before)

    def close(self):
        self.access.close()
        for lns in self.lns.values():
            lns.close()
