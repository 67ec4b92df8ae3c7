# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the tests of the module's outgoing calls share: messages, and the states that a call is brought to. Used by
test_xl2tpd_module_dialout_*.py.
"""
import hashlib
import os
import struct

from xl2tpd_wire import CDN, OCCN, OCRP, OCRQ, SCCCN, avp, message, u16, u32

ASKED = 0x80000000          # in a CALL_REF that the module has chosen
BY_US, BY_PEER, BY_TIMEOUT = 1, 2, 3
TUNNEL, CALL, CONNECTED = 1, 2, 3       # STAGE
ERRORS = bytes(range(24))


def ocrp(sid, *more):
    return message(OCRP, avp(14, u16(sid)), *more)


def occn(speed=56000, framing=2, *more):
    return message(OCCN, avp(24, u32(speed)), avp(19, u32(framing)), *more)


def cdn(sid, result, error=0, q931=None, text=b""):
    more = [avp(12, u16(q931) + b"\0")] if q931 else []
    return message(CDN, avp(1, u16(result) + u16(error) + text), avp(14, u16(sid)), *more)


def ocrq_avps(sid, number=b"6121", *more):
    return (avp(14, u16(sid)), avp(15, u32(77)), avp(16, u32(1200)), avp(17, u32(64000)), avp(18, u32(3)), avp(19, u32(3)),
            avp(21, number), *more)


def result(packet):
    """Result and error code of a CDN."""
    value = packet.value(1)
    return int.from_bytes(value[:2], "big"), int.from_bytes(value[2:4], "big")


def close_all(fds):
    for fd in fds:
        os.close(fd)


# an LNS's calls: vpdnd asks for them, the test is the LAC

def dial(node, lac, ref=1, number="6121", *more, **options):
    options.setdefault("local_name", "LNS")
    node.place(ref, lac.where, ("CALLED_NUMBER", number), *more, what="L2TP_DIAL_PLACE", **options)


def dial_first(node, lac, *more, **options):
    """The tunnel with it: the OCRQ."""
    dial(node, lac, 1, "6121", *more, **options)
    lac.accept_tunnel()
    lac.expect(SCCCN)
    return lac.expect(OCRQ)


def accept(node, lac, ocrq, ref=1, sid=500):
    lac.send(ocrp(sid), ocrq.number(14))
    return node.vpdnd.expect("L2TP_DIAL_ACCEPTED", CALL_REF=ref)


def connect(node, lac, ocrq, ref=1, sid=500):
    accept(node, lac, ocrq, ref, sid)
    lac.send(occn(), ocrq.number(14))
    connected = node.vpdnd.expect("L2TP_DIAL_CONNECTED", CALL_REF=ref)
    close_all(connected.fds)
    return connected


# a LAC's calls: the test is the LNS, vpdnd is asked

def ask(node, peer, sid=1, *more):
    peer.send(message(OCRQ, *ocrq_avps(sid, b"6121", *more)))
    got = node.vpdnd.expect("L2TP_DIAL_ASK", PEER_SESSION_ID=sid)
    close_all(got.fds)
    return got


def accepted(node, peer, sid=1):
    got = ask(node, peer, sid)
    node.vpdnd.say("L2TP_DIAL_ACCEPT", ("CALL_REF", got["CALL_REF"]))
    peer.expect(OCRP)
    return got


def connected(node, peer, sid=1):
    got = accepted(node, peer, sid)
    node.vpdnd.say("L2TP_CALL_CONNECT", ("CALL_REF", got["CALL_REF"]), ("TX_SPEED", 56000), ("FRAMING_TYPE", 2))
    peer.expect(OCCN)
    return got


# both

def unhidden(packet, secret=b"s3cret"):
    """{type: (value, was it hidden)} of a message's AVPs (RFC 2661 4.3)."""
    found, vector, rest = {}, None, packet.data[12:]
    while rest:
        flags, _, attr = struct.unpack("!HHH", rest[:6])
        value, rest = rest[6:flags & 0x3FF], rest[flags & 0x3FF:]
        if attr == 36:
            vector = value
        if flags & 0x4000:
            plain, key = b"", hashlib.md5(u16(attr) + secret + vector).digest()
            for at in range(0, len(value), 16):
                part = value[at:at + 16]
                plain += bytes(a ^ b for a, b in zip(part, key))
                key = hashlib.md5(secret + part).digest()
            value = plain[2:2 + int.from_bytes(plain[:2], "big")]
        found[attr] = value, bool(flags & 0x4000)
    return found
