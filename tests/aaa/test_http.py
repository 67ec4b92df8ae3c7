# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdnd asks real HTTPS servers where calls go: what they are asked, what becomes of each answer, and of none."""
import os
import re
import select
import subprocess
import sys
import threading
import time

import pytest

import conftest
from conftest import CHAP_TLVS, PAP_TLVS, PASSWORD, RESPONSE, TTY
from https import AAA, Authority, Deaf, Raw, Server, forward, unused_port
from waiting import await_condition

LOCALHOST = "DNS:localhost,IP:127.0.0.1"
TUNNEL_SECRET = "tunnel-secret"


@pytest.fixture(scope="session", name="ca")
def fixture_ca(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("ca")), "ca")


@pytest.fixture(scope="session", name="certificate")
def fixture_certificate(ca):
    return ca.issue("localhost", LOCALHOST)


@pytest.fixture(name="serve")
def fixture_serve(certificate):
    """Makes HTTPS servers: serve(answer or behaviour, ...). What they were asked must have fitted the schema."""
    servers = []

    def make(answer=None, **kwargs):
        servers.append(Server(answer, **{"certificate": certificate, **kwargs}))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()
        assert not server.wrong, server.wrong


@pytest.fixture(name="start")
def fixture_start(vpdnd, ca):
    """Makes daemons that ask these servers or URLs, with further settings of the http block, and of the file."""

    def conf(*urls, extra="", more=""):
        urls = ", ".join(f'"{url if isinstance(url, str) else url.url()}"' for url in urls)
        return (f'sources = {{ http, local }}\n{more}\nhttp {{ url = {{ {urls} }} ca-file = "{ca.certificate}" {extra} }}\n'
                'vpdn-group backup { request-dialin { protocol = l2tp domain = { "backup.example" } }\n'
                '  initiate-to "192.0.2.99" { } local-name = "LAC" tunnel-authentication = false }\n')

    def make(*urls, extra="", more="", **kwargs):
        return vpdnd(conf(*urls, extra=extra, more=more), secrets=[TUNNEL_SECRET], **kwargs)

    make.conf = conf
    return make


def trace_of(daemon, *words):
    """explain's steps, in one text."""
    return "\n".join(daemon.ctl("explain", *words)["steps"])


def server_row(daemon, i=0):
    return daemon.source("http")["servers"][i]


# ---- answers ----


def test_http_ok(serve, start):
    server = serve(forward("192.0.2.2", "192.0.2.3", name="corp", hello=33, idle_timeout=7))
    daemon = start(server)
    verdict, place = daemon.ask("alice@example.com", more=[("SUB_ADDRESS", "77"), ("CALLING_NUMBER", "0201234"), ("CALLED_NUMBER", "614629"),
                                                           ("TX_SPEED", 16000000), ("RX_SPEED", 1024000),
                                                           ("NAS_PORT", "Uniq-Sess-ID7"),
                                                           ("AVP", b"\x0d\xe9\x00\x81\x00\x00\x0f\xa0\x00"),
                                                           ("AVP", b"\x0d\xe9\x00\x90\x00\x01\x02\x03")])
    assert verdict == "forward"
    assert (place["PEER_IP"], place["LOCAL_NAME"], place["SECRET"], place["TUNNEL_AUTH"]) == ("192.0.2.2", "LAC", TUNNEL_SECRET.encode(), 1)
    assert (place["GROUP"], place["HELLO_S"], place["IDLE_S"]) == ("http:corp", 33, 7)
    question, = server.questions
    assert {name: question[name] for name in ("user", "name", "domain", "dnis", "clid", "access", "explain")} == {
        "user": "alice@example.com", "name": "alice", "domain": "example.com", "dnis": "614629", "clid": "0201234",
        "access": "pppoe", "explain": False}
    assert question["nas"] == os.uname().nodename
    assert question["key"] == {"kind": "domain", "value": "example.com"}
    assert question["line"] == {"interface": "eth1.100", "vlan": "100", "mac": "02:00:5e:00:53:01", "circuit_id": "dslam7 atm 0/3:8.35",
                                "remote_id": "house 7", "items": {
                                    "calling_number": "0201234", "called_number": "614629", "sub_address": "77", "nas_port": "Uniq-Sess-ID7",
                                    "tx_connect_speed": 16000000, "rx_connect_speed": 1024000, "agent_circuit_id": "dslam7 atm 0/3:8.35",
                                    "agent_remote_id": "house 7", "actual_data_rate_upstream": 1024000, "access_loop_encapsulation": "010203"}}
    assert "credentials" not in question and RESPONSE.hex() not in str(question)
    header = server.headers[0]
    assert header["Content-Type"] == "application/json" and header["User-Agent"].startswith("vpdnd/") and "Expect" not in header
    row = server_row(daemon)
    assert (row["name"], row["asked"], row["answered"], row["failed"], row["state"]) == (server.url(), 1, 1, 0, "up")
    assert server.url() in daemon.table("show", "aaa")


