# SPDX-License-Identifier: GPL-2.0-or-later
"""What was on the wire: pcap files, PPPoE (RFC 2516), PPP (RFC 1661), L2TPv2 (RFC 2661).

Used by capture.py, and by the tests' own clients for single frames. Independent
of lib/ on purpose: it judges what our code sends.
"""

import dataclasses
import socket
import struct

ETH_IP, ETH_PPPOE_DISCOVERY, ETH_PPPOE_SESSION = 0x0800, 0x8863, 0x8864
L2TP_PORT = 1701

DISCOVERY = {0x09: "PADI", 0x07: "PADO", 0x19: "PADR", 0x65: "PADS", 0xa7: "PADT"}
PROTOCOLS = {0xc021: "LCP", 0xc023: "PAP", 0xc223: "CHAP", 0xc227: "EAP", 0x8021: "IPCP", 0x8057: "IPV6CP",
             0x80fd: "CCP", 0x0021: "IP", 0x003d: "MP"}
NEGOTIATION = {1: "ConfReq", 2: "ConfAck", 3: "ConfNak", 4: "ConfRej", 5: "TermReq", 6: "TermAck",
               7: "CodeRej", 8: "ProtRej", 9: "EchoReq", 10: "EchoRep", 11: "DiscReq"}
CODES = {"LCP": NEGOTIATION, "IPCP": NEGOTIATION, "IPV6CP": NEGOTIATION, "CCP": NEGOTIATION,
         "CHAP": {1: "Challenge", 2: "Response", 3: "Success", 4: "Failure"},
         "EAP": {1: "Request", 2: "Response", 3: "Success", 4: "Failure"},
         "PAP": {1: "AuthReq", 2: "AuthAck", 3: "AuthNak"}}
MESSAGES = {1: "SCCRQ", 2: "SCCRP", 3: "SCCCN", 4: "StopCCN", 6: "HELLO", 7: "OCRQ", 8: "OCRP",
            9: "OCCN", 10: "ICRQ", 11: "ICRP", 12: "ICCN", 14: "CDN", 15: "WEN", 16: "SLI"}


@dataclasses.dataclass
class Packet:
    """Anything captured. time in seconds; src and dst are MAC or IP addresses."""
    time: float
    src: str
    dst: str


@dataclasses.dataclass
class Discovery(Packet):
    """A PPPoE discovery packet; tags is [(type, value)]."""
    name: str
    session: int
    tags: list

    def tag(self, number):
        """The first tag's value, or None."""
        return next((value for kind, value in self.tags if kind == number), None)


@dataclasses.dataclass
class Ppp(Packet):
    """A PPP frame: in a PPPoE session (tunnel None) or in L2TP data."""
    tunnel: int | None
    session: int
    protocol: str
    code: str
    id: int
    data: bytes

    def __str__(self):
        inner = self.data[:24].hex() + ("..." if len(self.data) > 24 else "")
        where = f"{self.session}" if self.tunnel is None else f"{self.tunnel}/{self.session}"
        return f"{self.src} > {self.dst} [{where}] {self.protocol} {self.code} id={self.id} {inner}"


@dataclasses.dataclass
class Avp:
    """One AVP as it stands on the wire."""
    vendor: int
    type: int
    mandatory: bool
    hidden: bool
    value: bytes

    def __str__(self):
        flags = ("M" if self.mandatory else "") + ("H" if self.hidden else "")
        return f"{self.vendor or ''}{'/' if self.vendor else ''}{self.type}{flags}={self.value.hex()}"


@dataclasses.dataclass
class Control(Packet):
    """An L2TP control message; message is its name, 'ZLB' for one without AVPs."""
    sport: int
    dport: int
    tunnel: int
    session: int
    ns: int
    nr: int
    message: str
    avps: list

    def avp(self, number, vendor=0):
        """The first such AVP, or None."""
        return next((a for a in self.avps if a.type == number and a.vendor == vendor), None)

    def value(self, number, vendor=0):
        """The first such AVP's value, or None."""
        found = self.avp(number, vendor)
        return found.value if found else None

    def result(self):
        """(result, error, text) of a CDN or StopCCN; error None when absent."""
        value = self.value(1)
        return (int.from_bytes(value[:2], "big"),
                int.from_bytes(value[2:4], "big") if len(value) >= 4 else None,
                value[4:].decode("utf-8", "replace"))

    def __str__(self):
        return (f"{self.src} > {self.dst} [{self.tunnel}/{self.session}] {self.message} "
                f"Ns={self.ns} Nr={self.nr} {' '.join(map(str, self.avps))}")


