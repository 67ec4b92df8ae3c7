# SPDX-License-Identifier: GPL-2.0-or-later
"""The LAC asks an HTTPS server where its subscribers go, and does what becomes of them when that is ill.

A subscriber that the server does not forward goes to the LNS B, by a vpdn-group: which LNS gets a call tells who decided.
"""

import time

import aaa
import labnet
import roles
from choice import group
from decode import Control, Ppp
from labnet import Topology

A, B = Topology.LNS, "172.16.0.12"
BACKUP = group("backup", 'domain = { "example.com" }', B)
SETTINGS = "timeout = 1  cache-time = 0"
FORWARD = {"domains": {"example.com": aaa.forward(aaa.tunnel(A), name="corp")}}


def conf(failure="open", settings=SETTINGS, **options):
    return f"sources = {{ http, local }}\naaa-failure = {failure}\n" + aaa.http_block(settings, **options) + BACKUP


def started(choice, lab, table, **options):
    """(LAC with the LNSs A and B, the server that it asks first)"""
    server = aaa.HttpServer(lab, table)
    return choice(conf(**options), (A, B)), server


def timed(net, user=roles.USER):
    """(what a dial led to, seconds between CHAP Response and what came of it)"""
    taken = net.dial(user)
    log = taken.subscriber.log
    asked = next(when for when, _, packet in log if isinstance(packet, Ppp) and packet.code == "Response")
    return taken, time.monotonic() - asked


def test_http_ok(dialin, lab):
    """configs/lac-http: the answer's name, password and LNS make the tunnel; the subscriber is up through it."""
    lab.secrets.add("tunnel-secret-of-aaa")
    server = aaa.HttpServer(lab, {"domains": {"example.com": aaa.forward(
        {"server_endpoint": Topology.LNS, "client_auth_id": "LAC-of-AAA", "password": "tunnel-secret-of-aaa"},
        name="corp")}})
    net = dialin(lac={"conf": labnet.sample("lac-http/etc/vpdn/vpdn.conf", {
        '"https://aaa1.example/vpdn", "https://aaa2.example/vpdn"': f'"{aaa.URL}"', "/etc/vpdn/aaa-ca.pem": f"{aaa.DIR}/server.pem",
        "/etc/vpdn/aaa-token": f"{aaa.DIR}/token", roles.SAMPLE_LNS: B, f'"{roles.SAMPLE_LAC}"': f'"{Topology.LAC}"'})},
                 lns={"changes": {'terminate-from = { "LAC" }': 'terminate-from = { "LAC-of-AAA" }',
                                  roles.TUNNEL_SECRET: "tunnel-secret-of-aaa"}})
    client = roles.dial(lab)
    lab.client.ping(roles.POOL_LOCAL)
    sccrq, = net.core.packets(Control, message="SCCRQ")
    assert sccrq.value(7) == b"LAC-of-AAA" and sccrq.value(11) is not None
    assert server.asked() == 1
    session, = net.lac.show("session")["sessions"]
    assert session["group"] == "http:corp"
    steps = "\n".join(net.lac.show("session", str(session["id"]))["sessions"][0]["decisions"])
    assert f"{aaa.URL}: 200: forward, 1 tunnel" in steps and f"LNS {Topology.LNS} is asked" in steps
    client.stop()
    net.core.await_packet(Control, message="StopCCN")
    assert aaa.connections(lab.lac) == 1, "the connection is kept for the next question"
    aaa.await_same(net.lac, *net.before)


def test_http_reject(choice, lab):
    """Refused with the server's words in the log; no LNS is asked."""
    net, _ = started(choice, lab, {"users": {roles.USER: {"result": "reject", "text": "unpaid since May"}}})
    alice = net.dial(roles.USER)
    assert alice.lns is None and alice.subscriber.error is not None
    assert alice.foretold["outcome"] == "reject" and "unpaid since May" in alice.foretold["reason"]
    net.lac.await_log("refused: .*unpaid since May.*user=alice")
    assert net.dial("carol@example.com").lns == B, "of whom the server knows nothing"
    assert not net.lns[A].messages
    net.assert_nothing_left()


def test_http_local(choice, lab):
    """The LAC's own pppd serves whom the server says is local, whatever a group would do."""
    server = aaa.HttpServer(lab, {"users": {roles.LOCAL_USER: {"result": "local"}}})
    net = choice(conf() + group("all", "default = true", A), (A, B))
    bob = net.dial(roles.LOCAL_USER)
    assert bob.foretold["outcome"] == "local" and bob.subscriber.state == "up"
    bob.subscriber.ping(roles.LAC_LOCAL)
    server.answer({})
    assert net.dial(roles.LOCAL_USER).lns == A
    net.assert_nothing_left()