def test_http_second_lns(serve, start):
    """The LNSs of an answer are tried by preference, and their password goes to nobody else."""
    daemon = start(serve(forward("192.0.2.2", "192.0.2.3")))
    connection = daemon.subscriber()
    first = daemon.place(PEER_IP="192.0.2.2")
    daemon.module.say("L2TP_CALL_CLEARED", ("CALL_REF", first["CALL_REF"]), ("STAGE", 1), ("BY", 3), ("TEXT", "no answer"))
    daemon.end(connection, daemon.place(PEER_IP="192.0.2.3"))
    shown = str(daemon.ctl("show")) + str(daemon.ctl("show", "aaa")) + str(daemon.ctl("explain", "alice@example.com", "--line", "eth1"))
    assert TUNNEL_SECRET not in shown


def test_http_reject(serve, start):
    daemon = start(serve({"result": "reject", "text": "unpaid since May"}))
    verdict, text = daemon.ask()
    assert verdict == "reject" and "unpaid since May" in text


def test_http_local(serve, start):
    daemon = start(serve({"result": "local"}))
    assert daemon.ask("alice@backup.example")[0] == "local"


def test_http_nothing(serve, start):
    """A server that does not know a call leaves it to the next source, and is asked once, not once a key."""
    server = serve({"result": "nothing"})
    daemon = start(server)
    verdict, place = daemon.ask("alice@backup.example")
    assert (verdict, place["GROUP"], place["PEER_IP"]) == ("forward", "backup", "192.0.2.99")
    assert len(server.questions) == 1
    assert daemon.ask("alice@elsewhere.example")[0] == "local"


def test_http_explain(serve, start):
    server = serve(forward("192.0.2.2", name="corp"))
    daemon = start(server)
    answer = daemon.ctl("explain", "alice@example.com", "--line", "eth1.100.7", "--dnis", "614629")
    assert answer["group"] == "http:corp" and answer["peers"][0]["ip"] == "192.0.2.2"
    assert f"{server.url()}: 200: forward, 1 tunnel" in str(answer["steps"])
    question, = server.questions
    assert question["explain"] is True and question["access"] is None and question["line"]["vlan"] == "100.7"


@pytest.mark.parametrize("text", ["\u00e4" * 63, "x" + "\u00e4" * 63], ids=["even", "odd"])
def test_http_long_text(serve, start, text):
    """A text beyond ASCII is told as far as there is room, wherever that cuts it."""
    daemon = start(serve({"result": "reject", "text": text}))
    explained = daemon.ctl("explain", "alice@example.com")
    assert "says so" in explained["reason"] and "200: reject: " in str(explained["steps"])
    assert daemon.ask()[0] == "reject"


def test_http_odd_octets(serve, start):
    """A subscriber's name is any octets; the question stays JSON."""
    server = serve({"result": "local"})
    daemon = start(server)
    for user in (b"al\xffice\"\\\x01@example.com", "älice@exämple.com".encode()):
        assert daemon.ask(user)[0] == "local"
    assert [question["name"] for question in server.questions] == ["al\\xffice\\x22\\x5c\\x01", "älice"]


# ---- no answer, or none that can be understood ----


def test_http_slow(serve, start):
    """The answer comes too late: the call is decided without it, in time."""
    server = serve(lambda question: Raw.answer({"result": "reject"}, wait=20))
    daemon = start(server, extra="timeout = 1")
    begin = time.monotonic()
    assert daemon.ask("alice@backup.example")[1]["GROUP"] == "backup"
    assert 0.8 < time.monotonic() - begin < 4
    assert server_row(daemon)["failed"] == 1 and server.at_once == 1, "the server has answered"
    assert "source http is unavailable" in daemon.text()


