# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdnd asks RADIUS servers where calls go: what a real FreeRADIUS reads in its requests, what becomes of each answer, and of wrong and
missing ones, which a scripted server gives."""
import struct
import threading
import time

import pytest

from conftest import TTY
from radius import ACCEPT, CHALLENGE, MAC, Radius, answer, attribute, attributes, cisco, request_mac_ok, tagged
from radius_vpdnd import (BACKUP, CORP, TUNNEL_SECRET, conf, fixture_freeradius, fixture_scripted,  # noqa: F401 pylint: disable=unused-import
                          fixture_start, octets)
from waiting import await_condition


def unreachable(daemon, place):
    """The module found no tunnel to this LNS: the next one is tried."""
    daemon.module.say("L2TP_CALL_CLEARED", ("CALL_REF", place["CALL_REF"]), ("STAGE", 1), ("BY", 3), ("TEXT", "because of the test"))


def refused(daemon, source="radius"):
    """What is said of a source that is unavailable."""
    return daemon.source(source)["text"]


# ---- the source ----

def test_radius_rfc2868(freeradius, start):
    """Two tagged tunnels; the salted password, our address and name reach xl2tpd; the line is in the Access-Request, credentials are not."""
    users = {"example.com": CORP + ['Tunnel-Preference:1 = 20', 'Tunnel-Type:2 = L2TP', 'Tunnel-Medium-Type:2 = IPv4',
                                    'Tunnel-Server-Endpoint:2 = "192.0.2.3"', f'Tunnel-Password:2 = "{TUNNEL_SECRET}2"',
                                    'Tunnel-Client-Auth-Id:2 = "LAC2"', 'Tunnel-Client-Endpoint:2 = "192.0.2.1"', 'Tunnel-Preference:2 = 10',
                                    'Tunnel-Assignment-Id:2 = "second"']}
    server = freeradius(users)
    daemon = start(server)
    rates = [("AVP", struct.pack("!HHBQ", 3561, kind, 0, rate)) for kind, rate in ((129, 1000000), (130, 16000000))]
    rates.append(("AVP", struct.pack("!HHBI", 3561, 140, 0, 20)))
    connection = daemon.subscriber(more=rates + [("CALLING_NUMBER", b"5551234"), ("PPPOE_SESSION", 17), ("TX_SPEED", 16000000), ("RX_SPEED", 1000000)])
    place = daemon.place()
    assert (place["PEER_IP"], place["LOCAL_NAME"], place["SOURCE_IP"], place["SECRET"]) == ("192.0.2.3", "LAC2", "192.0.2.1",
                                                                                           f"{TUNNEL_SECRET}2".encode())
    assert place["GROUP"] == "radius:example.com"
    unreachable(daemon, place)
    place = daemon.place()
    assert (place["PEER_IP"], place["LOCAL_NAME"], place["SECRET"], place["TUNNEL_AUTH"]) == ("192.0.2.2", "LAC", TUNNEL_SECRET.encode(), 1)
    daemon.end(connection, place)
    (question,) = server.questions()
    for name, value in {"User-Name": "example.com", "User-Password": "cisco", "Service-Type": "Outbound-User", "NAS-Identifier": "lac1",
                        "NAS-IP-Address": "127.0.0.1", "NAS-Port": "17", "NAS-Port-Id": "eth1.100", "NAS-Port-Type": "PPPoEoVLAN",
                        "Calling-Station-Id": "5551234", "Connect-Info": "16000000/1000000",
                        "ADSL-Agent-Circuit-Id": octets("dslam7 atm 0/3:8.35"), "ADSL-Agent-Remote-Id": octets("house 7"),
                        "Actual-Data-Rate-Upstream": "1000000", "Actual-Data-Rate-Downstream": "16000000",
                        "Actual-Interleaving-Delay-Upstream": "20"}.items():
        assert question[name] == value, (name, question)
    assert "alice" not in server.read("questions") and "CHAP-Password" not in question
    row = daemon.source("radius")
    assert (row["state"], row["forward"], row["servers"][0]["answered"]) == ("up", 1, 1)
    assert f"127.0.0.1:{server.auth}" in daemon.table("show", "aaa")


def test_radius_server_auth_id(freeradius, start):
    """Tunnel-Server-Auth-Id is the name that xl2tpd's module has the LNS have; to one with another name there is no tunnel: it is counted as
    failed, left out for a while, and the next one is asked."""
    users = {"example.com": CORP + ['Tunnel-Server-Auth-Id:1 = "LNS-A"', "Tunnel-Preference:1 = 1"]
             + [line.replace(":1", ":2").replace("192.0.2.2", "192.0.2.3") for line in CORP] + ["Tunnel-Preference:2 = 2"]}
    daemon = start(freeradius(users))
    connection = daemon.subscriber()
    place = daemon.place()
    assert (place["PEER_IP"], place["REMOTE_NAME"]) == ("192.0.2.2", "LNS-A")
    daemon.module.say("L2TP_CALL_CLEARED", ("CALL_REF", place["CALL_REF"]), ("STAGE", 1), ("BY", 1), ("RESULT", 4),
                      ("TEXT", "Host Name LNS-X is not the remote-name"))
    place = daemon.place()
    assert (place["PEER_IP"], place.get("REMOTE_NAME")) == ("192.0.2.3", None)
    assert "Host Name LNS-X is not the remote-name" in str(daemon.ctl("show", "session", str(daemon.ctl("show", "session")["sessions"][0]["id"])))
    daemon.end(connection, place)
    peers = {row["ip"]: row for row in daemon.ctl("show", "aaa")["peers"]}
    assert peers["192.0.2.2"]["failed"] == 1 and peers["192.0.2.2"]["dead_s"] > 50
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.3"


def test_radius_cisco(freeradius, start):
    """AV pairs: addresses by priority, options, and one that is not used, which the decision says."""
    pairs = ["tunnel-type=l2tp", "tunnel-id=hgw", "ip-addresses=192.0.2.2/192.0.2.3", f"l2tp-tunnel-password={TUNNEL_SECRET}",
             "l2tp-hello-interval=33", "l2tp-hidden-avp=yes", "l2tp-nosession-timeout=44", "source-ip=192.0.2.1", "l2tp-udp-checksum=yes"]
    daemon = start(freeradius({"example.com": [f'Cisco-AVPair += "vpdn:{pair}"' for pair in pairs]}))
    connection = daemon.subscriber()
    place = daemon.place()
    assert (place["PEER_IP"], place["LOCAL_NAME"], place["SECRET"], place["HELLO_S"], place["HIDDEN"], place["IDLE_S"], place["SOURCE_IP"]) == (
        "192.0.2.2", "hgw", TUNNEL_SECRET.encode(), 33, 1, 44, "192.0.2.1")
    unreachable(daemon, place)
    place = daemon.place()
    assert place["PEER_IP"] == "192.0.2.3"
    daemon.end(connection, place)
    explained = daemon.ctl("explain", "alice@example.com")
    assert "Access-Accept, forward, 2 tunnels; not used: vpdn:l2tp-udp-checksum" in str(explained), explained


def test_radius_dnis(freeradius, start):
    """A called number is looked for as dnis:NUMBER, a line as line:INTERFACE; `user` sets another form."""
    server = freeradius({"dnis:614629": CORP, "line:ttyS0": CORP, "dnis:614630@vpdn": CORP})
    daemon = start(server, more="search-order = { dnis, domain }")
    tty = [("ACCESS_INTERFACE", "ttyS0")]
    verdict, place = daemon.ask(line=tty, access=TTY, more=[("CALLED_NUMBER", b"614629")])
    assert (verdict, place["GROUP"]) == ("forward", "radius:614629")
    (question,) = server.questions()
    assert (question["User-Name"], question["Called-Station-Id"], question["NAS-Port-Type"]) == ("dnis:614629", "614629", "Async")
    daemon.reload(conf(server, more="search-order = { line }"))
    assert daemon.ask(line=tty, access=TTY)[1]["GROUP"] == "radius:ttyS0"
    assert server.questions()[-1]["User-Name"] == "line:ttyS0"
    daemon.reload(conf(server, more="search-order = { dnis }", extra='user = "%k@vpdn"'))
    assert daemon.ask(more=[("CALLED_NUMBER", b"614630")])[0] == "forward"
    assert server.questions()[-1]["User-Name"] == "dnis:614630@vpdn"


def test_radius_reject(freeradius, start):
    """An Access-Reject is no refusal: the next key is looked for, and at last the subscriber is local. So is an Accept without tunnels."""
    server = freeradius({"example.com": CORP, "empty.example": ['Reply-Message = "hello"']})
    daemon = start(server, more="search-order = { dnis, domain }")
    assert daemon.ask(more=[("CALLED_NUMBER", b"1")])[0] == "forward"
    assert [q["User-Name"] for q in server.questions()] == ["dnis:1", "example.com"]
    assert daemon.ask(user="bob@nobody.example")[0] == "local"
    assert daemon.ask(user="bob@empty.example")[0] == "local"
    row = daemon.source("radius")
    assert (row["state"], row["nothing"], row["servers"][0]["rejects"]) == ("up", 3, 2)


def test_radius_name_too_long(freeradius, start):
    """A domain that User-Name cannot hold is none that a server knows: nobody is asked, and the source is not unavailable for it."""
    server = freeradius()
    daemon = start(server, more="search-order = { domain } aaa-failure = closed")
    assert daemon.ask(user="@" + "x" * 254)[0] == "local"
    assert not server.questions()
    assert daemon.ask(user="a@" + "x" * 253)[0] == "local"
    assert server.questions()[-1]["User-Name"] == "x" * 253
    assert daemon.source("radius")["state"] == "up"


@pytest.mark.parametrize("domain", ["dnis:614629", "DNIS:614629", "line:eth1.100"])
def test_radius_domain_of_a_subscriber(freeradius, start, domain):
    """A subscriber chooses its domain: it gets no tunnel of a called number or a line by it."""
    server = freeradius({"dnis:614629": CORP, "DNIS:614629": CORP, "line:eth1.100": CORP})
    daemon = start(server, more="search-order = { domain } aaa-failure = closed")
    assert daemon.ask(user=f"@{domain}")[0] == "local"
    assert not server.questions()
    row = daemon.source("radius")
    assert (row["state"], row["nothing"], row["unavailable"]) == ("up", 1, 0)
    assert "not asked" in str(daemon.ctl("explain", f"@{domain}"))


def test_radius_local_fallback(freeradius, start):
    """What RADIUS does not know, a group of this file has; and the other way round, by the order of sources."""
    server = freeradius()
    daemon = start(server, backup='domain = { "backup.example", "example.com" }')
    assert daemon.ask(user="bob@backup.example")[1]["PEER_IP"] == "192.0.2.99"
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.2"
    daemon.reload(conf(server, order="local, radius", backup='domain = { "backup.example", "example.com" }'))
    asked = len(server.questions())
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.99"
    assert len(server.questions()) == asked


def test_radius_seed(freeradius, start):
    """The Access-Accept of the recorded dial-in: dnis:614629 goes to 10.51.6.82 as hgw."""
    server = freeradius({"dnis:614629": ["Service-Type = Outbound-User", 'Cisco-AVPair += "vpdn:tunnel-type=l2tp"', 'Cisco-AVPair += "vpdn:tunnel-id=hgw"',
                                         'Cisco-AVPair += "vpdn:ip-addresses=10.51.6.82"', 'Cisco-AVPair += "vpdn:l2tp-tunnel-password=hello"']})
    daemon = start(server, more="search-order = { dnis, domain }")
    verdict, place = daemon.ask(user="2500-1", line=[("ACCESS_INTERFACE", "ttyS0")], access=TTY,
                                more=[("CALLED_NUMBER", b"614629"), ("CALLING_NUMBER", b"2085730592")])
    assert (verdict, place["PEER_IP"], place["LOCAL_NAME"], place["SECRET"]) == ("forward", "10.51.6.82", "hgw", b"hello")
    (question,) = server.questions()
    assert (question["User-Name"], question["Service-Type"], question["Called-Station-Id"], question["Calling-Station-Id"]) == (
        "dnis:614629", "Outbound-User", "614629", "2085730592")


def test_radius_service_type(freeradius, start):
    """An Access-Accept for another service than tunnels or PPP is as good as a Reject, whatever tunnels it has: RFC 2865, 5.6."""
    server = freeradius({"login.example": ["Service-Type = Login-User", *CORP], "framed.example": ["Service-Type = Framed-User", *CORP]})
    daemon = start(server, more="search-order = { domain } aaa-failure = closed")
    assert daemon.ask(user="alice@login.example")[0] == "local"
    assert "as good as a Reject: Service-Type 1" in str(daemon.ctl("explain", "alice@login.example"))
    assert daemon.ask(user="alice@framed.example")[0] == "forward"
    assert daemon.source("radius")["state"] == "up"


# ---- servers ----

def test_radius_down(freeradius, start):
    """Nobody listens: fail open, said once; fail closed refuses; it is taken again when it answers."""
    server = freeradius()
    server.stop()
    daemon = start(server, extra="dead-time = 1", backup='domain = "example.com"')
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.99"
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.99"
    assert daemon.text().count("source radius is unavailable") == 1
    assert daemon.text().count("left out for 1 s") == 1
    assert "Connection refused" in refused(daemon)
    daemon.reload(conf(server, extra="dead-time = 1", more="search-order = { domain } aaa-failure = closed", backup='domain = "example.com"'))
    assert daemon.ask()[0] == "reject"
    server.start()
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.2"
    daemon.await_log("source radius answers again")
    assert daemon.text().count("(authorization) answers again") == 1


def test_radius_timeout(scripted, start):
    """A server that says nothing: the same request again, octet by octet, then the end."""
    server = scripted(lambda request: [])
    daemon = start(server, backup='domain = "example.com"')
    began = time.monotonic()
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.99"
    assert 1.9 < time.monotonic() - began < 4
    assert len(server.requests) == 2 and server.requests[0] == server.requests[1]
    row = daemon.source("radius")["servers"][0]
    assert (row["state"], row["retransmitted"], row["failed"]) == ("down", 1, 1)


def test_radius_slower_than_the_decision(scripted, freeradius, start):
    """A server whose retries take longer than a decision may is left out all the same, so that the next call gets to the second one."""
    silent = scripted(lambda request: [], address="127.0.0.2")
    good = freeradius()
    first, second = Radius(silent.address, (silent.auth, silent.acct)), Radius(good.address, (good.auth, good.acct))
    first.conf = lambda: Radius.conf(first, "timeout = 2 retries = 5 priority = 1")
    second.conf = lambda: Radius.conf(second, "priority = 2")
    daemon = start(first, second)
    connection = daemon.subscriber(hold_ms=7000)
    assert daemon.outcome(connection)[0] == "local"
    assert [s["state"] for s in daemon.source("radius")["servers"]] == ["down", "not asked yet"]
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.2"


def test_radius_stop_while_asking(scripted, start):
    """Asking a dead server holds up neither another subscriber nor vpdnd's end."""
    server = scripted(lambda request: [])
    daemon = start(server, order="local, radius", backup='domain = "backup.example"')
    waiting = daemon.subscriber()
    assert daemon.ask(user="bob@backup.example")[0] == "forward"
    began = time.monotonic()
    daemon.process.terminate()
    daemon.process.wait(10)
    assert time.monotonic() - began < 3
    daemon.hang_up(waiting)


