# SPDX-License-Identifier: GPL-2.0-or-later
"""RADIUS in the lab: a FreeRADIUS on a node, and what was on the wire (RFC 2865).

Used by test_radius.py, where the LNS's pppd asks about users, and by test_aaa_radius.py, where the LAC's vpdnd asks about
tunnels and accounts for what it forwards.
"""

import dataclasses
import signal
import struct

SECRET = "radius-secret"
ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE = range(1, 6)
USER_NAME, USER_PASSWORD, CHAP_PASSWORD, NAS_IP, SERVICE_TYPE = 1, 2, 3, 4, 6
VENDOR_SPECIFIC, CALLED, CALLING = 26, 30, 31
ACCT_STATUS, ACCT_INPUT_OCTETS, ACCT_OUTPUT_OCTETS, ACCT_SESSION_ID, ACCT_SESSION_TIME, ACCT_CAUSE = 40, 42, 43, 44, 46, 49
CHAP_CHALLENGE, NAS_PORT_TYPE, MESSAGE_AUTHENTICATOR, NAS_PORT_ID = 60, 61, 80, 87
TUNNEL_TYPE, TUNNEL_MEDIUM, TUNNEL_CLIENT, TUNNEL_SERVER, ACCT_TUNNEL_CONNECTION = 64, 65, 66, 67, 68
TUNNEL_CLIENT_AUTH_ID, TUNNEL_SERVER_AUTH_ID = 90, 91
ADSL_FORUM = 3561
DICTIONARIES = ("rfc2865", "rfc2866", "rfc2868", "rfc2869", "rfc4679", "cisco", "freeradius.internal")

SERVER = """
prefix = /usr
libdir = /usr/lib/freeradius
run_dir = /run
proxy_requests = no
security {{
	allow_vulnerable_openssl = yes
}}
client nas {{
	ipaddr = {nas}
	secret = {secret}
}}
modules {{
	chap {{
	}}
	pap {{
	}}
	files {{
		usersfile = {directory}/users
	}}
	always ok {{
		rcode = ok
	}}
}}
server default {{
	listen {{
		type = auth
		ipaddr = {address}
		port = 1812
	}}
	listen {{
		type = acct
		ipaddr = {address}
		port = 1813
	}}
	authorize {{
		{signature}
		chap
		files
		pap
	}}
	authenticate {{
		Auth-Type CHAP {{
			chap
		}}
		Auth-Type PAP {{
			pap
		}}
	}}
	accounting {{
		ok
	}}
}}
"""
SIGNATURE = """update reply {
			&Message-Authenticator := 0x00
		}"""


def u32(value):
    return struct.pack("!I", value)


class Server:
    """FreeRADIUS for one client, with a users file that the test writes."""

    def __init__(self, lab, node, users, address="127.0.0.1", nas="127.0.0.1", secret=SECRET, signed=False):
        """signed: it sends the Message-Authenticator that vpdnd wants, and pppd's radius.so does not know."""
        lab.secrets.add(secret)
        self.node = node
        self.directory = f"/etc/ppp/radius-{address}"
        files = {"radiusd.conf": SERVER.format(directory=self.directory, address=address, nas=nas, secret=secret,
                                               signature=SIGNATURE if signed else ""),
                 "dictionary": "".join(f"$INCLUDE /usr/share/freeradius/dictionary.{name}\n" for name in DICTIONARIES),
                 "users": users}
        for name, text in files.items():
            node.write(f"{self.directory}/{name}", text)
        self.start()

    def start(self):
        self.proc = self.node.spawn("freeradius", ["freeradius", "-f", "-l", "stdout", "-d", self.directory, "-D", self.directory,
                                                   "-n", "radiusd"])
        self.proc.await_line("Ready to process requests")

    def freeze(self, frozen=True):
        self.proc.send(signal.SIGSTOP if frozen else signal.SIGCONT)

    def stop(self):
        self.freeze(False)
        self.proc.stop(signal.SIGKILL)


@dataclasses.dataclass
class Packet:
    """A RADIUS packet (RFC 2865 section 3); attributes are {type: value}, a vendor's {(vendor, type): value}."""
    code: int
    attributes: dict

    def number(self, kind):
        return int.from_bytes(self.attributes[kind], "big")


def parse(data):
    code, _, length = struct.unpack("!BBH", data[:4])
    attributes, rest = {}, data[20:length]
    while len(rest) >= 2 and rest[1] >= 2:
        if rest[0] == VENDOR_SPECIFIC:
            vendor, number, size = struct.unpack("!IBB", rest[2:8])
            attributes[vendor, number] = rest[8:6 + size]
        else:
            attributes[rest[0]] = rest[2:rest[1]]
        rest = rest[rest[1]:]
    return Packet(code, attributes)


def packets(path, code=None):
    """The RADIUS packets of a capture, all or those of one code."""
    with open(path, "rb") as file:
        data = file.read()[24:]
    found = []
    while len(data) >= 16:
        length, = struct.unpack("=I", data[8:12])
        frame, data = data[16:16 + length], data[16 + length:]
        if len(frame) == length:
            found.append(parse(frame[14 + (frame[14] & 15) * 4 + 8:]))
    return [packet for packet in found if code in (None, packet.code)]
