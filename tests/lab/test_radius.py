# SPDX-License-Identifier: GPL-2.0-or-later
"""pppd's radius.so on the LNS judges what the LAC has captured; the server is a FreeRADIUS."""

import pytest

import radius
import roles
from decode import Control, Ppp
from labnet import Topology
from radius import ACCESS_ACCEPT, ACCESS_REQUEST, CHAP_CHALLENGE, CHAP_PASSWORD, USER_NAME, USER_PASSWORD

DIR = "/etc/ppp/radius"
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


def start_server(lab, users=f'"{roles.USER}" Cleartext-Password := "{roles.PASSWORD}"\n', dictionary=""):
    """FreeRADIUS, and radius.so's configuration with these lines more in its dictionary, in the LNS's node."""
    radius.Server(lab, lab.lns, users)
    files = {"radiusclient.conf": CLIENT, "client-dictionary": CLIENT_DICTIONARY + dictionary,
             "servers": f"127.0.0.1 {radius.SECRET}\n", "issue": "", "port-id-map": ""}
    for name, text in files.items():
        lab.lns.write(f"{DIR}/{name}", text)


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
    request, answer = radius.packets(loopback.path)
    assert (request.code, answer.code) == (ACCESS_REQUEST, ACCESS_ACCEPT)
    assert request.attributes[USER_NAME] == roles.USER.encode()
    iccn, = net.core.packets(Control, message="ICCN")
    return net, iccn, request.attributes


@pytest.mark.ppp252
def test_radius_proxied_chap(dialin, lab):
    """The Access-Request has the LAC's challenge and id, and the subscriber's response to them."""
    _, iccn, sent = login(dialin, lab)
    assert sent[CHAP_CHALLENGE] == iccn.value(31)
    assert sent[CHAP_PASSWORD] == iccn.value(32)[1:] + iccn.value(33)
    assert USER_PASSWORD not in sent


def test_radius_proxied_pap(dialin, lab):
    """The captured password is what the server accepts."""
    _, iccn, sent = login(dialin, lab, ("refuse-chap", "refuse-mschap", "refuse-mschap-v2", "refuse-eap"))
    assert iccn.value(29) == b"\0\3" and USER_PASSWORD in sent
    assert CHAP_PASSWORD not in sent and CHAP_CHALLENGE not in sent
