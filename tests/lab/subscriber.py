# SPDX-License-Identifier: GPL-2.0-or-later
"""PPPoE subscribers with a PPP engine of their own (RFC 2516, 1661, 1334, 1994, 1332).

Used by tests that need what pppd cannot do: a ConfReq in the same instant as the
PADS, a hundred subscribers in one process, odd or malformed packets, and a record of
every packet with its time. All subscribers of an Access share one packet socket; nothing
happens outside Access.run(), which processes frames and timers until a condition
is true.
"""

import hashlib
import os
import select
import socket
import struct
import time

import decode
from labnet import checksum
from waiting import DEFAULT_TIMEOUT, Timeout

BROADCAST = b"\xff" * 6
PADI, PADO, PADR, PADS, PADT = 0x09, 0x07, 0x19, 0x65, 0xa7
TAG_SERVICE, TAG_AC_NAME, TAG_HOST_UNIQ, TAG_COOKIE, TAG_VENDOR = 0x101, 0x102, 0x103, 0x104, 0x105
TAG_ERRORS = (0x201, 0x202, 0x203)
LCP, PAP, CHAP, IPCP, IP = 0xc021, 0xc023, 0xc223, 0x8021, 0x0021
CONF_REQ, CONF_ACK, CONF_NAK, CONF_REJ, TERM_REQ, TERM_ACK = 1, 2, 3, 4, 5, 6
PROT_REJ, ECHO_REQ, ECHO_REP = 8, 9, 10
MRU, AUTH, MAGIC = 1, 3, 5
AUTH_OPTION = {"chap": struct.pack("!HB", CHAP, 5), "pap": struct.pack("!H", PAP)}


def tag(kind, value):
    return struct.pack("!HH", kind, len(value)) + value


def options_of(data):
    """[(type, value)] of Configure packets."""
    found = []
    while len(data) >= 2 and 2 <= data[1] <= len(data):
        found.append((data[0], data[2:data[1]]))
        data = data[data[1]:]
    return found


def pack_options(options):
    return b"".join(bytes((kind, len(value) + 2)) + value for kind, value in options)


class Line:
    """What subscribers are behind: sockets, and whom a packet is for.

    A kind of line has deliver(packet), parse(packet, time) and ppp(packet), which gives
    the PPP frame in it, and can send(packet).
    """

    def __init__(self, node, sockets):
        self.log_path = os.path.join(node.log_dir, "subscribers.txt")
        self.sockets = sockets
        self.subscribers = {}

    def run(self, condition, what, timeout=DEFAULT_TIMEOUT):
        """Process frames and timers until condition() is true."""
        deadline = time.monotonic() + timeout
        while not condition():
            now = time.monotonic()
            if now > deadline:
                self.write_log()
                raise Timeout(f"not within {timeout:g} s: {what() if callable(what) else what}; subscribers:\n" + "\n".join(
                    map(str, self.subscribers.values())))
            timers = [s.deadline for s in self.subscribers.values() if s.deadline]
            wait = max(0.0, min([deadline, *timers]) - now)
            # The first socket's frames first: a session's frame is never older than its PADS.
            for ready in select.select(self.sockets, (), (), min(wait, 0.1))[0][:1]:
                self.deliver(ready.recv(2048))
            now = time.monotonic()
            for subscriber in self.subscribers.values():
                if subscriber.deadline and now >= subscriber.deadline:
                    subscriber.expire()

    def run_for(self, seconds):
        """Process frames for a while, to see what does not come."""
        end = time.monotonic() + seconds
        self.run(lambda: time.monotonic() >= end, "the end", seconds + 5)

    def write_log(self):
        """Leave what every subscriber sent and received in the node's log directory."""
        with open(self.log_path, "w", encoding="utf-8") as out:
            for subscriber in self.subscribers.values():
                out.write(f"{subscriber}\n" + "".join(
                    f"  {when:.4f} {way:8} {packet}\n" for when, way, packet in subscriber.log))

    def close(self):
        for raw in self.sockets:
            raw.close()


