# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdnctl metrics, read with Prometheus' own parser: what is counted and timed of calls, tunnels, peers and sources, and what must not be in it."""
import os
import re
import shlex
import subprocess
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from https import Authority, Server, forward, unused_port
from waiting import await_equal

UNITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs", "units")

CONF = """
sources = { local }
vpdn-group corp {
  request-dialin { protocol = l2tp domain = { "example.com" } }
  initiate-to "192.0.2.2" { priority = 1 }
  initiate-to "192.0.2.3" { priority = 2 port = 1702 limit = 7 }
  tunnel-password = "tunnel-secret"  connect-timeout = 2  limit = 9
}
vpdn-group lns {
  accept-dialin { protocol = l2tp ppp-template = "corp" }
  tunnel-authentication = false
}
"""
LAC = {"role": "lac", "direction": "dial-in"}
LNS = {"role": "lns", "direction": "dial-in"}
OPENING, ESTABLISHED, CLOSING, CLOSED = 1, 2, 3, 4
WAIT, CONNECTED, PPP_UP, CALL_CLOSING, CALL_CLOSED = 1, 2, 3, 4, 5


class Scrape:
    """One scrape. Wrong metrics end it here: Prometheus would refuse them too, or misread them."""

    def __init__(self, daemon):
        self.text = daemon.table("metrics")
        assert self.text.endswith("\n")
        self.samples = {}
        names = []
        for family in text_string_to_metric_families(self.text):
            assert family.documentation and family.type in ("counter", "gauge", "histogram"), family
            names.append(family.name)
            for s in family.samples:
                key = (s.name, tuple(sorted(s.labels.items())))
                assert key not in self.samples, "twice: %s" % (key,)
                assert s.value >= 0
                self.samples[key] = s.value
            if family.type == "histogram":
                self.check_histogram(family)
        assert len(names) == len(set(names)) and all(re.fullmatch("vpdn_[a-z0-9_]+", name) for name in names)

    @staticmethod
    def check_histogram(family):
        buckets = {}
        for s in family.samples:
            labels = tuple(sorted((k, v) for k, v in s.labels.items() if k != "le"))
            if s.name.endswith("_bucket"):
                buckets.setdefault(labels, []).append((float(s.labels["le"]), s.value))
        for labels, row in buckets.items():
            assert row == sorted(row) and [n for _, n in row] == sorted(n for _, n in row), row
            count, total = (next(s.value for s in family.samples if s.name == family.name + end and s.labels == dict(labels))
                            for end in ("_count", "_sum"))
            assert row[-1] == (float("inf"), count) and (total > 0) == (count > 0)

    def __call__(self, name, **labels):
        return self.samples[name, tuple(sorted(labels.items()))]

    def event(self, name):
        return self("vpdn_events_total", event=name)

    def calls(self, state, **kind):
        return self("vpdn_calls", state=state, **kind)

    def within(self, name, bound, **labels):
        """How many were at most that long, in seconds, as the text says the bound."""
        return self(name + "_bucket", le=bound, **labels)


@pytest.fixture(name="daemon")
def fixture_daemon(vpdnd):
    return vpdnd(CONF, secrets=["tunnel-secret"])


def test_metrics_of_a_new_daemon(daemon):
    got = Scrape(daemon)
    assert abs(got("vpdn_start_time_seconds") - time.time()) < 30
    assert got("vpdn_connected", daemon="xl2tpd") == 1 and got("vpdn_connected", daemon="vpdn-dialer") == 0
    counters = {c["name"]: c["value"] for c in daemon.ctl("show")["counters"]}
    assert {labels[0][1]: n for (name, labels), n in got.samples.items() if name == "vpdn_events_total"} == counters
    assert got("vpdn_group_limit", group="corp") == 9 and ("vpdn_group_limit", (("group", "lns"),)) not in got.samples
    assert got("vpdn_peer_limit", group="corp", peer="192.0.2.3:1702") == 7
    assert not any(n for (name, _), n in got.samples.items() if name in ("vpdn_calls", "vpdn_tunnels") or name.endswith("_seconds_count"))


