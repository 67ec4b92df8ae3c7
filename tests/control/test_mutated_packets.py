# SPDX-License-Identifier: GPL-2.0-or-later
"""A million random and mutated packets, into tunnels and from strangers, against the sanitizers and with an eye on what is left."""
import os
import subprocess
import threading

import pytest

from conftest import helper
from xl2tpd_ipc import Node, group
from xl2tpd_wire import Peer, wait

PACKETS = 1000000           # of all tests together; MUTATED_PACKETS sets another number
SECONDS = 150               # for each test at most
SEEDS = os.environ.get("MUTATED_SEED", "1 7").split()
GONE = 90                       # 30 s for a half-open tunnel, 31 s for the retransmissions of its StopCCN, and a slow machine
LOG_MAX = 16 << 20
RSS_SLACK_KB = 8192
# The tunnels that the flood leaves behind find out soon that nobody is there any more.
OPTIONS = "force userspace = yes\nmax retries = 1\nhello interval = 3\n"

pytestmark = pytest.mark.builds("sanitized")


class Log(threading.Thread):
    """Keeps the daemon's log small, and sees what the sanitizers say before it goes."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.xl2tpd = daemon
        self.bad = None
        self.over = threading.Event()
        self.start()

    def look(self):
        text = self.xl2tpd.text()
        if "runtime error:" in text or "AddressSanitizer" in text:
            self.bad = text[-20000:]

    def run(self):
        while not self.over.wait(0.2) and self.xl2tpd.running():
            if os.path.getsize(self.xl2tpd.path) > LOG_MAX:
                self.look()
                os.truncate(self.xl2tpd.path, 0)

    def stop(self):
        self.over.set()
        self.join()
        self.look()


def flood(daemon, name, seed, count):
    """Packets from mutate_packets; what it did."""
    got = subprocess.run([helper("mutate_packets"), str(daemon.port), name, seed, str(count), str(SECONDS)], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, timeout=SECONDS + 60, text=True)
    assert got.returncode == 0 and daemon.running(), got.stderr + daemon.text()[-20000:]
    words = got.stdout.split()
    return {word: int(number) for word, number in zip(words[::2], words[1::2])}


def check(daemon, name, seed):
    log = Log(daemon)
    try:
        # memory is compared with what it was after a first flood: tables, buffers and the log have their size then
        flood(daemon, name, seed, 40000)
        wait(lambda: daemon.tunnels() == {}, "the tunnels of the first flood to be gone", GONE)
        before, fds = daemon.rss_kb(), daemon.fds()
        done = flood(daemon, name, seed, int(os.environ.get("MUTATED_PACKETS", PACKETS)) // (2 * len(SEEDS)))
        print("\n  seed %s: %s" % (seed, ", ".join("%d %s" % (n, word) for word, n in done.items())))
        assert done["tunnels"] >= done["packets"] // 10000 and done["calls"] >= done["packets"] // 500, done
        wait(lambda: daemon.tunnels() == {}, "the tunnels of the flood to be gone", GONE)
        assert log.bad is None, log.bad
        assert daemon.rss_kb() - before <= RSS_SLACK_KB
        assert daemon.fds() <= fds
        peer = Peer(daemon, tid=9)
        peer.open(name.encode())
        assert peer.hello()
        peer.close()
    finally:
        log.stop()
        assert log.bad is None, log.bad


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_packets(start, seed):
    daemon = start(options=OPTIONS, preload=[helper("fake_pppd.so")], env={"FAKE_PPPD": "/no/such/pppd"})
    check(daemon, "peer", seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_packets_of_the_module(seed):
    """Into the module's tunnels, whose groups want no authentication here."""
    tlvs = dict(group(secret=None, idle_s=300, pool=("10.1.0.1", "10.1.0.10", "10.1.255.11")), HELLO_S=3)
    node = Node(groups=[list(tlvs.items())], options="max retries = 1\n")
    template = node.template()
    over = threading.Event()

    def pppd():
        """Takes every call and drops it again."""
        template.socket.settimeout(0.2)
        while not over.is_set():
            try:
                template.socket.accept()[0].close()
            except OSError:
                pass

    def vpdnd():
        node.vpdnd.socket.settimeout(0.2)
        while not over.is_set():
            try:
                node.vpdnd.socket.recv(65536)
            except OSError:
                pass

    threads = [threading.Thread(target=run) for run in (pppd, vpdnd)]
    for thread in threads:
        thread.start()
    try:
        check(node.daemon, "LAC", seed)
    finally:
        over.set()
        for thread in threads:
            thread.join()
        node.stop()