def mac_text(data):
    return ":".join(f"{octet:02x}" for octet in data)


def parse_ppp(data, time, src, dst, tunnel, session):
    """A PPP frame with or without FF 03 and with either protocol field."""
    if data[:2] == b"\xff\x03":
        data = data[2:]
    if not data:
        return None
    width = 1 if data[0] & 1 else 2
    number = int.from_bytes(data[:width], "big")
    protocol, body = PROTOCOLS.get(number, f"0x{number:04x}"), data[width:]
    if protocol not in CODES or len(body) < 4:
        return Ppp(time, src, dst, tunnel, session, protocol, "", 0, body)
    code, identifier, length = struct.unpack("!BBH", body[:4])
    return Ppp(time, src, dst, tunnel, session, protocol,
               CODES[protocol].get(code, f"code{code}"), identifier, body[4:length])


def parse_tags(data):
    """Tags of a discovery packet, as far as they are whole."""
    tags = []
    while len(data) >= 4:
        kind, length = struct.unpack("!HH", data[:4])
        tags.append((kind, data[4:4 + length]))
        data = data[4 + length:]
    return tags


def parse_avps(data):
    """AVPs of a control message, as far as they are whole."""
    avps = []
    while len(data) >= 6:
        bits, vendor, kind = struct.unpack("!HHH", data[:6])
        length = bits & 0x3ff
        if length < 6 or length > len(data):
            break
        avps.append(Avp(vendor, kind, bool(bits & 0x8000), bool(bits & 0x4000), data[6:length]))
        data = data[length:]
    return avps


def parse_l2tp(data, time, src, dst, sport=L2TP_PORT, dport=L2TP_PORT):
    """The payload of a UDP datagram to or from port 1701."""
    if len(data) < 6:
        return None
    flags, = struct.unpack("!H", data[:2])
    if flags & 0xf != 2:
        return None
    offset, end = 2, len(data)
    if flags & 0x4000:
        end = min(end, struct.unpack("!H", data[2:4])[0])
        offset = 4
    tunnel, session = struct.unpack("!HH", data[offset:offset + 4])
    offset += 4
    ns = nr = 0
    if flags & 0x0800:
        ns, nr = struct.unpack("!HH", data[offset:offset + 4])
        offset += 4
    if flags & 0x0200:
        offset += 2 + struct.unpack("!H", data[offset:offset + 2])[0]
    body = data[offset:end]
    if not flags & 0x8000:
        return parse_ppp(body, time, src, dst, tunnel, session)
    avps = parse_avps(body)
    message = "ZLB"
    if avps:
        number = int.from_bytes(avps[0].value, "big") if avps[0].type == 0 else -1
        message = MESSAGES.get(number, f"message{number}")
    return Control(time, src, dst, sport, dport, tunnel, session, ns, nr, message, avps)


def parse_frame(data, time):
    """An Ethernet frame, or None when it is nothing we know."""
    if len(data) < 14:
        return None
    dst, src = mac_text(data[:6]), mac_text(data[6:12])
    kind = int.from_bytes(data[12:14], "big")
    body = data[14:]
    if kind in (ETH_PPPOE_DISCOVERY, ETH_PPPOE_SESSION) and len(body) >= 6:
        _, code, session, length = struct.unpack("!BBHH", body[:6])
        if kind == ETH_PPPOE_SESSION:
            return parse_ppp(body[6:6 + length], time, src, dst, None, session)
        return Discovery(time, src, dst, DISCOVERY.get(code, f"code{code}"), session,
                         parse_tags(body[6:6 + length]))
    if kind == ETH_IP and len(body) >= 20 and body[9] == socket.IPPROTO_UDP:
        udp = body[(body[0] & 15) * 4:]
        sport, dport, length = struct.unpack("!HHH", udp[:6])
        if L2TP_PORT in (sport, dport):
            return parse_l2tp(udp[8:length], time, socket.inet_ntoa(body[12:16]),
                              socket.inet_ntoa(body[16:20]), sport, dport)
    return None


def read_pcap(path):
    """All packets of a pcap file that decode; the last may still be being written."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        return []
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    packets, offset = [], 24
    while offset + 16 <= len(data):
        seconds, micro, length, _ = struct.unpack(order + "IIII", data[offset:offset + 16])
        offset += 16
        if offset + length > len(data):
            break
        packet = parse_frame(data[offset:offset + length], seconds + micro / 1e6)
        if packet:
            packets.append(packet)
        offset += length
    return packets