def test_http_deaf(start):
    """A server that takes connections and says nothing, not even in TLS."""
    deaf = Deaf()
    daemon = start(deaf, extra="timeout = 1", more="aaa-failure = closed")
    begin = time.monotonic()
    verdict, _ = daemon.ask()
    assert verdict == "reject" and 0.8 < time.monotonic() - begin < 4
    deaf.stop()


def test_http_down(start):
    """Nobody listens: fail open takes the other sources, fail closed refuses; said once a change."""
    url = f"https://localhost:{unused_port()}/"
    daemon = start(url)
    for _ in range(3):
        assert daemon.ask("alice@backup.example")[1]["GROUP"] == "backup"
    assert daemon.text().count("source http is unavailable") == 1
    row = server_row(daemon)
    assert (row["failed"], row["answered"], row["state"]) == (3, 0, "dead") and "onnect" in row["last_error"]
    daemon.reload(start.conf(url, more="aaa-failure = closed"))
    assert daemon.ask("alice@backup.example")[0] == "reject"


def test_http_up_again(serve, start):
    port = unused_port()
    daemon = start(f"https://localhost:{port}/")
    assert daemon.ask()[0] == "local"
    serve(forward("192.0.2.2"), port=port)
    assert daemon.ask()[0] == "forward"
    assert "source http answers again" in daemon.text()


def test_http_name_not_found(start):
    """A name that does not resolve, by libcurl's thread; the daemon answers others meanwhile."""
    daemon = start("https://no-such-host.invalid/", extra="timeout = 2")
    assert daemon.ask("alice@backup.example")[1]["GROUP"] == "backup"
    assert server_row(daemon)["failed"] == 1


def test_http_slow_name_server(serve, start):
    """The name server is gone for 20 seconds: vpdnd waits for it nowhere, neither at the time-out, nor when the subscriber goes, nor at its
    end."""
    env = {"LD_PRELOAD": os.environ["SLOW_RESOLVER"], "ASAN_OPTIONS": "verify_asan_link_order=0"}
    server = serve({"result": "local", "ttl": 0})
    daemon = start("https://slow.example/", server, extra="timeout = 10 url-timeout = 2", env=env)
    begin = time.monotonic()
    waiting = daemon.subscriber()
    assert len(daemon.ctl("show", "session")["sessions"]) == 1, "it is served after the subscriber"
    assert daemon.outcome(waiting)[0] == "local" and len(server.questions) == 1
    assert 1.9 < time.monotonic() - begin < 15
    daemon.reload(start.conf("https://slow.example/", "https://slower.example/", extra="timeout = 10"))
    waiting = daemon.subscriber()
    await_condition(lambda: daemon.source("http")["under_way"] == 1, "the request")
    begin = time.monotonic()
    daemon.hang_up(waiting)
    await_condition(lambda: daemon.source("http")["under_way"] == 0, "the end of the request")
    daemon.subscriber("bob@example.com")
    await_condition(lambda: daemon.source("http")["under_way"] == 1, "the request")
    daemon.process.terminate()
    assert daemon.process.wait(15) == 0 and time.monotonic() - begin < 15


