# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of RADIUS share: a vpdnd that asks servers and accounts at them, the servers, and a subscriber that is forwarded."""
import os
import socket

import pytest

from conftest import CHAP_TLVS, LINE
from radius import SECRET, FreeRadius, Scripted

TUNNEL_SECRET = "tunnel-secret-of-radius"
L2TP = ["Tunnel-Type:1 = L2TP", "Tunnel-Medium-Type:1 = IPv4"]
CORP = L2TP + ['Tunnel-Server-Endpoint:1 = "192.0.2.2"', f'Tunnel-Password:1 = "{TUNNEL_SECRET}"', 'Tunnel-Client-Auth-Id:1 = "LAC"']
USERS = {"example.com": CORP}
BACKUP = ('vpdn-group backup {{ request-dialin {{ protocol = l2tp {keys} }}\n'
          '  initiate-to "192.0.2.99" {{ }} local-name = "LAC" tunnel-authentication = false }}\n')


def conf(*servers, extra="", more="search-order = { domain }", order="radius, local", backup='domain = "backup.example"'):
    return (f'sources = {{ {order} }}\n{more}\nradius {{ {chr(10).join(s.conf() for s in servers)}\n nas-identifier = "lac1" {extra} }}\n'
            + BACKUP.format(keys=backup))


@pytest.fixture(name="freeradius")
def fixture_freeradius(tmp_path):
    """Makes FreeRADIUS servers: freeradius(users, ...)."""
    servers = []

    def make(users=None, **kwargs):
        servers.append(FreeRadius(tmp_path / f"freeradius{len(servers)}", USERS if users is None else users, **kwargs))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(name="scripted")
def fixture_scripted():
    servers = []

    def make(behave, **kwargs):
        servers.append(Scripted(behave, **kwargs))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(name="start")
def fixture_start(vpdnd):
    def make(*servers, env=None, **kwargs):
        return vpdnd(conf(*servers, **kwargs), env=env, secrets=[TUNNEL_SECRET, SECRET])
    return make


def octets(text):
    """As FreeRADIUS prints what its dictionary has as octets."""
    return "0x" + text.encode().hex()


STATS = "10 {} 20 {}"


@pytest.fixture(name="accounted")
def fixture_accounted(freeradius, start, tmp_path):
    """A daemon whose sessions are accounted for, on a kernel without PPP (fake_ppp.c), and for which time goes `speed` times as fast
    (fake_clock.c): (server, daemon, set counters)."""
    stats = tmp_path / "stats"
    stats.write_text("")

    def make(server=None, extra="", speed=1, **kwargs):
        server = server or freeradius()
        env = {"LD_PRELOAD": " ".join((os.environ["FAKE_PPP"], os.environ["FAKE_CLOCK_SO"])), "FAKE_CLOCK": f"speed={speed}", "ASAN_OPTIONS": "verify_asan_link_order=0", "FAKE_L2TP_STATS": str(stats)}
        return server, start(server, env=env, extra=f"accounting = true {extra}", **kwargs), stats.write_text

    return make


class Session:
    """A forwarded subscriber whose pppd stays parked."""

    def __init__(self, daemon, user="alice@example.com", serial=4711, line=LINE, peer_name="LNS"):
        self.daemon = daemon
        self.plugin = daemon.subscriber(user, CHAP_TLVS, line)
        place = daemon.place()
        self.ref = place["CALL_REF"]
        daemon.module.say("L2TP_TUNNEL_STATE", ("TUNNEL_ID", 10), ("TUNNEL_STATE", 2), ("PEER_IP", place["PEER_IP"]), ("SESSIONS", 1),
                          ("SOURCE_IP", "192.0.2.1"), ("PEER_NAME", peer_name))
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK) for _ in range(2)]
        (self.l2tp, ours), (self.access, channel) = pairs
        daemon.module.say("L2TP_CALL_READY", ("CALL_REF", self.ref), ("TUNNEL_ID", 10), ("PEER_TUNNEL_ID", 20), ("SESSION_ID", 30),
                          ("PEER_SESSION_ID", 40), ("CALL_SERIAL", serial), fds=[ours.fileno()])
        self.plugin.expect("SUBSCRIBER_FORWARD")
        self.plugin.say("SUBSCRIBER_CHANNEL", ("PARKED", 1), fds=[channel.fileno()] * 2)
        daemon.module.expect("L2TP_CALL_CONNECT", CALL_REF=self.ref)
        ours.close()
        channel.close()

    def cleared(self, by=2, stage=3):
        self.daemon.module.say("L2TP_CALL_CLEARED", ("CALL_REF", self.ref), ("STAGE", stage), ("BY", by), ("RESULT", 3), ("TEXT", "over"))

    def close(self):
        self.l2tp.close()
        self.access.close()
