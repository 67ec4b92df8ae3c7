# SPDX-License-Identifier: GPL-2.0-or-later
"""pppd's radius.so on the LNS judges what the LAC has captured; the server is a FreeRADIUS."""

import dataclasses
import socket
import struct

import roles
from decode import Control, Ppp
from labnet import Topology

SECRET = "radius-secret"
DIR = "/etc/ppp/radius"
REQUEST, ACCEPT, ACCOUNTING = 1, 2, 4
USER_NAME, PASSWORD, CHAP_PASSWORD, VENDOR_SPECIFIC, CHAP_CHALLENGE = 1, 2, 3, 26, 60

SERVER = f"""
prefix = /usr
libdir = /usr/lib/freeradius
run_dir = /run
proxy_requests = no
security {{
	allow_vulnerable_openssl = yes
}}
client localhost {{
	ipaddr = 127.0.0.1
	secret = {SECRET}
}}
modules {{
	chap {{
	}}
	pap {{
	}}
	files {{
		usersfile = {DIR}/users
	}}
	always ok {{
		rcode = ok
	}}
}}
server default {{
	listen {{
		type = auth
		ipaddr = 127.0.0.1
		port = 1812
	}}
	listen {{
		type = acct
		ipaddr = 127.0.0.1
		port = 1813
	}}
	authorize {{
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
SERVER_DICTIONARY = "".join(f"$INCLUDE /usr/share/freeradius/dictionary.{name}\n"
                            for name in ("rfc2865", "rfc2866", "rfc2869", "freeradius.internal"))
CLIENT = f"""
auth_order radius
login_tries 4
login_timeout 60
nologin /etc/nologin
issue {DIR}/issue
authserver 127.0.0.1:1812
acctserver 127.0.0.1:1813
servers {DIR}/servers
dictionary {DIR}/client-dictionary
login_radius /sbin/login.radius
seqfile /run/radius.seq
mapfile {DIR}/port-id-map
default_realm
radius_timeout 5
radius_retries 2
login_local /bin/login
"""
# What radius.so sends and looks at.
CLIENT_DICTIONARY = "".join(f"ATTRIBUTE {name} {number} {kind}\n" for name, number, kind in (
    ("User-Name", 1, "string"), ("Password", 2, "string"), ("CHAP-Password", 3, "string"),
    ("NAS-IP-Address", 4, "ipaddr"), ("NAS-Port-Id", 5, "integer"), ("Service-Type", 6, "integer"),
    ("Framed-Protocol", 7, "integer"), ("Framed-IP-Address", 8, "ipaddr"), ("Reply-Message", 18, "string"),
    ("Class", 25, "string"), ("Calling-Station-Id", 31, "string"), ("NAS-Identifier", 32, "string"),
    ("Acct-Status-Type", 40, "integer"), ("Acct-Delay-Time", 41, "integer"),
    ("Acct-Input-Octets", 42, "integer"), ("Acct-Output-Octets", 43, "integer"),
    ("Acct-Session-Id", 44, "string"), ("Acct-Authentic", 45, "integer"),
    ("Acct-Session-Time", 46, "integer"), ("Acct-Input-Packets", 47, "integer"),
    ("Acct-Output-Packets", 48, "integer"), ("Acct-Terminate-Cause", 49, "integer"),
    ("CHAP-Challenge", 60, "string"), ("NAS-Port-Type", 61, "integer"), ("Connect-Info", 77, "string")))


@dataclasses.dataclass
class Packet:
    """A RADIUS packet (RFC 2865 section 3); attributes are {type: value}, a vendor's {(vendor, type): value}."""
    code: int
    attributes: dict


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


def radius_packets(path):
    """The RADIUS packets of a capture of the loopback interface."""
    with open(path, "rb") as file:
        data = file.read()[24:]
    found = []
    while len(data) >= 16:
        length, = struct.unpack("=I", data[8:12])
        frame, data = data[16:16 + length], data[16 + length:]
        if len(frame) == length:
            found.append(parse(frame[14 + (frame[14] & 15) * 4 + 8:]))
    return found


def start_server(lab, users=f'"{roles.USER}" Cleartext-Password := "{roles.PASSWORD}"\n', server_dictionary="", client_dictionary=""):
    """FreeRADIUS, and radius.so's configuration, in the LNS's node; to both dictionaries is added what is given."""
    lab.secrets.add(SECRET)
    files = {"radiusd.conf": SERVER, "dictionary": SERVER_DICTIONARY + server_dictionary, "radiusclient.conf": CLIENT,
             "client-dictionary": CLIENT_DICTIONARY + client_dictionary, "servers": f"127.0.0.1 {SECRET}\n",
             "issue": "", "port-id-map": "", "users": users}
    for name, text in files.items():
        lab.lns.write(f"{DIR}/{name}", text)
    server = lab.lns.spawn("freeradius", ["freeradius", "-f", "-l", "stdout", "-d", DIR, "-D", DIR, "-n", "radiusd"])
    lab.lns.await_udp_port(1812)
    return server


def login(dialin, lab, dial=()):
    """A call judged by the server; returns (the test's net, Access-Request, Access-Accept)."""
    start_server(lab)
    net = dialin(lns={"options": f"plugin radius.so\nradius-config-file {DIR}/radiusclient.conf\n"})
    loopback = lab.lns.capture("lo", "radius", "udp port 1812")
    for kind in ("chap", "pap"):
        lab.lns.write(f"/etc/ppp/{kind}-secrets", "")
    roles.dial(lab, options=dial)
    lab.client.ping(roles.POOL_LOCAL)
    assert not net.core.packets(Ppp, protocol="LCP", code="ConfReq", src=Topology.LNS)
    assert not net.core.packets(Ppp, protocol="CHAP", code="Challenge", src=Topology.LNS)
    request, answer = radius_packets(loopback.path)
    assert (request.code, answer.code) == (REQUEST, ACCEPT)
    assert request.attributes[USER_NAME] == roles.USER.encode()
    iccn, = net.core.packets(Control, message="ICCN")
    return net, iccn, request.attributes


def test_radius_proxied_chap(dialin, lab):
    """The Access-Request has the LAC's challenge and id, and the subscriber's response to them."""
    _, iccn, sent = login(dialin, lab)
    assert sent[CHAP_CHALLENGE] == iccn.value(31)
    assert sent[CHAP_PASSWORD] == iccn.value(32)[1:] + iccn.value(33)
    assert PASSWORD not in sent


def test_radius_proxied_pap(dialin, lab):
    """The captured password is what the server accepts."""
    _, iccn, sent = login(dialin, lab, ("refuse-chap", "refuse-mschap", "refuse-mschap-v2", "refuse-eap"))
    assert iccn.value(29) == b"\0\3" and PASSWORD in sent
    assert CHAP_PASSWORD not in sent and CHAP_CHALLENGE not in sent