GARBAGE = {
    "no_http": b"\x00\x01\x02 what?\r\n\r\n",
    "no_json": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n<html/>   ",
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{",
    "nothing_at_all": b"",
    "status_500": b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    "status_404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n{\"result\":\"local\"}",
    "status_204": b"HTTP/1.1 204 No Content\r\n\r\n",
}


@pytest.mark.parametrize("what", GARBAGE)
def test_http_garbage(serve, start, what):
    server = serve(lambda question: Raw(GARBAGE[what]))
    daemon = start(server, extra="timeout = 2")
    assert daemon.ask("alice@backup.example")[1]["GROUP"] == "backup"
    row = server_row(daemon)
    assert (row["failed"], row["answered"]) == (1, 0) and row["last_error"]
    assert server.questions


@pytest.mark.parametrize("what", ["no_json", "status_500"])
def test_http_garbage_for_one(serve, start, what):
    """What a server cannot answer for one subscriber does not make it dead for others, who would get old answers meanwhile."""
    result = forward("192.0.2.2", ttl=1)
    server = serve(lambda question: Raw(GARBAGE[what]) if question["name"] == "mallory" else result)
    daemon = start(server)
    assert daemon.ask()[0] == "forward"
    result = {"result": "reject"}
    time.sleep(1.1)
    assert daemon.ask("mallory@example.com")[0] == "local"
    assert server_row(daemon)["state"] == "up" and server_row(daemon)["failed"] == 1
    assert daemon.ask()[0] == "reject"
    for i in range(5):
        assert daemon.ask("mallory@example.com")[0] == "local"
        assert daemon.ask(f"user{i}@example.com")[0] == "reject"
    assert daemon.text().count(f"source http: {server.url()}") == 1


def test_http_wrong_member(serve, start):
    """Place and reason are said, the password beside it is not."""
    answer = forward("192.0.2.2")
    answer["tunnels"][0]["prefrence"] = 3
    daemon = start(serve(lambda question: Raw.answer(answer)))
    assert daemon.ask("alice@backup.example")[1]["GROUP"] == "backup"
    assert "answer: tunnels[0].prefrence: is not known here" in server_row(daemon)["last_error"]
    assert TUNNEL_SECRET not in str(daemon.ctl("show", "aaa"))


@pytest.mark.parametrize("chunked", [False, True])
def test_http_too_big(serve, start, chunked):
    """An answer above max-answer is cut off, whether its length is said before or not."""
    body = b'{"result": "local", "x_": "' + 70000 * b"x" + b'"}'
    raw = (Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)) if chunked
           else Raw.answer(body))
    daemon = start(serve(lambda question: raw))
    assert daemon.ask("alice@backup.example")[1]["GROUP"] == "backup"
    assert "more than 65536 octets" in server_row(daemon)["last_error"]


def test_http_redirect(serve, start):
    elsewhere = serve({"result": "reject"})
    server = serve(lambda question: Raw.answer(b"", status="307 Temporary Redirect", more=f"Location: {elsewhere.url()}\r\n".encode()))
    daemon = start(server)
    assert daemon.ask("alice@backup.example")[1]["GROUP"] == "backup"
    assert "redirect" in server_row(daemon)["last_error"] and not elsewhere.questions