class Access(Line):
    """PPPoE: a packet socket of an interface."""

    def __init__(self, node, interface="eth0"):
        # ETH_P_ALL would also bring what we send.
        sockets = []
        for kind in (decode.ETH_PPPOE_DISCOVERY, decode.ETH_PPPOE_SESSION):
            raw = node.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            node.call(raw.bind, (interface, kind))
            sockets.append(raw)
        super().__init__(node, sockets)

    def add(self, *arguments, kind=None, **options):
        """A new Subscriber, or one of a kind of its own, with the next MAC address."""
        subscriber = (kind or Subscriber)(self, len(self.subscribers) + 1, *arguments, **options)
        self.subscribers[subscriber.mac] = subscriber
        return subscriber

    def send(self, frame):
        self.sockets[0].send(frame)

    def deliver(self, frame):
        if frame[:6] in self.subscribers:
            self.subscribers[frame[:6]].receive(frame)

    parse = staticmethod(decode.parse_frame)

    @staticmethod
    def ppp(frame):
        return frame[20:20 + struct.unpack("!H", frame[18:20])[0]]


class Subscriber:
    """One PPPoE client. states: idle, discovery, lcp, auth, ipcp, up, closed."""

    def __init__(self, access, number, user, password, auth="chap", mru=1492, restart=3.0,
                 vendor_tag=None, service=b"", conf_req=True):
        """conf_req: send a Configure-Request in the same instant as the PADS comes."""
        self.access, self.user, self.password = access, user, password
        self.auth, self.restart, self.service, self.vendor_tag = auth, restart, service, vendor_tag
        self.conf_req = conf_req
        self.mac = b"\x02\x00\x00\x00" + struct.pack("!H", 0x200 + number)
        self.server = BROADCAST
        self.session = 0
        self.state = "idle"
        self.error = None           # text of an error tag, an authentication failure
        self.address = None
        self.magic = os.urandom(4)
        self.lcp_wants = [(MRU, struct.pack("!H", mru)), (MAGIC, self.magic)]
        self.ipcp_wants = [(3, bytes(4))]
        self.acked = set()          # {(protocol, "us" or "them")}
        self.identifier = 0         # of our last Configure-Request
        self.rejects = 0            # of our last Protocol-Reject
        self.retransmissions = 0
        self.pending = None         # resend the last packet that awaits an answer
        self.deadline = None
        self.log = []               # (time, "sent" or "received", Packet)
        self.up_time = None
        self.replies = set()

    def __str__(self):
        return f"{decode.mac_text(self.mac)} {self.user} {self.state} " \
            f"session={self.session} retransmissions={self.retransmissions} error={self.error}"

    # Sending

    def transmit(self, packet, again=False):
        """Send a packet; with again, until it is answered()."""
        self.log.append((time.monotonic(), "sent", self.access.parse(packet, time.monotonic())))
        self.access.send(packet)
        if again:
            self.pending = lambda: self.transmit(packet)
            self.deadline = time.monotonic() + self.restart

    def ethernet(self, kind, body):
        return self.server + self.mac + struct.pack("!H", kind) + body

    def answered(self):
        self.pending = self.deadline = None

    def expire(self):
        """The restart timer."""
        self.deadline = time.monotonic() + self.restart
        if self.pending:
            self.retransmissions += 1
            self.pending()

    def send_discovery(self, code, tags=b"", again=False):
        self.transmit(self.ethernet(decode.ETH_PPPOE_DISCOVERY, struct.pack(
            "!BBHH", 0x11, code, self.session, len(tags)) + tags), again)

    def send_ppp(self, protocol, data, again=False):
        body = struct.pack("!H", protocol) + data
        self.transmit(self.ethernet(decode.ETH_PPPOE_SESSION, struct.pack(
            "!BBHH", 0x11, 0, self.session, len(body)) + body), again)

    def send_code(self, protocol, code, identifier, data=b"", again=False):
        self.send_ppp(protocol, struct.pack("!BBH", code, identifier, len(data) + 4) + data, again)

    def request(self, protocol):
        """Send our Configure-Request."""
        self.identifier = (self.identifier + 1) & 0xff
        wants = self.lcp_wants if protocol == LCP else self.ipcp_wants
        self.send_code(protocol, CONF_REQ, self.identifier, pack_options(wants), again=True)

    # The subscriber's doings

    def dial(self):
        """Send the PADI."""
        self.state = "discovery"
        self.send_discovery(PADI, self.discovery_tags(), again=True)

    def discovery_tags(self):
        tags = tag(TAG_SERVICE, self.service) + tag(TAG_HOST_UNIQ, self.mac)
        return tags + (tag(TAG_VENDOR, self.vendor_tag) if self.vendor_tag else b"")

    def hang_up(self, padt=True):
        """End the session: a PADT, or an LCP Terminate-Request."""
        if padt:
            self.send_discovery(PADT)
            self.close("hung up")
        else:
            self.send_code(LCP, TERM_REQ, 0x77, b"bye", again=True)

    def close(self, _why):
        self.state = "closed"
        self.answered()

    def ping(self, address, timeout=DEFAULT_TIMEOUT):
        """Echo requests through the session until one is answered."""
        identifier = struct.unpack("!H", self.mac[4:])[0]
        icmp = struct.pack("!BBHHH", 8, 0, 0, identifier, 1) + b"vpdn" * 8
        icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0,
                             socket.inet_aton(self.address), socket.inet_aton(address))
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        self.replies.discard(address)
        next_request = 0.0

        def answered():
            nonlocal next_request
            if time.monotonic() >= next_request:
                self.send_ppp(IP, header + icmp)
                next_request = time.monotonic() + 0.5
            return address in self.replies

        self.access.run(answered, f"ping {address} by {self.user}", timeout)

    # Receiving

    def receive(self, frame):
        packet = self.access.parse(frame, time.monotonic())
        self.log.append((time.monotonic(), "received", packet))
        if isinstance(packet, decode.Discovery):
            self.receive_discovery(frame, packet)
        elif packet is not None and packet.session == self.session:
            data = self.access.ppp(frame)
            self.receive_ppp(int.from_bytes(data[:2], "big"), data[2:])

    def receive_ppp(self, protocol, body):
        """A PPP packet without its protocol field."""
        if self.state == "closed":
            return
        if protocol == IP:
            if len(body) >= 28 and body[9] == 1 and body[20] == 0:
                self.replies.add(socket.inet_ntoa(body[12:16]))
        elif protocol in (LCP, PAP, CHAP, IPCP) and len(body) >= 4:
            code, identifier, length = struct.unpack("!BBH", body[:4])
            handler = {LCP: self.receive_lcp, PAP: self.receive_pap, CHAP: self.receive_chap,
                       IPCP: self.receive_ipcp}[protocol]
            handler(code, identifier, body[4:length])
        elif self.state in ("ipcp", "up"):
            self.rejects = (self.rejects + 1) & 0xff
            self.send_code(LCP, PROT_REJ, self.rejects, struct.pack("!H", protocol) + body)

    def receive_discovery(self, frame, packet):
        if packet.name == "PADO" and self.state == "discovery" and self.server == BROADCAST:
            self.server = frame[6:12]
            cookie = packet.tag(TAG_COOKIE)
            self.send_discovery(PADR, self.discovery_tags() +
                                (tag(TAG_COOKIE, cookie) if cookie else b""), again=True)
        elif packet.name == "PADS" and self.state == "discovery":
            self.answered()
            if packet.session == 0:
                self.error = next((packet.tag(kind) for kind in TAG_ERRORS
                                   if packet.tag(kind) is not None), b"").decode() or "refused"
                self.close("refused")
                return
            self.session, self.state = packet.session, "lcp"
            if self.conf_req:
                self.request(LCP)
        elif packet.name == "PADT" and packet.session == self.session and self.session:
            self.close("PADT")

    def negotiate(self, protocol, code, identifier, data, refuse):
        """Configure packets of LCP and IPCP. refuse(options) gives (naks, rejects).

        Returns True when both sides have just agreed.
        """
        if code == CONF_REQ:
            naks, rejects = refuse(options_of(data))
            if rejects or naks:
                self.send_code(protocol, CONF_REJ if rejects else CONF_NAK, identifier,
                               pack_options(rejects or naks))
                return False
            self.send_code(protocol, CONF_ACK, identifier, data)
            self.acked.add((protocol, "us"))
        elif code == CONF_ACK and identifier == self.identifier:
            self.answered()
            self.acked.add((protocol, "them"))
        elif code in (CONF_NAK, CONF_REJ) and identifier == self.identifier:
            wants = self.lcp_wants if protocol == LCP else self.ipcp_wants
            changes = dict(options_of(data))
            kept = [(kind, changes.get(kind, value) if code == CONF_NAK else value)
                    for kind, value in wants if code == CONF_NAK or kind not in changes]
            wants[:] = kept
            self.request(protocol)
        return {(protocol, "us"), (protocol, "them")} <= self.acked

    def refuse_lcp(self, options):
        naks = [(AUTH, AUTH_OPTION[self.auth]) for kind, value in options
                if kind == AUTH and value != AUTH_OPTION[self.auth]]
        return naks, [(kind, value) for kind, value in options if kind not in (MRU, 2, AUTH, MAGIC, 7, 8)]

    def receive_lcp(self, code, identifier, data):
        if code in (CONF_REQ, CONF_ACK, CONF_NAK, CONF_REJ):
            if self.state not in ("lcp", "closed") and code == CONF_REQ:
                self.renegotiate()
            if self.negotiate(LCP, code, identifier, data, self.refuse_lcp) and self.state == "lcp":
                self.state = "auth"
                if self.auth == "pap":
                    user, password = self.user.encode(), self.password.encode()
                    self.send_code(PAP, 1, 1, bytes((len(user),)) + user +
                                   bytes((len(password),)) + password, again=True)
        elif code == ECHO_REQ:
            self.send_code(LCP, ECHO_REP, identifier, self.magic + data[4:])
        elif code == TERM_REQ:
            self.send_code(LCP, TERM_ACK, identifier)
            self.close("terminated")
        elif code == TERM_ACK:
            self.close("terminated")

    def renegotiate(self):
        """The other side negotiates LCP again: so do we, at once."""
        self.state = "lcp"
        self.acked = set()
        self.request(LCP)

    def receive_chap(self, code, identifier, data):
        if code == 1:
            challenge = data[1:1 + data[0]]
            digest = hashlib.md5(bytes((identifier,)) + self.password.encode() + challenge).digest()
            self.send_code(CHAP, 2, identifier, bytes((16,)) + digest + self.user.encode())
        elif code in (3, 4):
            self.authenticated(code == 3, data)

    def receive_pap(self, code, _identifier, data):
        if code in (2, 3):
            self.answered()
            self.authenticated(code == 2, data[1:])

    def authenticated(self, good, text):
        if not good:
            self.error = text.decode("utf-8", "replace") or "refused"
        elif self.state == "auth":
            self.state = "ipcp"
            self.request(IPCP)

    def receive_ipcp(self, code, identifier, data):
        if self.state not in ("ipcp", "up"):
            return
        agreed = self.negotiate(IPCP, code, identifier, data, lambda options: (
            [], [(kind, value) for kind, value in options if kind != 3]))
        if agreed and self.state == "ipcp":
            self.address = socket.inet_ntoa(dict(self.ipcp_wants)[3])
            self.state, self.up_time = "up", time.monotonic()

    # What tests ask

    def packets(self, direction, name=None, **fields):
        """Packets sent or received, by PPP protocol name and fields of decode.Ppp."""
        return [packet for _, way, packet in self.log if way == direction and packet is not None and
                (name is None or getattr(packet, "protocol", getattr(packet, "name", None)) == name) and
                all(getattr(packet, key, None) == value for key, value in fields.items())]