def test_radius_second_server(freeradius, scripted, start):
    """The first one is silent, then left out; the second one is asked with a request of its own; priorities count, not the order."""
    silent = scripted(lambda request: [], address="127.0.0.2")
    good = freeradius()
    first = Radius(silent.address, (silent.auth, silent.acct))
    first.conf = lambda: Radius.conf(first, "timeout = 1 retries = 0 priority = 1")
    second = Radius(good.address, (good.auth, good.acct))
    second.conf = lambda: Radius.conf(second, "timeout = 10 retries = 0 priority = 2")
    daemon = start(second, first)
    began = time.monotonic()
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.2"
    assert time.monotonic() - began > 0.9
    assert len(silent.requests) == 1
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.2"
    assert len(silent.requests) == 1
    servers = daemon.source("radius")["servers"]
    assert [(s["name"], s["state"]) for s in servers] == [(f"127.0.0.2:{silent.auth}", "down"), (f"127.0.0.1:{good.auth}", "up")]
    assert servers[0]["dead_s"] > 50
    assert "source radius is unavailable" not in daemon.text()


def test_radius_reload_while_asking(scripted, start):
    """A server that is taken out of vpdn.conf while it is asked has its answer taken, by the secret it was asked with; the next call does not
    ask it."""
    go = threading.Event()

    def late(request):
        go.wait(10)
        return [answer(request, ACCEPT, tagged(64, 1, 3) + attribute(67, b"\x01192.0.2.2"))]

    server = scripted(late)
    asked_of = Radius(server.address, (server.auth, server.acct))
    asked_of.conf = lambda: Radius.conf(asked_of, "timeout = 10 retries = 0")
    daemon = start(asked_of, backup='domain = "example.com"')
    connection = daemon.subscriber()
    await_condition(lambda: server.requests, "the question")
    daemon.reload("sources = { local }\n" + BACKUP.format(keys='domain = "example.com"'))
    go.set()
    place = daemon.place()
    assert place["PEER_IP"] == "192.0.2.2"
    daemon.end(connection, place)
    asked = len(server.requests)
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.99"
    assert len(server.requests) == asked


