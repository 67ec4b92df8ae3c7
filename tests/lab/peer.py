# SPDX-License-Identifier: GPL-2.0-or-later
"""An L2TP peer of the tests' own (RFC 2661), LAC or LNS: says what ours would not, and sees what ours makes of it.

A Peer owns one tunnel, opened by it (open) or by the host under test (accept). Its calls are
Subscribers (subscriber.py) whose PPP frames go straight into L2TP: the peer negotiates nothing,
whatever its ICCN claims. As there, nothing happens outside run().
"""

import hashlib
import os
import select
import socket
import struct
import threading
import time

import decode
from subscriber import CHAP, PAP, Line, Subscriber, pack_options
from waiting import DEFAULT_TIMEOUT

NUMBERS = {name: number for number, name in decode.MESSAGES.items()}
SCCRQ, SCCRP, SCCCN, STOPCCN = (NUMBERS[name] for name in ("SCCRQ", "SCCRP", "SCCCN", "StopCCN"))
OCRQ, OCRP, OCCN, ICRQ, ICRP, ICCN, CDN, WEN, SLI = (NUMBERS[name] for name in (
    "OCRQ", "OCRP", "OCCN", "ICRQ", "ICRP", "ICCN", "CDN", "WEN", "SLI"))
MANDATORY = 0x8000
TUNNEL = 4242
SEQUENCED = 0x08                # in the first octet of a header: Ns and Nr are there


def avp(kind, value, flags=MANDATORY, vendor=0):
    return struct.pack("!HHH", flags | (6 + len(value)), vendor, kind) + value


def u16(value):
    return struct.pack("!H", value)


def u32(value):
    return struct.pack("!I", value)


def control(body, tunnel=0, session=0, ns=0, nr=0):
    return struct.pack("!HHHHHH", 0xc802, 12 + len(body), tunnel, session, ns, nr) + body


class Peer(Line):
    """One tunnel; control messages received are kept in messages. Nothing it sends is sent again."""

    def __init__(self, node, local, remote, name="LAC", secret=b""):
        """secret: of tunnel authentication, none when empty."""
        udp = node.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((local, decode.L2TP_PORT))
        super().__init__(node, [udp])
        self.ends = remote, local
        self.remote = remote, decode.L2TP_PORT
        self.name, self.secret = name, secret
        self.tunnel, self.number = 0, TUNNEL    # the other side's id, and ours
        self.ns = self.nr = 0
        self.messages = []
        self.sequenced = []                     # of each data message received: has it sequence numbers?

    # Control messages

    def say(self, kind, *avps, session=0, acknowledge=None):
        """Send a control message; acknowledge overrides Nr."""
        self.send(control(avp(0, u16(kind)) + b"".join(avps), self.tunnel, session, self.ns,
                          self.nr if acknowledge is None else acknowledge))
        self.ns = (self.ns + 1) & 0xffff

    def acknowledge(self):
        self.send(control(b"", self.tunnel, 0, self.ns, self.nr))

    def found(self, name, session=None):
        """Messages received so far of one name, of one of our sessions if given."""
        return [m for m in self.messages if m.message == name and session in (None, m.session)]

    def await_message(self, name, session=None, timeout=DEFAULT_TIMEOUT):
        """Wait for a control message; returns the first such."""
        self.run(lambda: self.found(name, session),
                 lambda: f"{name} for session {session}; received:\n" + "\n".join(map(str, self.messages)), timeout)
        return self.found(name, session)[0]

    def introduction(self):
        """AVPs of a SCCRQ or SCCRP."""
        return [avp(2, b"\1\0"), avp(7, self.name.encode()), avp(3, u32(3)), avp(4, u32(3)),
                avp(9, u16(self.number)), avp(10, u16(8))]

    def response(self, kind, challenge):
        """The Challenge Response AVP of a message of this kind (RFC 2661 5.1.1)."""
        return avp(13, hashlib.md5(bytes((kind,)) + self.secret + challenge).digest())

    def open(self):
        """Bring the tunnel up; a challenge is answered."""
        self.say(SCCRQ, *self.introduction())
        answer = self.await_message("SCCRP")
        self.tunnel = int.from_bytes(answer.value(9), "big")
        self.say(SCCCN, *([self.response(SCCCN, answer.value(11))] if self.secret else []))

    def accept(self):
        """Wait for the other side's SCCRQ and answer it, with a challenge of our own; returns the SCCRQ."""
        request = self.await_message("SCCRQ")
        self.tunnel = int.from_bytes(request.value(9), "big")
        self.say(SCCRP, *self.introduction(), *([self.response(SCCRP, request.value(11)), avp(11, os.urandom(16))]
                                                if self.secret else []))
        self.await_message("SCCCN")
        return request

    # Calls

    def call(self, user, password, more=(), **options):
        """Place an incoming call as a LAC, up to its ICRP or CDN; returns its Call."""
        number = len(self.subscribers) + 1
        self.say(ICRQ, avp(14, u16(number)), avp(15, u32(number)), *more)
        self.run(lambda: any(m.session == number for m in self.messages), "ICRP or CDN")
        answer = next(m for m in self.messages if m.session == number)
        return self.add(number, answer, user, password, **options)

    def add(self, number, request, user, password, **options):
        """The Call with our session id, whose other end request has assigned."""
        call = self.subscribers[number] = Call(self, number, request, user, password, **options)
        return call

    # The line that its subscribers are behind

    def send(self, packet):
        self.sockets[0].sendto(packet, self.remote)

    def parse(self, packet, time_):
        return decode.parse_l2tp(packet, time_, *self.ends)

    def deliver(self, packet):
        parsed = self.parse(packet, time.monotonic())
        if isinstance(parsed, decode.Ppp):
            self.sequenced.append(bool(packet[0] & SEQUENCED))
            if parsed.session in self.subscribers:
                self.subscribers[parsed.session].receive(packet)
        elif parsed is not None and parsed.message != "ZLB":
            if parsed.ns == self.nr:
                self.nr = (self.nr + 1) & 0xffff
                self.messages.append(parsed)
            if self.tunnel:
                self.acknowledge()

    @staticmethod
    def ppp(packet):
        """The frame in a data message without padding, its protocol field whole."""
        data = packet[6 + (2 if packet[0] & 0x40 else 0) + (4 if packet[0] & SEQUENCED else 0):].removeprefix(b"\xff\x03")
        return b"\0" + data if data and data[0] & 1 else data


