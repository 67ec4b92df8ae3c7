# SPDX-License-Identifier: GPL-2.0-or-later
"""How xl2tpd ends: every peer is told, and nobody is waited for too long."""
import os
import signal

import pytest

from xl2tpd_wire import SCCRQ, STOPCCN, TIMEOUT, Peer, control, message, sccrq_avps, u16

BOTH = pytest.mark.builds("ordinary", "sanitized")
STOP_TIMEOUT = 3


@BOTH
def test_graceful_stop(start, clock):
    """StopCCN with result 6 to all, calls or not; it is said again to those who missed it; the end comes with the last acknowledgement."""
    daemon = start(fake_clock=clock.how)
    peers = [Peer(daemon, tid=i + 1).open() for i in range(20)]
    for peer in peers[:10]:
        peer.call(1)
    late = peers[7]
    late.acknowledge = False
    daemon.process.send_signal(signal.SIGTERM)
    for peer in peers:
        got = peer.expect(STOPCCN)
        assert (got.value(1)[:2], got.number(9)) == (u16(6), peer.their_tid)
    assert daemon.running()
    stranger = Peer(daemon)
    stranger.raw(control(0, 0, 0, 0, message(SCCRQ, *sccrq_avps(99))))
    clock.go(0.9, daemon)
    assert list(stranger.everything(0.1)) == list(late.everything(0)) == []
    clock.go(0.2, daemon)
    late.nr -= 1
    assert late.expect(STOPCCN).ns == late.nr - 1
    late.zlb()
    assert daemon.process.wait(TIMEOUT) == 0
    assert not daemon.logged("not acknowledged")
    assert not os.path.exists(daemon.pipe) and not os.path.exists(os.path.join(daemon.dir, "pid"))
    for peer in peers + [stranger]:
        peer.close()


def test_stop_without_tunnels(start, clock):
    """No time passes until the end."""
    daemon = start(fake_clock=clock.how)
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(TIMEOUT) == 0


def test_stop_is_bounded(start, clock):
    """The peer is gone: it is told as often as there is time for, and no longer."""
    daemon = start(fake_clock=clock.how)
    peer = Peer(daemon).open()
    peer.acknowledge = False
    daemon.process.send_signal(signal.SIGINT)
    assert peer.expect(STOPCCN)
    clock.go(STOP_TIMEOUT - 0.1, daemon)
    assert next(peer.everything(TIMEOUT)).type == STOPCCN
    assert daemon.running()
    clock.go(0.2, daemon)
    assert daemon.process.wait(TIMEOUT) == 0
    assert daemon.logged("1 tunnels are not acknowledged to be closed") == 1
    peer.close()


def test_second_signal_ends_at_once(start, clock):
    """No time passes until the end."""
    daemon = start(fake_clock=clock.how)
    peer = Peer(daemon).open()
    peer.acknowledge = False
    daemon.process.send_signal(signal.SIGTERM)
    assert peer.expect(STOPCCN)
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(TIMEOUT) == 0
    peer.close()