# ---- answers that are none ----

def test_radius_wrong_secret(freeradius, start):
    """A server with another secret sees it by the Message-Authenticator, and says nothing."""
    server = freeradius(secret="another-secret")
    daemon = start(Radius(server.address, (server.auth, server.acct)), backup='domain = "example.com"')
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.99"
    assert daemon.source("radius")["state"] == "down"
    assert "Shared secret is incorrect" in server.read("log") and not server.questions()


def test_radius_forged(scripted, start):
    """Answers made without the secret, for another request, or without Message-Authenticator (CVE-2024-3596) are not taken; the right one,
    which comes after them, is."""
    tunnel = tagged(64, 1, 3) + attribute(67, b"\x01203.0.113.66")
    good = tagged(64, 1, 3) + attribute(67, b"\x01192.0.2.2")

    def behave(request):
        assert request_mac_ok(request)
        damaged = bytearray(answer(request, ACCEPT, tunnel))
        damaged[22] ^= 1
        return [answer(request, ACCEPT, tunnel, secret="guessed"), answer(request, ACCEPT, tunnel, identifier=request[1] ^ 1),
                answer(request, ACCEPT, tunnel, mac=False), bytes(damaged), b"\2", answer(request, 5, tunnel), answer(request, ACCEPT, good)]

    server = scripted(behave)
    daemon = start(server)
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.2"
    assert daemon.source("radius")["servers"][0]["wrong_answers"] == 6
    assert daemon.text().count("answer not taken: wrong Response Authenticator") == 1      # a line a minute
    assert [kind for kind, _ in attributes(server.requests[0])][:2] == [MAC, 2]