class Lns(Peer):
    """An LNS that answers by itself, in a thread of its own: takes all tunnels and calls, but for what it is told to refuse.

    It has a call's subscriber told that its credentials are good, and goes no further.
    """

    def __init__(self, node, local, remote, tunnel=None, call=None, regret=None, **options):
        """tunnel, call: the result (RFC 2661 section 4.4.2) with which they are refused, as (result, error); None: taken.

        regret: "CDN" or "StopCCN", which ends a call straight after the ICRP.
        """
        super().__init__(node, local, remote, name="LNS", **options)
        self.refuse_tunnel, self.refuse_call, self.regret = tunnel, call, regret
        self.answers = {"SCCRQ": self.answer_tunnel, "ICRQ": self.answer_call, "ICCN": self.welcome}
        self.tunnels = {}               # {our id: (the other side's, Ns, Nr, where it is)}
        self.sessions = {}              # {our id: (tunnel and session id of the other side)}
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.closing.is_set():
            if select.select(self.sockets, (), (), 0.1)[0]:
                packet, sender = self.sockets[0].recvfrom(2048)
                parsed = self.parse(packet, time.monotonic())
                if isinstance(parsed, decode.Control):
                    self.take(parsed, packet, sender)

    def close(self):
        self.closing.set()
        self.thread.join()
        super().close()

    def take(self, parsed, packet, sender):
        """Answer a message of any tunnel; the first ones do not bear our id yet."""
        if parsed.tunnel:
            self.number = parsed.tunnel
        else:
            theirs = int.from_bytes(parsed.value(9), "big")
            self.number = next((ours for ours, (tunnel, _, _, where) in self.tunnels.items()
                                if (tunnel, where) == (theirs, sender)), TUNNEL + len(self.tunnels))
            self.tunnels.setdefault(self.number, (theirs, 0, 0, sender))
        self.tunnel, self.ns, self.nr, self.remote = self.tunnels[self.number]
        known = len(self.messages)
        self.deliver(packet)
        for message in self.messages[known:]:
            if message.message in self.answers:
                self.answers[message.message](message)
        self.tunnels[self.number] = self.tunnel, self.ns, self.nr, self.remote

    @staticmethod
    def result(refused):
        """The Result Code AVP of a StopCCN or CDN."""
        return avp(1, b"".join(map(u16, refused)))

    def answer_tunnel(self, request):
        if self.refuse_tunnel:
            self.say(STOPCCN, avp(9, u16(self.number)), self.result(self.refuse_tunnel))
            return
        self.say(SCCRP, *self.introduction(), *([self.response(SCCRP, request.value(11)), avp(11, os.urandom(16))]
                                                if self.secret else []))

    def answer_call(self, request):
        session, theirs = len(self.sessions) + 1, int.from_bytes(request.value(14), "big")
        self.sessions[session] = self.tunnel, theirs
        if self.refuse_call:
            self.say(CDN, self.result(self.refuse_call), avp(14, u16(session)), session=theirs)
        else:
            self.say(ICRP, avp(14, u16(session)), session=theirs)
        if self.regret == "CDN":
            self.say(CDN, self.result((4, 0)), avp(14, u16(session)), session=theirs)
        elif self.regret == "StopCCN":
            self.say(STOPCCN, avp(9, u16(self.number)), self.result((6, 0)))

    def welcome(self, message):
        """The CHAP Success or PAP Authenticate-Ack that the proxied credentials are worth."""
        text = b"welcome"
        protocol, code, body = (PAP, 2, bytes((len(text),)) + text) if message.value(29) == u16(3) else (CHAP, 3, text)
        frame = b"\xff\x03" + u16(protocol) + bytes((code, message.value(32)[1])) + u16(4 + len(body)) + body
        self.send(struct.pack("!HHHH", 0x4002, 8 + len(frame), *self.sessions[message.session]) + frame)


