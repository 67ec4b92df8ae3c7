# SPDX-License-Identifier: GPL-2.0-or-later
"""A LAC of its own (RFC 2661), whose ICCN says what no LAC of ours would.

Used by tests of the LNS. Lac opens one tunnel, without authentication; each call is a
Subscriber (subscriber.py) whose PPP frames go straight into L2TP: the LAC has negotiated
nothing with it, whatever the ICCN claims.
"""

import socket
import struct

import decode
from subscriber import LCP, Line, Subscriber
from waiting import DEFAULT_TIMEOUT

SCCRQ, SCCCN, ICRQ, ICCN = 1, 3, 10, 12
MANDATORY = 0x8000
TUNNEL = 77


def avp(kind, value, flags=MANDATORY, vendor=0):
    return struct.pack("!HHH", flags | (6 + len(value)), vendor, kind) + value


def u16(value):
    return struct.pack("!H", value)


def control(body, tunnel=0, session=0, ns=0, nr=0):
    return struct.pack("!HHHHHH", 0xc802, 12 + len(body), tunnel, session, ns, nr) + body


class Lac(Line):
    """A tunnel to an LNS; control messages received are kept in messages."""

    def __init__(self, node, local, remote):
        udp = node.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((local, decode.L2TP_PORT))
        udp.connect((remote, decode.L2TP_PORT))
        super().__init__(node, [udp])
        self.ends = remote, local
        self.peer_tunnel = self.ns = self.nr = 0
        self.messages = []
        self.say(SCCRQ, avp(2, b"\1\0"), avp(7, b"LAC"), avp(3, struct.pack("!I", 3)), avp(9, u16(TUNNEL)),
                 avp(10, u16(4)))
        self.peer_tunnel = int.from_bytes(self.await_message("SCCRP").value(9), "big")
        self.say(SCCCN)

    def say(self, kind, *avps, session=0):
        """Send a control message; it is not sent again."""
        self.send(control(avp(0, u16(kind)) + b"".join(avps), self.peer_tunnel, session, self.ns, self.nr))
        self.ns += 1

    def await_message(self, name, session=0, timeout=DEFAULT_TIMEOUT):
        """Wait for a control message to one of our sessions (0: the tunnel); returns it."""
        def found():
            return [m for m in self.messages if (m.message, m.session) == (name, session)]
        self.run(found, f"{name} for session {session}", timeout)
        return found()[0]

    def call(self, user, password, proxy=(), state="lcp", **options):
        """A connected call. proxy: [(AVP, value)] of the ICCN; state: where its PPP begins."""
        number = len(self.subscribers) + 1
        self.say(ICRQ, avp(14, u16(number)), avp(15, struct.pack("!I", number)))
        peer = int.from_bytes(self.await_message("ICRP", number).value(14), "big")
        call = self.subscribers[number] = Call(self, number, peer, user, password, state, **options)
        self.say(ICCN, avp(24, struct.pack("!I", 100_000_000)), avp(19, struct.pack("!I", 1)),
                 *(avp(kind, value, 0) for kind, value in proxy), session=peer)
        if state == "lcp":
            call.request(LCP)
        return call

    def send(self, packet):
        self.sockets[0].send(packet)

    def parse(self, packet, time):
        return decode.parse_l2tp(packet, time, *self.ends)

    def deliver(self, packet):
        parsed = self.parse(packet, 0)
        if isinstance(parsed, decode.Ppp):
            if parsed.session in self.subscribers:
                self.subscribers[parsed.session].receive(packet)
        elif parsed.message != "ZLB":
            if parsed.ns == self.nr:
                self.nr += 1
                self.messages.append(parsed)
            self.send(control(b"", self.peer_tunnel, 0, self.ns, self.nr))

    @staticmethod
    def ppp(packet):
        """The frame in a data message without sequence numbers and padding."""
        data = packet[8 if packet[0] & 0x40 else 6:]
        return data.removeprefix(b"\xff\x03")


class Call(Subscriber):
    """A subscriber behind a Lac."""

    def __init__(self, lac, number, peer, user, password, state, **options):
        super().__init__(lac, number, user, password, **options)
        self.session, self.peer, self.state = number, peer, state

    def send_ppp(self, protocol, data, again=False):
        self.transmit(struct.pack("!HHHHH", 2, self.access.peer_tunnel, self.peer, 0xff03, protocol) + data, again)