def test_radius_without_message_authenticator(freeradius, start):
    """FreeRADIUS 3.2.1 as it is sends none: not taken, with a text that says why; require-message-authenticator = false takes it."""
    server = freeradius(mac=False)
    server.conf = lambda: Radius.conf(server)       # which does not wait long for an answer that counts
    daemon = start(server, backup='domain = "example.com"')
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.99"
    daemon.await_log("no Message-Authenticator (CVE-2024-3596)")
    assert "no answer that counts: no Message-Authenticator (CVE-2024-3596)" in refused(daemon)
    daemon.reload(conf(server, extra="require-message-authenticator = false"))
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.2"


@pytest.mark.parametrize("code,body,why", [
    (ACCEPT, tagged(64, 1, 3) + attribute(67, b"\x01lns.example.com"), "LNS \"lns.example.com\""),
    (ACCEPT, tagged(64, 1, 1) + attribute(67, b"\x01192.0.2.2"), "no tunnel that could be made; not used: tag 1 (Tunnel-Type 1"),
    (ACCEPT, attribute(64, b"\x01\x00\x03"), "attribute 64 has 3 octets"),
    (ACCEPT, tagged(64, 1, 3) + attribute(67, b"\x01192.0.2.2") + attribute(69, b"\x01\x80\x01" + bytes(15)), "Tunnel-Password cannot be deciphered"),
    (ACCEPT, cisco("vpdn:tunnel-type=l2f") + cisco("vpdn:ip-addresses=192.0.2.2"), "vpdn:tunnel-type=l2f; allowed: l2tp"),
    (ACCEPT, cisco("vpdn:ip-addresses=\x1b[2J"), "vpdn:tunnel-type is missing"),
    (CHALLENGE, b"", "Access-Challenge"),
])
def test_radius_garbage(scripted, start, code, body, why):
    """Genuine answers that make no sense: the source is unavailable for this call, and says which attribute it was."""
    server = scripted(lambda request: [answer(request, code, body)])
    daemon = start(server, backup='domain = "example.com"')
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.99"
    assert f"127.0.0.1: Access-{'Accept' if code == ACCEPT else 'Challenge'}, " in refused(daemon)
    if code == ACCEPT:
        assert why in refused(daemon)


def test_radius_one_bad_record(freeradius, start):
    """Answers that make no sense among those that do: the log does not tell each time that the source goes and comes back."""
    daemon = start(freeradius({"example.com": CORP, "bad.example": ["Tunnel-Type:1 = PPTP"]}))
    for _ in range(5):
        assert daemon.ask("bob@bad.example")[0] == "local"
        assert daemon.ask()[0] == "forward"
    assert (daemon.source("radius")["unavailable"], daemon.source("radius")["forward"]) == (5, 5)
    assert daemon.text().count("source radius is unavailable") == 1
    assert daemon.text().count("source radius answers again") == 1