class Call(Subscriber):
    """A call of a Peer: the subscriber behind it, and what a LAC would proxy for it."""

    def __init__(self, peer, number, answer, user, password, **options):
        super().__init__(peer, number, user, password, **options)
        self.answer = answer            # ICRP, CDN or OCRQ
        self.session = number
        self.peer_session = int.from_bytes(answer.value(14) or b"", "big")
        self.framing = b"\xff\x03"      # address and control field of what we send
        self.data_ns = None             # of the next data message; None: without sequence numbers

    def say(self, kind, *avps):
        """A control message of this call."""
        self.access.say(kind, *avps, session=self.peer_session)

    def connect(self, *avps, state="lcp"):
        """Send the ICCN with these AVPs after the usual ones. state: where the subscriber's PPP is."""
        self.state = state
        self.say(ICCN, avp(24, u32(10_000_000)), avp(19, u32(1)), *avps)

    def proxy_lcp(self, sent_more=(), received_more=(), flags=0):
        """AVPs 26-28 of a LAC that asked for CHAP-MD5, which makes the subscriber one that authenticates."""
        received = pack_options([*self.lcp_wants, *received_more])
        sent = pack_options([(1, u16(1492)), (3, struct.pack("!HB", CHAP, 5)), (5, b"\1\2\3\4"), *sent_more])
        return [avp(26, received, flags), avp(27, sent, flags), avp(28, received, flags)]

    def proxy_auth(self, flags=0):
        """AVPs 29-33: a CHAP response with id 77."""
        challenge = b"sixteen octets.."
        digest = hashlib.md5(bytes((77,)) + self.password.encode() + challenge).digest()
        return [avp(29, u16(2), flags), avp(30, self.user.encode(), flags), avp(31, challenge, flags),
                avp(32, u16(77), flags), avp(33, digest, flags)]

    def send_ppp(self, protocol, data, again=False):
        frame = self.framing + struct.pack("!H", protocol) + data
        flags, numbers = 0x4002, b""
        if self.data_ns is not None:
            flags, numbers = flags | SEQUENCED << 8, struct.pack("!HH", self.data_ns, 0)
            self.data_ns += 1
        self.transmit(struct.pack("!HHHH", flags, 8 + len(numbers) + len(frame), self.access.tunnel, self.peer_session) +
                      numbers + frame, again)

    def await_up(self, what):
        self.access.run(lambda: self.state == "up", what)

    def negotiated(self):
        """Whether the other side sent a LCP Configure-Request."""
        return bool(self.packets("received", "LCP", code="ConfReq"))
