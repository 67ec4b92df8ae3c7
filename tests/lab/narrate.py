# SPDX-License-Identifier: GPL-2.0-or-later
"""Captured packets told for people: who sent what, when, with names instead of numbers.

Used by demo.py. Secrets (CHAP responses, passwords) are not shown, other opaque values by
their first octets. Independent of lib/, as decode.py is.
"""

import socket

import decode

LCP_OPTIONS = {1: "mru", 2: "asyncmap", 3: "auth", 4: "quality", 5: "magic", 7: "pcomp", 8: "accomp",
               13: "callback", 17: "mrru", 18: "ssnhf", 19: "endpoint"}
AUTHENTICATION = {b"\xc0\x23": "pap", b"\xc2\x23\x05": "chap-md5", b"\xc2\x23\x80": "mschap",
                  b"\xc2\x23\x81": "mschap-v2", b"\xc2\x27": "eap"}
PROXY_AUTHENTICATION = {1: "textual", 2: "CHAP", 3: "PAP", 4: "none", 5: "MS-CHAPv1"}
# AVPs worth a line in the story: number: (name of RFC 2661 4.4, kind)
AVPS = {1: ("Result Code", "result"), 7: ("Host Name", "text"), 9: ("Assigned Tunnel ID", "number"),
        11: ("Challenge", "opaque"), 13: ("Challenge Response", "secret"),
        12: ("Q.931 Cause", "cause"), 14: ("Assigned Session ID", "number"), 15: ("Call Serial Number", "number"),
        16: ("Minimum BPS", "number"), 17: ("Maximum BPS", "number"), 18: ("Bearer Type", "number"),
        19: ("Framing Type", "number"), 21: ("Called Number", "text"), 22: ("Calling Number", "text"),
        24: ("Tx Connect Speed", "number"),
        26: ("Initial Received LCP CONFREQ", "lcp"), 27: ("Last Sent LCP CONFREQ", "lcp"),
        28: ("Last Received LCP CONFREQ", "lcp"), 29: ("Proxy Authen Type", "auth"),
        30: ("Proxy Authen Name", "text"), 31: ("Proxy Authen Challenge", "opaque"),
        32: ("Proxy Authen ID", "number"), 33: ("Proxy Authen Response", "secret"),
        35: ("ACCM", "accm"), 38: ("Rx Connect Speed", "number"), 46: ("PPP Disconnect Cause", "opaque")}
PROXY_AVPS = range(26, 34)
DISCOVERY_TAGS = {0x0101: "service", 0x0102: "AC"}
SECRET = "(not shown)"
NEGOTIATED = {"ConfReq", "ConfAck", "ConfNak", "ConfRej"}


def opaque(value):
    """Some octets, enough to recognise them by."""
    return value.hex() if len(value) <= 8 else f"{value[:4].hex()}... ({len(value)} octets)"


def text(value):
    return value.decode("utf-8", "backslashreplace")


def options(data):
    """(type, value) of every option of a ConfReq, ConfAck, ... as far as they are whole."""
    while len(data) >= 2 and 2 <= data[1] <= len(data):
        yield data[0], data[2:data[1]]
        data = data[data[1]:]


def lcp_options(data):
    """LCP options in words."""
    words = []
    for kind, value in options(data):
        name = LCP_OPTIONS.get(kind, f"option-{kind}")
        if kind == 3:
            words.append(f"{name} {AUTHENTICATION.get(value, value.hex())}")
        elif kind in (1, 17):
            words.append(f"{name} {int.from_bytes(value, 'big')}")
        else:
            words.append(f"{name} {opaque(value)}" if value else name)
    return ", ".join(words) or "no options"


def ipcp_options(data):
    """IPCP options in words."""
    words = {3: "address", 129: "dns1", 131: "dns2"}
    return ", ".join(f"{words.get(kind, f'option-{kind}')} "
                     f"{socket.inet_ntoa(value) if len(value) == 4 else value.hex()}"
                     for kind, value in options(data)) or "no options"


def avp_value(avp):
    """An AVP's value in words."""
    kind = AVPS[avp.type][1]
    number = int.from_bytes(avp.value, "big")
    if kind == "text":
        return text(avp.value)
    if kind == "number":
        return str(number)
    if kind == "lcp":
        return lcp_options(avp.value)
    if kind == "auth":
        return f"{number} ({PROXY_AUTHENTICATION.get(number, 'unknown')})"
    if kind == "result":
        words = [f"{int.from_bytes(avp.value[:2], 'big')}"]
        if len(avp.value) >= 4:
            words.append(f"error {int.from_bytes(avp.value[2:4], 'big')}")
        if len(avp.value) > 4:
            words.append(f'"{text(avp.value[4:])}"')
        return " ".join(words)
    if kind == "cause":
        return str(int.from_bytes(avp.value[:2], "big"))
    if kind == "accm":
        return f"send {avp.value[2:6].hex()} receive {avp.value[6:10].hex()}"
    return SECRET if kind == "secret" else opaque(avp.value)


def avps(packet, numbers=None):
    """[(number, name, value in words, M bit)] of a control message's AVPs that have a name here."""
    return [(avp.type, AVPS[avp.type][0], avp_value(avp), avp.mandatory) for avp in packet.avps
            if avp.vendor == 0 and avp.type in AVPS and (numbers is None or avp.type in numbers)]


def chap(packet):
    """A CHAP packet in words: value size, value, name."""
    data = packet.data
    if packet.code in ("Challenge", "Response") and data:
        value, name = data[1:1 + data[0]], text(data[1 + data[0]:])
        shown = opaque(value) if packet.code == "Challenge" else SECRET
        return f"{shown}, name {name}"
    return f'"{text(data)}"' if data else ""


def ppp(packet):
    """What a PPP packet says."""
    if packet.protocol == "CHAP":
        return chap(packet)
    if packet.protocol == "PAP" and packet.code == "AuthReq" and packet.data:
        return f"name {text(packet.data[1:1 + packet.data[0]])}, password {SECRET}"
    if packet.code in NEGOTIATED and packet.protocol == "LCP":
        return lcp_options(packet.data)
    if packet.code in NEGOTIATED and packet.protocol == "IPCP":
        return ipcp_options(packet.data)
    if packet.code == "TermReq":
        return text(packet.data)
    return ""


def what(packet):
    """(protocol, message, what it says) of a packet."""
    if isinstance(packet, decode.Discovery):
        tags = ", ".join(f"{DISCOVERY_TAGS[kind]} {text(value)}" for kind, value in packet.tags
                         if kind in DISCOVERY_TAGS and value)
        session = f"session {packet.session}" if packet.session else ""
        return "PPPoE", packet.name, ", ".join(part for part in (session, tags) if part)
    if isinstance(packet, decode.Ppp):
        return packet.protocol, f"{packet.code} id={packet.id}", ppp(packet)
    named = avps(packet, (1, 7, 11, 12, 13, 21, 22, 24, 35))
    return "L2TP", packet.message, ", ".join(f"{name} {value}" for _, name, value, _ in named)