def test_metrics_of_a_lac(daemon):
    """A call that the first LNS does not take and the second one does, until its subscriber hangs up; one without a group; none too many now."""
    assert daemon.ask(user="bob@example.net")[0] == "local"
    alice = daemon.subscriber()
    first = daemon.place()
    got = Scrape(daemon)
    assert got.calls("placing", **LAC) == 1 and got("vpdn_group_calls", group="corp") == 1
    assert got("vpdn_peer_calls", group="corp", peer="192.0.2.2") == 1 and got("vpdn_peer_dead", group="corp", peer="192.0.2.2") == 0
    assert got("vpdn_call_stage_seconds_count", stage="decision", **LAC) == 2 and got.within("vpdn_call_stage_seconds", "1", stage="decision", **LAC) == 2
    time.sleep(0.3)
    daemon.module.say("L2TP_CALL_CLEARED", ("CALL_REF", first["CALL_REF"]), ("STAGE", 1), ("BY", 3), ("TEXT", "no answer"))
    second = daemon.place()
    got = Scrape(daemon)
    assert got("vpdn_peer_dead", group="corp", peer="192.0.2.2") == 1 and got("vpdn_peer_calls", group="corp", peer="192.0.2.2") == 0
    assert got("vpdn_peer_failed_total", group="corp", peer="192.0.2.2") == 1 and got("vpdn_peer_calls", group="corp", peer="192.0.2.3:1702") == 1
    assert got("vpdn_peer_placed_total", group="corp", peer="192.0.2.2") == got("vpdn_peer_placed_total", group="corp", peer="192.0.2.3:1702") == 1
    assert got("vpdn_call_stage_seconds_count", stage="placing", **LAC) == 0
    daemon.end(alice, second)
    await_equal(lambda: Scrape(daemon).calls("clearing", **LAC), 0, "calls being cleared")
    got = Scrape(daemon)
    # both attempts are one stage
    assert got("vpdn_call_stage_seconds_count", stage="placing", **LAC) == 1 and got("vpdn_call_stage_seconds_sum", stage="placing", **LAC) >= 0.3
    assert got.within("vpdn_call_stage_seconds", "0.25", stage="placing", **LAC) == 0
    assert got("vpdn_call_setup_seconds_count", **LAC) == 0
    assert got.event("asked") == 2 and got.event("local") == 1 and got.event("placed") == 2 and got.event("failed_over") == 1
    assert got.event("gone_pending") == 1
    assert sum(n for (name, _), n in got.samples.items() if name == "vpdn_calls") == 0 and got("vpdn_group_calls", group="corp") == 0


def test_metrics_of_a_drained_peer(daemon):
    daemon.ctl("drain", "192.0.2.3")
    got = Scrape(daemon)
    assert got("vpdn_peer_draining", group="corp", peer="192.0.2.3:1702") == 1
    assert got("vpdn_peer_draining", group="corp", peer="192.0.2.2") == 0


def tunnel(daemon, number, state, outgoing):
    daemon.module.say("L2TP_TUNNEL_STATE", ("TUNNEL_ID", number), ("TUNNEL_STATE", state), ("OUTGOING", outgoing), ("PEER_IP", "192.0.2.9"),
                      ("SESSIONS", 1))


def call(daemon, session, state, *more):
    daemon.module.say("L2TP_CALL_STATE", ("TUNNEL_ID", 1), ("SESSION_ID", session), ("CALL_STATE", state), *more)


def test_metrics_of_an_lns(daemon):
    """Tunnels and calls as xl2tpd's module reports them. Of those that were there before, nobody knows how long they took."""
    for number, outgoing in ((1, 0), (2, 1)):
        tunnel(daemon, number, OPENING, outgoing)
    call(daemon, 1, WAIT)
    call(daemon, 2, WAIT)
    await_equal(lambda: Scrape(daemon).calls("waiting for ICCN", **LNS), 2, "calls waiting")
    assert Scrape(daemon)("vpdn_tunnels", opened_by="us", state="opening") == 1
    time.sleep(0.12)
    tunnel(daemon, 1, ESTABLISHED, 0)
    tunnel(daemon, 2, ESTABLISHED, 1)
    tunnel(daemon, 2, ESTABLISHED, 1)      # said again, with another number of sessions
    call(daemon, 1, CONNECTED)
    call(daemon, 1, PPP_UP, ("USER", "carol@example.org"), ("CALLING_NUMBER", "555123"))
    tunnel(daemon, 3, ESTABLISHED, 0)
    call(daemon, 3, PPP_UP)
    call(daemon, 2, CALL_CLOSING)
    await_equal(lambda: Scrape(daemon).calls("closing", **LNS), 1, "calls closing")
    got = Scrape(daemon)
    assert got.calls("up", **LNS) == 2 and got.calls("waiting for ICCN", **LNS) == 0
    assert got("vpdn_tunnels", opened_by="peer", state="established") == 2 and got("vpdn_tunnels", opened_by="us", state="established") == 1
    for ours in ("us", "peer"):
        assert got("vpdn_tunnel_setup_seconds_count", opened_by=ours) == 1 and got.within("vpdn_tunnel_setup_seconds", "0.1", opened_by=ours) == 0
    assert got("vpdn_call_stage_seconds_count", stage="iccn", **LNS) == 2 and got("vpdn_call_stage_seconds_sum", stage="iccn", **LNS) >= 0.24
    assert got("vpdn_call_stage_seconds_count", stage="ppp", **LNS) == 1 and got("vpdn_call_setup_seconds_count", **LNS) == 1
    for secret in ("carol", "555123", "tunnel-secret", "alice"):
        assert secret not in got.text
    for session in (1, 2, 3):
        call(daemon, session, CALL_CLOSED)
    for number in (1, 2, 3):
        tunnel(daemon, number, CLOSED, number == 2)
    await_equal(lambda: sum(n for (name, _), n in Scrape(daemon).samples.items() if name in ("vpdn_calls", "vpdn_tunnels")), 0, "calls and tunnels")