def test_http_no_proxy(serve, start):
    """What the environment says of proxies does not count."""
    proxy = serve({"result": "reject"}, certificate=None)
    server = serve(forward("192.0.2.2"))
    env = {name: f"http://127.0.0.1:{proxy.port}" for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")}
    daemon = start(server, env=env)
    assert daemon.ask()[0] == "forward"
    assert not proxy.connected


# ---- TLS, and who asks ----


def test_http_tls_bad(serve, start, tmp_path):
    """A certificate of an authority that is not in ca-file."""
    other = Authority(str(tmp_path), "other")
    server = serve({"result": "local"}, certificate=other.issue("localhost", LOCALHOST))
    daemon = start(server, more="aaa-failure = closed")
    verdict, _ = daemon.ask()
    assert verdict == "reject" and not server.questions
    assert "certificate" in server_row(daemon)["last_error"]


def test_http_wrong_host(serve, start, ca):
    """A good certificate, for another name."""
    server = serve({"result": "local"}, certificate=ca.issue("elsewhere", "DNS:aaa.example"))
    daemon = start(server, more="aaa-failure = closed")
    assert daemon.ask()[0] == "reject" and not server.questions


def test_http_client_certificate(serve, start, ca):
    certificate, key = ca.issue("lac1", "DNS:lac1.example")
    os.chmod(key, 0o600)
    server = serve(forward("192.0.2.2"), client_ca=ca.certificate)
    with_it = start(server, extra=f'certificate = "{certificate}" key = "{key}"')
    assert with_it.ask()[0] == "forward"
    without = start(server, more="aaa-failure = closed")
    assert without.ask()[0] == "reject" and len(server.questions) == 1


def secret_file(tmp_path, text):
    path = tmp_path / "secret"
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def test_http_bearer(serve, start, tmp_path):
    server = serve(forward("192.0.2.2"), authorization="Bearer s3cret.token")
    daemon = start(server, extra=f'bearer-file = "{secret_file(tmp_path, "s3cret.token")}"')
    daemon.secrets.append("s3cret.token")
    assert daemon.ask()[0] == "forward"
    assert "s3cret.token" not in str(daemon.ctl("show", "aaa"))
    assert start(server, more="aaa-failure = closed").ask()[0] == "reject"


def test_http_basic(serve, start, tmp_path):
    server = serve(forward("192.0.2.2"), authorization="Basic bGFjMTpwYXNzOndvcmQ=")
    daemon = start(server, extra=f'user = "lac1" password-file = "{secret_file(tmp_path, "pass:word")}"')
    daemon.secrets.append("pass:word")
    assert daemon.ask()[0] == "forward"


def test_http_credentials(serve, start):
    """They are sent when that is wanted, and what is said of them is not taken for another who calls."""
    server = serve({"result": "local"})
    daemon = start(server, extra="send-credentials = true")
    assert daemon.ask()[0] == "local"
    assert daemon.ask(credentials=PAP_TLVS)[0] == "local"
    chap, pap = (question["credentials"] for question in server.questions)
    assert chap == {"method": "chap", "id": 6, "challenge_hex": bytes(range(16)).hex(), "response_hex": RESPONSE.hex()}
    assert pap == {"method": "pap", "id": 7, "password_hex": PASSWORD.encode().hex()}
    assert daemon.source("http")["cache_entries"] == 0
    daemon.secrets.append(PASSWORD.encode().hex())


# ---- several URLs, cache ----


def test_http_second_url(serve, start):
    """The first URL is down: the second one is asked, for the next calls at once."""
    server = serve(forward("192.0.2.2", ttl=0))
    daemon = start(f"https://localhost:{unused_port()}/", server)
    for _ in range(3):
        assert daemon.ask()[0] == "forward"
    first, second = daemon.source("http")["servers"]
    assert daemon.text().count(f"source http: {first['name']}: ") == 1
    assert (first["asked"], first["failed"], first["state"]) == (1, 1, "dead")
    assert (second["asked"], second["answered"], second["state"]) == (3, 3, "up")
    assert "unavailable" not in daemon.text()


def test_http_second_url_slow_first(serve, start):
    """The first one hangs: there is time left for the second."""
    daemon = start(serve(lambda question: Raw(wait=20)), serve(forward("192.0.2.2")), extra="timeout = 4")
    begin = time.monotonic()
    assert daemon.ask()[0] == "forward"
    assert time.monotonic() - begin > 1.8


def test_http_second_url_garbage_first(serve, start):
    daemon = start(serve(lambda question: Raw.answer(b"?")), serve(forward("192.0.2.2")))
    assert daemon.ask()[0] == "forward"


def test_http_cached(serve, start):
    """One answer serves the calls it is valid for, until its time is over or somebody says so."""
    server = serve(lambda question: forward("192.0.2.2", valid_for=["domain"], ttl=1 if question["domain"] == "brief.example" else 600))
    daemon = start(server)
    assert daemon.ask("alice@example.com")[0] == "forward"
    assert daemon.ask("bob@EXAMPLE.com", line=[("ACCESS_INTERFACE", "eth7")])[0] == "forward"
    assert len(server.questions) == 1
    assert re.search(r"cache, \d+ s old: forward, 1 tunnel", trace_of(daemon, "carol@example.com", "--line", "eth9"))
    assert daemon.ask("bob@other.example")[0] == "forward" and len(server.questions) == 2
    shown = daemon.source("http")
    assert (shown["cache_entries"], shown["cache_hits"], shown["cache_stale"]) == (2, 2, 0)
    for asked in (3, 4):
        assert daemon.ask("bob@brief.example")[0] == "forward" and len(server.questions) == asked
        time.sleep(1.1)
    assert daemon.ask("bob@example.com")[0] == "forward" and len(server.questions) == 4
    assert daemon.ctl("clear", "aaa-cache") == {"cleared": 3}
    assert daemon.ask("bob@example.com")[0] == "forward" and len(server.questions) == 5


def test_http_cached_call(serve, start):
    """Without valid_for an answer is for the same subscriber on the same line."""
    server = serve({"result": "reject"})
    daemon = start(server)
    for user, line in (("a@example.com", conftest.LINE), ("a@example.com", conftest.LINE), ("b@example.com", conftest.LINE),
                       ("a@example.com", [("CIRCUIT_ID", b"another")])):
        assert daemon.ask(user, line=line)[0] == "reject"
    assert [(question["user"], question["line"]["circuit_id"]) for question in server.questions] == [
        ("a@example.com", "dslam7 atm 0/3:8.35"), ("b@example.com", "dslam7 atm 0/3:8.35"), ("a@example.com", "another")]


def test_http_stale(serve, start):
    """An answer that has run out is used while no server answers, as long as stale-if-error says."""
    server = serve(forward("192.0.2.2", valid_for=["domain"], ttl=1))
    daemon = start(server, extra="stale-if-error = 600", more="aaa-failure = closed")
    assert daemon.ask()[0] == "forward"
    server.behave = lambda question: Raw.answer(b"", status="503 Service Unavailable")
    time.sleep(1.1)
    assert daemon.ask()[0] == "forward"
    assert daemon.source("http")["cache_stale"] == 1
    asked = len(server.questions)
    # Who has failed just now is not waited for when there is an old answer.
    assert "a short while ago: status 503" in trace_of(daemon, "alice@example.com")
    assert daemon.ask()[0] == "forward" and len(server.questions) == asked
    assert "source http is unavailable" in daemon.text()
    daemon.reload(start.conf(server, extra="stale-if-error = 1", more="aaa-failure = closed"))
    time.sleep(1)
    assert daemon.ask()[0] == "reject"
    server.behave = lambda question: forward("192.0.2.3")
    assert daemon.ask()[1]["PEER_IP"] == "192.0.2.3"


def test_http_reload(serve, start):
    """Other URLs: what the former ones said is forgotten; the same ones: it stays."""
    first, second = serve({"result": "reject"}), serve({"result": "local"})
    daemon = start(first)
    assert daemon.ask()[0] == "reject"
    daemon.reload(start.conf(first))
    assert daemon.ask()[0] == "reject" and len(first.questions) == 1
    daemon.reload(start.conf(second))
    assert daemon.ask()[0] == "local" and len(second.questions) == 1


def test_http_reload_meanwhile(serve, start):
    """What the former server says after the reload goes to who has asked it, and to nobody else."""
    go = threading.Event()
    first, second = serve(lambda question: go.wait(10) and {"result": "reject"}), serve({"result": "local"})
    daemon = start(first, extra="timeout = 10")
    connection = daemon.subscriber()
    await_condition(lambda: first.questions, "the question")
    daemon.reload(start.conf(second))
    go.set()
    assert daemon.outcome(connection)[0] == "reject"
    assert daemon.ask()[0] == "local" and len(second.questions) == 1


# ---- many, cancelled ----


def test_http_reused_connection(serve, start):
    server = serve({"result": "local", "ttl": 0})
    daemon = start(server)
    for i in range(5):
        assert daemon.ask(f"user{i}@example.com")[0] == "local"
    assert (len(server.questions), server.connected) == (5, 1)


def test_http_connection_closed(serve, start):
    """A connection that the server has closed without a word meanwhile is no failure."""
    server = serve(lambda question: Raw.answer({"result": "local", "ttl": 0}, close=True))
    daemon = start(server)
    for i in range(3):
        assert daemon.ask(f"user{i}@example.com")[0] == "local"
    assert (len(server.questions), server.connected, server_row(daemon)["failed"]) == (3, 3, 0)


def test_http_cancelled(serve, start):
    """The subscriber hangs up while a server is asked: the request ends, and nothing is left of it."""
    server = serve(lambda question: Raw(wait=30))
    daemon = start(server, extra="timeout = 10")
    connection = daemon.subscriber()
    await_condition(lambda: server.questions, "the question")
    assert daemon.source("http")["under_way"] == 1
    daemon.hang_up(connection)
    await_condition(lambda: daemon.source("http")["under_way"] == 0, "the end of the request")
    assert conftest.fds_and_connections(daemon.process.pid)[1] == 0


def test_http_stop(serve, start):
    """vpdnd is stopped while it asks: the subscriber is told, and it ends at once."""
    server = serve(lambda question: Raw(wait=30))
    daemon = start(server, extra="timeout = 10")
    connection = daemon.subscriber()
    await_condition(lambda: server.questions, "the question")
    begin = time.monotonic()
    daemon.process.terminate()
    assert connection.expect("SUBSCRIBER_REJECT")
    assert daemon.process.wait(10) == 0 and time.monotonic() - begin < 5


def test_http_equal_questions(serve, start):
    """The same question by two at once is asked once; one of them may go."""
    go = threading.Event()
    server = serve(lambda question: go.wait(10) and {"result": "local"})
    daemon = start(server, extra="timeout = 10")
    first, second, third = daemon.subscriber(), daemon.subscriber(), daemon.subscriber()
    await_condition(lambda: daemon.source("http")["asked_together"] == 2, "three that wait for one answer")
    daemon.hang_up(first)
    await_condition(lambda: len(daemon.ctl("show", "session")["sessions"]) == 2, "the end of the first one")
    go.set()
    assert daemon.outcome(second)[0] == "local" and daemon.outcome(third)[0] == "local"
    assert len(server.questions) == 1


def test_http_many_at_once(serve, start):
    """300 calls in one go: each gets its own answer; 64 are asked at once, by as many connections, which all the others use again."""
    server = serve(lambda question: Raw.answer({"result": "reject", "text": "no " + question["name"], "ttl": 0}, wait=0.05))
    daemon = start(server, extra="timeout = 10")
    waiting = {f"user{i}": daemon.subscriber(f"user{i}@example.com") for i in range(300)}
    for name, connection in waiting.items():
        verdict, text = daemon.outcome(connection, 60)
        assert verdict == "reject" and f"no {name}" in text + " "
    assert len(server.questions) == 300 and server.most_at_once <= 64
    assert server.connected <= 64


def test_http_responsive(serve, start):
    """While 200 questions are waiting for a slow server, vpdnd serves others."""
    server = serve(lambda question: Raw(wait=30))
    daemon = start(server, extra="timeout = 5")
    waiting = [daemon.subscriber(f"user{i}@example.com") for i in range(200)]
    await_condition(lambda: daemon.source("http")["under_way"] == 64, "64 requests")
    assert len(daemon.ctl("show", "session")["sessions"]) == 200
    assert not select.select([connection.socket for connection in waiting], [], [], 0)[0], "they have their answers already"
    for connection in waiting:
        assert daemon.outcome(connection, 60)[0] == "local"
    shown = daemon.source("http")
    assert (shown["under_way"], shown["waiting"]) == (0, 0)


# ---- the sample ----


def test_http_sample_server(start, ca, certificate, tmp_path):
    """The server that is shipped, with its table, as its own process: TLS, client certificate and bearer token."""
    client, key = ca.issue("lac2", "DNS:lac2.example")
    os.chmod(key, 0o600)
    token = secret_file(tmp_path, "sample-token")
    command = [sys.executable, f"{AAA}/aaa-server", f"{AAA}/table.json", "--port", "0", "--certificate", certificate[0], "--key", certificate[1],
               "--client-ca", ca.certificate, "--bearer-file", str(token)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            port = int(process.stdout.readline().split()[1])
            daemon = start(f"https://localhost:{port}/", extra=f'certificate = "{client}" key = "{key}" bearer-file = "{token}"')
            verdict, place = daemon.ask("alice@example.com")
            assert (verdict, place["PEER_IP"], place["GROUP"]) == ("forward", "192.0.2.2", "http:corp")
            verdict, text = daemon.ask("mallory@example.com")
            assert verdict == "reject" and "unpaid" in text
            assert daemon.ask("alice@unknown.example")[0] == "local"
        finally:
            process.terminate()


def test_http_tty(serve, start):
    server = serve({"result": "local"})
    daemon = start(server)
    assert daemon.ask("bob", access=TTY, line=[("ACCESS_INTERFACE", "ttyS3")], credentials=CHAP_TLVS)[0] == "local"
    question, = server.questions
    assert (question["access"], question["domain"], question["line"]["interface"], question["line"]["vlan"]) == ("tty", None, "ttyS3", None)
