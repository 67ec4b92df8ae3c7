# SPDX-License-Identifier: GPL-2.0-or-later
"""A LAC written for tests (RFC 2661): sends what ours would not, to see what our LNS makes of it.

Used by test_interop.py. A Peer owns one tunnel; its calls carry the PPP engine of
subscriber.py. As there, nothing happens outside run().
"""

import hashlib
import select
import socket
import struct
import time

import decode
from subscriber import CHAP, LCP, Subscriber, pack_options
from waiting import DEFAULT_TIMEOUT, Timeout

SCCRQ, SCCRP, SCCCN, ICRQ, ICRP, ICCN, CDN = 1, 2, 3, 10, 11, 12, 14
MANDATORY = 0x8000
TUNNEL_ID = 4242


def avp(kind, value, flags=MANDATORY, vendor=0):
    return struct.pack("!HHH", flags | (6 + len(value)), vendor, kind) + value


def u16(value):
    return struct.pack("!H", value)


class Peer:
    """One tunnel to the LNS, from the LAC's node."""

    def __init__(self, lab, name="LAC", secret=b"l2tptunnel"):
        self.udp = lab.lac.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((lab.LAC, decode.L2TP_PORT))
        self.udp.connect((lab.LNS, decode.L2TP_PORT))
        self.name, self.secret = name, secret
        self.tunnel = 0             # the LNS's id
        self.ns = self.nr = 0
        self.messages = []          # received control messages
        self.calls = {}

    def send(self, kind, *avps, session=0, acknowledge=None):
        """A control message; acknowledge overrides Nr."""
        body = avp(0, u16(kind)) + b"".join(avps)
        self.udp.send(struct.pack("!HHHHHH", 0xc802, 12 + len(body), self.tunnel, session, self.ns,
                                  self.nr if acknowledge is None else acknowledge) + body)
        self.ns = (self.ns + 1) & 0xffff

    def acknowledge(self):
        self.udp.send(struct.pack("!HHHHHH", 0xc802, 12, self.tunnel, 0, self.ns, self.nr))

    def send_data(self, session, frame):
        self.udp.send(struct.pack("!HHHH", 0x4002, 8 + len(frame), self.tunnel, session) + frame)

    def run(self, condition, what, timeout=DEFAULT_TIMEOUT):
        """Process what comes until condition() is true."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise Timeout(f"not within {timeout:g} s: {what}; received:\n" +
                              "\n".join(map(str, self.messages)))
            for ready in select.select([self.udp], [], [], 0.05)[0]:
                self.receive(ready.recv(4096))
            for call in self.calls.values():
                if call.deadline and time.monotonic() >= call.deadline:
                    call.expire()

    def receive(self, data):
        packet = decode.parse_l2tp(data, time.monotonic(), "lns", "lac")
        if isinstance(packet, decode.Control):
            if packet.message != "ZLB" and packet.ns == self.nr:
                self.nr = (self.nr + 1) & 0xffff
                self.messages.append(packet)
                if self.tunnel:
                    self.acknowledge()
            elif packet.message != "ZLB":
                self.acknowledge()
        elif packet is not None and packet.session in self.calls:
            self.calls[packet.session].receive_data(data, packet)

    def await_message(self, name, timeout=DEFAULT_TIMEOUT):
        """Wait for a control message; returns the first of that name."""
        self.run(lambda: any(m.message == name for m in self.messages), name, timeout)
        return next(m for m in self.messages if m.message == name)

    def open(self):
        """Bring the tunnel up, with the LNS's challenge answered."""
        self.send(SCCRQ, avp(2, b"\1\0"), avp(7, self.name.encode()), avp(3, struct.pack("!I", 3)),
                  avp(9, u16(TUNNEL_ID)), avp(10, u16(8)))
        answer = self.await_message("SCCRP")
        self.tunnel = int.from_bytes(answer.value(9), "big")
        response = hashlib.md5(bytes((SCCCN,)) + self.secret + answer.value(11)).digest()
        self.send(SCCCN, avp(13, response))

    def call(self, session, user, password, more=()):
        """Place a call up to the ICRP; returns its Call."""
        self.send(ICRQ, avp(14, u16(session)), avp(15, struct.pack("!I", session)), *more)
        self.run(lambda: any(m.session == session for m in self.messages), "ICRP or CDN")
        answer = next(m for m in self.messages if m.session == session)
        call = Call(self, session, user, password)
        self.calls[session] = call
        call.answer = answer
        call.peer_session = int.from_bytes(answer.value(14) or b"", "big")
        return call

    def close(self):
        self.udp.close()


class Call(Subscriber):
    """A call of a Peer: the subscriber behind the LAC, and what the LAC proxies for it."""

    def __init__(self, peer, number, user, password):
        super().__init__(None, number & 0xff, user, password)
        self.peer, self.number = peer, number
        self.answer, self.peer_session = None, 0
        self.framing = b"\xff\x03"  # address and control field of what we send
        self.auth_magic = b"\1\2\3\4"

    def connect(self, *avps):
        """Send the ICCN with these AVPs after the usual ones."""
        self.state = "lcp"
        self.peer.send(ICCN, avp(24, struct.pack("!I", 10_000_000)), avp(19, struct.pack("!I", 1)),
                       *avps, session=self.peer_session)

    def proxy_lcp(self, sent_more=(), received_more=(), flags=0):
        """AVPs 26-28 for a LAC that asked for CHAP-MD5; the subscriber then is authenticating."""
        received = pack_options([*self.lcp_wants, *received_more])
        sent = pack_options([(1, u16(1492)), (3, struct.pack("!HB", CHAP, 5)), (5, self.auth_magic),
                             *sent_more])
        return [avp(26, received, flags), avp(27, sent, flags), avp(28, received, flags)]

    def proxy_auth(self, flags=0):
        """AVPs 29-33: a CHAP response with id 77."""
        challenge = b"sixteen octets.."
        digest = hashlib.md5(bytes((77,)) + self.password.encode() + challenge).digest()
        return [avp(29, u16(2), flags), avp(30, self.user.encode(), flags), avp(31, challenge, flags),
                avp(32, u16(77), flags), avp(33, digest, flags)]

    def send_ppp(self, protocol, data, again=False):
        frame = self.framing + struct.pack("!H", protocol) + data
        self.log.append((time.monotonic(), "sent", decode.parse_ppp(
            frame, time.monotonic(), "lac", "lns", self.peer.tunnel, self.peer_session)))
        self.peer.send_data(self.peer_session, frame)
        if again:
            self.pending = lambda: self.send_ppp(protocol, data)
            self.deadline = time.monotonic() + self.restart

    def receive_data(self, data, packet):
        """A data message of the LNS."""
        self.log.append((time.monotonic(), "received", packet))
        frame = data[8 if data[0] & 0x40 else 6:]
        frame = frame[2:] if frame[:2] == b"\xff\x03" else frame
        self.receive_ppp(int.from_bytes(frame[:2], "big"), frame[2:])

    def await_up(self, what):
        self.peer.run(lambda: self.state == "up", what)

    def lns_negotiated(self):
        """Whether the LNS sent a LCP Configure-Request."""
        return bool(self.packets("received", "LCP", code="ConfReq"))