def test_http_slow(choice, lab):
    """The server hangs: the group takes over when its time is up, and its answers count again when it wakes."""
    net, server = started(choice, lab, FORWARD)
    assert net.dial(roles.USER).lns == A
    server.freeze()
    taken, seconds = timed(net)
    assert taken.lns == B and 0.8 < seconds < 4
    server.freeze(False)
    net.lac.vpdnctl("clear", "dead")
    assert net.dial(roles.USER).lns == A
    net.lac.await_log("source http answers again")
    net.assert_nothing_left()


def test_http_down(choice, lab):
    """No server: open takes the group, closed refuses; the log says so once a change, not once a call."""
    net, server = started(choice, lab, FORWARD)
    server.stop()
    assert [net.dial(roles.USER).lns for _ in range(3)] == [B, B, B]
    assert net.lac.vpdnd.count("source http is unavailable") == 1
    shown, = [row for row in net.lac.show("aaa")["sources"] if row["name"] == "http"]
    assert shown["servers"][0]["state"] == "dead" and shown["servers"][0]["answered"] == 0
    net.reload(conf("closed"))
    alice = net.dial(roles.USER)
    assert alice.lns is None and alice.foretold["outcome"] == "reject"
    server.start()
    net.reload(conf("closed", SETTINGS + " # anew"))
    assert net.dial(roles.USER).lns == A
    assert net.lac.vpdnd.count("source http answers again") == 1
    net.assert_nothing_left()


def test_http_garbage(choice, lab):
    """What is no answer is none: a result that does not exist, a tunnel without an LNS, no object at all."""
    net, server = started(choice, lab, {})
    for answer in ({"result": "forwrad"}, aaa.forward({"client_auth_id": "LAC"}), ["forward"], aaa.forward(aaa.tunnel("lns.example"))):
        server.answer({"default": answer})
        taken = net.dial(roles.USER)
        assert taken.lns == B
    assert not net.lns[A].messages
    server.answer(FORWARD)
    assert net.dial(roles.USER).lns == A
    net.assert_nothing_left()


def test_http_tls_bad(choice, lab):
    """A server that the authority of ca-file does not vouch for gets no question, and decides nothing."""
    net, server = started(choice, lab, FORWARD, ca="/etc/ssl/certs/ca-certificates.crt")
    taken = net.dial(roles.USER)
    assert taken.lns == B and "certificate" in "\n".join(taken.foretold["steps"])
    assert not server.asked()
    net.reload(conf())
    assert net.dial(roles.USER).lns == A
    net.assert_nothing_left()


def test_http_stale(choice, lab):
    """An answer that has run out is used while no server answers; who has none goes by the groups."""
    net, server = started(choice, lab, {"users": {roles.USER: aaa.forward(aaa.tunnel(A), valid_for=["user"])}},
                          settings="timeout = 1  cache-time = 1  stale-if-error = 600")
    assert net.dial(roles.USER).lns == A
    server.stop()
    time.sleep(1.1)     # cache-time
    assert net.dial("carol@example.com").lns == B, "of whom nothing is known"
    assert net.dial(roles.USER).lns == A
    assert "source http is unavailable" in net.lac.vpdnd.text()
    net.assert_nothing_left()


def test_explain_http(choice, lab):
    """explain prints the whole decision: whom it asked, what that said, and the LNSs in their order with their shares."""
    net, _ = started(choice, lab, {"domains": {"example.com": aaa.forward(
        aaa.tunnel(B, preference=2), aaa.tunnel(A, preference=1, weight=3), aaa.tunnel("172.16.0.13", preference=1), name="corp")}})
    text = net.lac.vpdnctl("explain", roles.USER, "--line", "eth1")
    lines = [line.split() for line in text.splitlines()]
    assert f"User {roles.USER}" in text and f"{aaa.URL}: 200: forward, 3 tunnels" in text
    assert "Forwarded: vpdn-group http:corp" in text
    table = {line[1]: (line[0], line[5]) for line in lines if len(line) > 5 and line[1].startswith("172.")}
    assert table == {A: ("1", "75"), "172.16.0.13": ("1", "25"), B: ("2", "100")}, text
    assert not net.lns[A].messages and not net.lns[B].messages, "no call was placed"
