# SPDX-License-Identifier: GPL-2.0-or-later
"""How xl2tpd ends: every peer is told, and nobody is waited for too long."""
import os
import signal
import time

import pytest

from xl2tpd_wire import SCCRQ, STOPCCN, Peer, control, message, sccrq_avps, u16

BOTH = pytest.mark.builds("ordinary", "sanitized")
STOP_TIMEOUT = 3


def ended(daemon, seconds):
    """Its exit status, and after how long; None when it has not ended."""
    begin = time.monotonic()
    while daemon.process.poll() is None and time.monotonic() < begin + seconds:
        time.sleep(0.01)
    return daemon.process.poll(), time.monotonic() - begin


@BOTH
def test_graceful_stop(start):
    """StopCCN with result 6 to all, calls or not; it is said again to those who missed it; the end comes with the last acknowledgement."""
    daemon = start()
    peers = [Peer(daemon, tid=i + 1).open() for i in range(20)]
    for peer in peers[:10]:
        peer.call(1)
    late = peers[7]
    late.acknowledge = False
    daemon.process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    for peer in peers:
        got = peer.expect(STOPCCN)
        assert (got.value(1)[:2], got.number(9)) == (u16(6), peer.their_tid)
    assert daemon.running()
    stranger = Peer(daemon)
    stranger.raw(control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(99))))
    late.nr -= 1
    assert late.expect(STOPCCN).ns == late.nr - 1
    assert 0.8 < time.monotonic() - begin < 1.5
    assert list(stranger.everything(0.1)) == []
    late.zlb()
    status, after = ended(daemon, STOP_TIMEOUT)
    assert status == 0 and after < 0.3, (status, after)
    assert not os.path.exists(daemon.pipe) and not os.path.exists(os.path.join(daemon.dir, "pid"))
    for peer in peers + [stranger]:
        peer.close()


def test_stop_without_tunnels(start):
    daemon = start()
    daemon.process.send_signal(signal.SIGTERM)
    status, after = ended(daemon, STOP_TIMEOUT)
    assert status == 0 and after < 0.3, (status, after)


def test_stop_is_bounded(start):
    """The peer is gone: it is told as often as there is time for, and no longer."""
    daemon = start()
    peer = Peer(daemon).open()
    peer.acknowledge = False
    daemon.process.send_signal(signal.SIGINT)
    status, after = ended(daemon, STOP_TIMEOUT + 1)
    assert status == 0 and STOP_TIMEOUT - 0.1 < after < STOP_TIMEOUT + 0.3, (status, after)
    assert [got.type for got in peer.everything(0.1)].count(STOPCCN) >= 2
    peer.close()


def test_second_signal_ends_at_once(start):
    daemon = start()
    peer = Peer(daemon).open()
    peer.acknowledge = False
    daemon.process.send_signal(signal.SIGTERM)
    assert peer.expect(STOPCCN)
    daemon.process.send_signal(signal.SIGTERM)
    status, after = ended(daemon, STOP_TIMEOUT)
    assert status == 0 and after < 0.3, (status, after)
    peer.close()