def test_metrics_when_xl2tpd_goes(daemon):
    tunnel(daemon, 1, OPENING, 0)
    call(daemon, 1, WAIT)
    await_equal(lambda: Scrape(daemon).calls("waiting for ICCN", **LNS), 1, "calls waiting")
    daemon.hang_up(daemon.module)
    await_equal(lambda: Scrape(daemon)("vpdn_connected", daemon="xl2tpd"), 0, "xl2tpd connected")
    got = Scrape(daemon)
    assert sum(n for (name, _), n in got.samples.items() if name in ("vpdn_calls", "vpdn_tunnels")) == 0
    daemon.module = daemon.hello(2)
    daemon.module.expect("L2TP_CONFIG_END")


def test_metrics_of_sources(vpdnd, tmp_path):
    """Of the servers of a source, and of the LNSs that they name: by source and address, and not one for each domain."""
    authority = Authority(str(tmp_path), "ca")
    server = Server(forward("192.0.2.2"), certificate=authority.issue("localhost", "DNS:localhost,IP:127.0.0.1"))
    down = "https://localhost:%d/" % unused_port()
    conf = CONF.replace("{ local }", "{ http, local }").replace("example.com", "not.example") + \
        'http { url = { "%s", "%s" } ca-file = "%s" timeout = 2 cache-time = 0 }\n' % (down, server.url(), authority.certificate)
    daemon = vpdnd(conf)
    try:
        got = Scrape(daemon)
        assert ("vpdn_aaa_up", (("source", "http"),)) not in got.samples
        calls = []
        for name in ("one.example", "two.example"):
            connection = daemon.subscriber("alice@" + name)
            calls.append((connection, daemon.place()))
        got = Scrape(daemon)
        assert got("vpdn_aaa_up", source="http") == 1 and got("vpdn_aaa_answers_total", source="http", verdict="forward") == 2
        assert got("vpdn_aaa_server_requests_total", source="http", server=server.url(), result="answered") == 2
        assert got("vpdn_aaa_server_requests_total", source="http", server=down, result="failed") >= 1
        assert got("vpdn_peer_calls", group="http", peer="192.0.2.2") == 2 and got("vpdn_peers_left_out") == 0
        assert "one.example" not in got.text and ("vpdn_peer_placed_total", (("group", "http"), ("peer", "192.0.2.2"))) not in got.samples
        for connection, place in calls:
            daemon.end(connection, place)
        await_equal(lambda: Scrape(daemon).calls("clearing", **LAC), 0, "calls being cleared")
        assert Scrape(daemon)("vpdn_peer_calls", group="http", peer="192.0.2.2") == 0
    finally:
        server.stop()


def test_metrics_file_for_node_exporter(daemon, tmp_path):
    """The command of vpdn-metrics.service: a whole file each time, for everybody to read; none when vpdnd is gone."""
    with open(os.path.join(UNITS, "vpdn-metrics.service"), encoding="utf-8") as f:
        command, = [line.split("=", 1)[1] for line in f if line.startswith("ExecStart=")]
    binary = tmp_path / "bin" / "vpdnctl"
    binary.parent.mkdir()
    binary.write_text('#!/bin/sh\nexec %s --socket "$SOCKET" "$@"\n' % os.environ["VPDNCTL"])
    binary.chmod(0o755)
    into = tmp_path / "node-exporter"
    into.mkdir()

    def run(socket):
        return subprocess.run(shlex.split(command), cwd=into, umask=0o022, check=False, stderr=subprocess.DEVNULL,
                              env={**os.environ, "PATH": "%s:%s" % (binary.parent, os.environ["PATH"]), "SOCKET": socket}).returncode

    assert run(daemon.socket_path) == 0 and os.listdir(into) == ["vpdn.prom"]
    assert (into / "vpdn.prom").stat().st_mode & 0o777 == 0o644
    assert list(text_string_to_metric_families((into / "vpdn.prom").read_text())) != []
    assert run(daemon.socket_path + ".gone") == 1 and os.listdir(into) == []
