# SPDX-License-Identifier: GPL-2.0-or-later
"""
Thousands of tunnels and calls: what each takes in time and memory, and that it takes no more when there are many. Without PPP in
the kernel: the kernel's sockets and pppd are stand-ins, so that the figures are xl2tpd's own.
"""
import os
import time

import pytest

from conftest import helper
from observed import descriptors
from xl2tpd_ipc import Node, group
from xl2tpd_wire import Calling, HELLO, ICCN, ICRP, ICRQ, Peer, avp, message, u16, u32

CALL_BYTES, TUNNEL_BYTES = 2048, 8192       # that an idle one may take
GROWTH = 1.5            # of the time for a call, from the first hundred to ten thousand
IDLE_CPU = 0.01         # of a CPU
ROUNDS, ROUND = 5, 100  # a time is the least of so many measurements, each of so many calls
WINDOW = 4              # of the peer


def establish(peer, sids):
    """Calls with these ids of ours, as fast as the window lets us."""
    sids, under_way = list(sids), 0
    while sids or under_way:
        while sids and under_way < WINDOW:
            sid = sids.pop()
            peer.send(message(ICRQ, avp(14, u16(sid)), avp(15, u32(sid))))
            under_way += 1
        got = peer.expect(ICRP)
        peer.send(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), got.number(14))
        under_way -= 1
    assert peer.hello()     # everything before it has been handled


def take(daemon, work):
    """CPU seconds of the daemon, an item of work's ROUND."""
    before = daemon.cpu()
    work()
    return (daemon.cpu() - before) / ROUND


def hellos(peer):
    for _ in range(ROUND):
        peer.send(message(HELLO))
        peer.expect(None)


def idle_cpu(daemon, seconds=3):
    before = daemon.cpu()
    time.sleep(seconds)     # what is measured is that time
    return (daemon.cpu() - before) / seconds


@pytest.fixture
def figures(capsys):
    def show(text):
        with capsys.disabled():
            print("\n  " + text, end="", flush=True)
    return show


def test_ten_thousand_calls(start, tmp_path, figures):
    """Of two daemons one has 100 calls first and the other 10,000. They take turns, so that what else the machine does is the same
    for both."""
    pppd = tmp_path / "pppd"
    daemons = [start(fake_kernel=True, fake_pppd=True, env={"FAKE_PPPD": str(pppd)},
                     sections="[lns default]\nip range = 10.98.0.1-10.99.255.254\nlocal ip = 10.97.0.1\n") for _ in range(2)]
    peers = [Peer(daemon).open() for daemon in daemons]
    many = daemons[1]
    establish(peers[0], range(1, 101))
    establish(peers[1], range(1, 1001))
    before = many.rss_kb()
    establish(peers[1], range(1001, 10001))
    size = (many.rss_kb() - before) * 1024 / 9000
    idle = idle_cpu(many)

    call, hello = [1e9, 1e9], [1e9, 1e9]
    pppd.symlink_to(helper("idle_pppd"))
    for at in range(20001, 20001 + ROUNDS * ROUND, ROUND):
        for i, (daemon, peer) in enumerate(zip(daemons, peers)):
            call[i] = min(call[i], take(daemon, lambda: establish(peer, range(at, at + ROUND))))
            hello[i] = min(hello[i], take(daemon, lambda: hellos(peer)))

    figures("10,000 calls in a tunnel: %.0f us CPU a call (%.0f at 100), %.1f us a message (%.1f), %.0f bytes a call, idle %.2f %% of a CPU"
            % (call[1] * 1e6, call[0] * 1e6, hello[1] * 1e6, hello[0] * 1e6, size, idle * 100))
    assert [d.tunnels()[p.their_tid] for d, p in zip(daemons, peers)] == [100 + ROUNDS * ROUND, 10000 + ROUNDS * ROUND]
    assert size <= CALL_BYTES
    assert call[1] <= GROWTH * call[0]
    assert hello[1] <= GROWTH * hello[0]
    assert idle <= IDLE_CPU
    for peer in peers:
        peer.close()


@descriptors(4096)
def test_memory_of_calls_of_the_module(figures):
    """The same for a call of an LNS whose pppd a template has made, and that is up, with everything known of it."""
    node = Node(groups=[group(secret=None, pool=("10.1.0.1", "10.1.0.2", "10.1.255.254"))])
    try:
        template, peer, calls = node.template(), Calling(node.daemon), []
        peer.open_as(secret=None)
        for sid in range(1, 901):
            if sid == 401:        # of 900
                before = node.daemon.rss_kb()
            theirs = peer.call(sid, avp(22, b"02:00:00:00:%02x:%02x" % divmod(sid, 256)), avp(21, b"614629"))
            peer.send(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), theirs)
            call = template.accept()
            started = call.read()
            for fd in started.fds:
                os.close(fd)
            call.say("CALL_STARTED", ("PID", 4242), flags=1, seq=started.seq)
            call.say("CALL_UP", ("IFNAME", "ppp%d" % sid), ("USER", "user%d@example.com" % sid), ("LOCAL_IP", "10.1.0.1"),
                     ("REMOTE_IP", "10.1.0.10"))
            node.vpdnd.expect("L2TP_CALL_STATE", IFNAME="ppp%d" % sid)
            calls.append(call)
        size = (node.daemon.rss_kb() - before) * 1024 / 500
        figures("calls of the module: %.0f bytes each" % size)
        assert size <= CALL_BYTES
    finally:
        for call in calls:
            call.socket.close()
        peer.close()
        node.stop()


@descriptors(4096)
def test_thousand_tunnels(start, tmp_path, figures):
    """Two descriptors each: more than select() can wait for. The time for a tunnel is shown only: the kernel looks at all sockets
    of the port when one more is bound to it."""
    daemon = start(fake_kernel=True, fake_pppd=True, env={"FAKE_PPPD": str(tmp_path / "none")},
                   sections="[lns default]\nip range = 10.98.0.1-10.99.255.254\nlocal ip = 10.97.0.1\n")
    peers, cost, sizes = [], [], []
    try:
        for tid in range(1, 1001):
            if tid in (1, 101, 901):
                begin = daemon.cpu()
            peers.append(Peer(daemon, tid).open())
            if tid in (100, 200, 1000):
                cost.append((daemon.cpu() - begin) / 100)
                sizes.append(daemon.rss_kb())
        size = (sizes[2] - sizes[0]) * 1024 / 900
        for peer in peers:
            establish(peer, [1])
        idle = idle_cpu(daemon)
        figures("1,000 tunnels: %.0f us CPU a tunnel (%.0f at 100), %.0f bytes a tunnel, idle %.2f %% of a CPU"
                % (cost[2] * 1e6, cost[1] * 1e6, size, idle * 100))
        assert daemon.fds() > 2000
        assert sorted(daemon.tunnels().values()) == [1] * 1000
        assert size <= TUNNEL_BYTES
        assert idle <= IDLE_CPU
        assert all(peer.hello() for peer in peers)
    finally:
        for peer in peers:
            peer.close()
