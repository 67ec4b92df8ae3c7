# SPDX-License-Identifier: GPL-2.0-or-later
"""The control channel of a tunnel: numbering, windows, retransmission (RFC 2661, section 5.8 and appendix A)."""
import re
import signal
import time

import pytest

from conftest import settle
from scripted_peer import ScriptedPeer, large_buffer
from xl2tpd_wire import (CDN, HELLO, ICCN, ICRP, ICRQ, SCCCN, SCCRP, SCCRQ, STOPCCN, TIMEOUT, Peer, avp, control, message, sccrq_avps,
                         u16, u32, wait)

BOTH = pytest.mark.builds("ordinary", "sanitized")


def icrq(sid):
    return message(ICRQ, avp(14, u16(sid)), avp(15, u32(sid)))


def cdn(sid):
    return message(CDN, avp(1, u16(3)), avp(14, u16(sid)))


def test_control_wrap(start):
    """More than 70,000 messages each way on one tunnel, two under way at a time: both ends' Ns go round, and calls still come and go."""
    daemon = start()
    peer = Peer(daemon).open()

    def both(messages, answer):
        peer.acknowledge = False
        for payload in messages:
            peer.send(payload)
        end, got = time.monotonic() + TIMEOUT, []
        while len(got) < len(messages):
            assert time.monotonic() < end, "%d of %d answers" % (len(got), len(messages))
            packet = peer.receive(1.5)
            if packet is None:
                peer.zlb()          # after a timeout, on a slow machine, the daemon sends them one at a time
            elif packet.type == answer:
                got.append(packet)
        peer.acknowledge = True
        return got

    for call in range(1, 35001, 2):
        for sid, icrp in zip((call, call + 1), both((icrq(call), icrq(call + 1)), ICRP)):
            peer.send(cdn(sid), icrp.number(14))
            peer.expect(None)
    refused = message(ICRQ, avp(14, u16(1)), avp(15, u32(1)), avp(55, b"?", vendor=9))
    while peer.nr <= 70000:
        both((refused, refused), CDN)
        peer.zlb()
    assert peer.ns > 70000
    assert peer.hello()
    assert daemon.tunnels() == {peer.their_tid: 0}
    peer.close()


def test_control_wrap_of_hellos(start):
    """At 60 s each, 45 days and a bit of silence are 66,000 Hellos."""
    daemon = start(fake_clock="jump=8")
    peer = Peer(daemon).open()
    for hello in range(66000):
        assert peer.expect(HELLO).ns == hello + 1 & 0xFFFF
    assert peer.hello()
    assert daemon.tunnels() == {peer.their_tid: 0}
    peer.close()


@BOTH
def test_control_loss(start):
    """30 % loss, as many duplicates and late packets, both ways: 200 calls come up and go, half of them closed by either end."""
    calls, loss, speed = 200, 0.3, 40
    daemon = start(fake_clock="speed=%d" % speed, fake_pppd=True, options="max retries = 20",
                   sections="[lns default]\nip range = 10.99.0.2-10.99.15.254\nlocal ip = 10.99.0.1\ntunnel rws = 32\n")
    peer = ScriptedPeer(daemon, loss, timeout=1 / speed, window=32, rws=32).open()
    for sid in range(1, calls + 1):
        peer.say(icrq(sid))
    answered = 0
    while answered < calls:
        assert peer.run(lambda: len(peer.of_type(ICRP)) > answered, 30), "%d of %d calls have an ICRP" % (answered, calls)
        for got in peer.of_type(ICRP)[answered:]:
            peer.say(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), got.number(14))
            answered += 1
    assert peer.run(lambda: daemon.logged("Call established") == calls, 30), daemon.text()
    assert daemon.tunnels() == {peer.their_tid: calls}
    ours = {got.sid: got.number(14) for got in peer.of_type(ICRP)}
    assert len(set(ours.values())) == calls and set(ours) == set(range(1, calls + 1))

    for sid in range(1, calls + 1, 2):
        peer.say(cdn(sid), ours[sid])
        daemon.command("h %d" % ours[sid + 1])
    assert peer.run(lambda: not peer.queue and len(peer.of_type(CDN)) == calls // 2, 30)
    assert {got.sid for got in peer.of_type(CDN)} == set(range(2, calls + 1, 2))
    assert peer.run(lambda: daemon.tunnels() == {peer.their_tid: 0}, 30), daemon.tunnels()

    # A message and its acknowledgement both get through with (1 - loss)^2, so that one is on the wire 1 / (1 - loss)^2 times on
    # average when each goes alone. Many go at once and one acknowledgement is for all, which makes it less; going back to the first
    # that is not acknowledged makes it more.
    messages = len(peer.transmissions)
    bound = messages / (1 - loss) ** 2
    print("%d messages, %d retransmissions, at most %d" % (messages, peer.retransmissions(), bound))
    assert messages >= calls + calls // 2
    assert 0 < peer.retransmissions() <= bound
    peer.close()


@pytest.mark.parametrize("window", [1, 4, 32768])
def test_control_window(start, clock, window):
    """Never more than the peer has room for, and slow start up to that: 1, 2, 4... messages without an acknowledgement."""
    daemon = start(fake_clock=clock.how)
    peer = Peer(daemon)
    peer.acknowledge = False
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid), avp(10, u16(window))))
    peer.expect(SCCRP)
    peer.send(message(SCCCN))           # acknowledges the SCCRP
    calls = 200
    bursts = []
    for sid in range(1, calls + 1):
        peer.send(icrq(sid))
        if sid % 50 == 0:
            wait(lambda: daemon.tunnels()[peer.their_tid] == sid, "the ICRQs to be handled")
    received = 0
    while received < (calls if window > 1 else 20):
        settle(daemon)
        burst = [got for got in peer.everything(0) if got.avps]
        assert [got.ns for got in burst] == list(range(received + 1, received + 1 + len(burst))), bursts
        bursts.append(len(burst))
        received += len(burst)
        peer.nr = received + 1
        peer.zlb()
    expected = []
    while sum(expected) < received:
        expected.append(min(window, 2 ** (len(expected) + 1), calls - sum(expected)))
    assert bursts[1:] == expected[1:], bursts
    assert peer.hello()
    peer.close()


def messages(peer, seconds):
    return [got for got in peer.everything(seconds) if got.avps]


@pytest.mark.parametrize("cap,intervals", [(None, [1, 2, 4, 8, 8]), (2, [1, 2, 2, 2, 2])])
def test_retransmission_backs_off(start, clock, cap, intervals):
    """Doubling from one second to the cap, the first message only, and StopCCN after the last of "max retries"."""
    daemon = start(fake_clock=clock.how, options="cap backoff = %d" % cap if cap else "")
    peer = Peer(daemon).open()
    peer.acknowledge = False
    peer.send(icrq(1))
    peer.send(icrq(2))
    assert [peer.expect(ICRP).ns for _ in range(2)] == [1, 2]
    for interval in intervals:
        clock.go(interval * 0.9, daemon)
        assert messages(peer, 0.1) == []
        clock.go(interval * 0.2, daemon)
        again = next(peer.everything(TIMEOUT))
        assert (again.type, again.ns) == (ICRP, 1)
    clock.go(intervals[-1] * 0.9, daemon)
    assert messages(peer, 0.1) == [] and not daemon.logged("Maximum retries exceeded")
    clock.go(intervals[-1] * 0.2, daemon)
    daemon.await_log("Maximum retries exceeded")
    wait(lambda: clock.go(1, daemon) or daemon.tunnels() == {}, "the tunnel to go")
    peer.close()


@BOTH
def test_early_messages_are_kept(start):
    """Within the window that the daemon said (4); they are handled in order once what was missing has come."""
    daemon = start()
    peer = Peer(daemon).open()
    first = peer.ns
    for ahead in (3, 1, 2, 1, 4, 200):
        peer.ns = first + ahead
        peer.send(icrq(ahead + 1))
    assert peer.receive(0.3) is None
    peer.ns = first
    peer.send(icrq(1))
    assert [peer.expect(ICRP).sid for _ in range(4)] == [1, 2, 3, 4]
    assert not any(got.type == ICRP for got in peer.everything(0.3))
    peer.ns = first + 4
    assert peer.hello()
    assert daemon.tunnels() == {peer.their_tid: 4}
    peer.close()


@BOTH
def test_early_request_with_an_id_of_before(start):
    """A peer may give its session id to another call as soon as it has closed the first, also when the two messages change places."""
    daemon = start()
    peer = Peer(daemon).open()
    first = peer.call(7)
    peer.ns += 1
    peer.send(icrq(7))
    peer.ns -= 2
    peer.send(cdn(7), first)
    assert peer.expect(ICRP).sid == 7
    peer.ns += 1
    assert peer.hello()
    assert daemon.tunnels() == {peer.their_tid: 1}
    peer.close()


@BOTH
def test_zlb_is_never_answered(start):
    """Whatever its numbers are, or two daemons would answer each other for ever. They do not harm the tunnel either."""
    daemon = start()
    peer = Peer(daemon).open()
    peer.call(1)
    ns, nr = peer.ns, peer.nr
    for ahead in (0, 1, -1, 5, 1000, 32767, 32768, 40000):
        peer.ns = ns + ahead
        peer.zlb()
        peer.ns, peer.nr = ns, nr + ahead
        peer.zlb()
        peer.nr = nr
    assert list(peer.everything(0.5)) == []
    assert peer.hello()
    peer.close()


@BOTH
def test_repeated_message_is_acknowledged_again(start):
    """The acknowledgement may have been lost. Handled it is once."""
    daemon = start()
    peer = Peer(daemon).open()
    peer.send(icrq(1))
    peer.expect(ICRP)
    for _ in range(3):
        peer.ns -= 1
        peer.send(icrq(1))
        got = peer.expect(None)
        assert (got.ns, got.nr) == (peer.nr, peer.ns)
    assert daemon.tunnels() == {peer.their_tid: 1}
    peer.close()


@BOTH
def test_stopccn_is_acknowledged_again(start):
    """The tunnel is gone with the first one. The peer that missed the acknowledgement of it is told again, and nobody else is."""
    daemon = start()
    peer = Peer(daemon).open()
    stopccn = message(STOPCCN, avp(9, u16(peer.tid)), avp(1, u16(1)))
    for _ in range(3):
        peer.send(stopccn)
        got = peer.expect(None)
        assert (got.tid, got.nr) == (peer.tid, peer.ns)
        assert daemon.tunnels() == {}
        peer.ns -= 1
    for wrong in (message(HELLO), message(STOPCCN, avp(1, u16(1))), stopccn[:-1], b""):
        peer.raw(control(peer.their_tid, 0, peer.ns, peer.nr, wrong))
    assert list(peer.everything(0.2)) == []
    peer.close()


def counters(daemon, tid):
    """Those of the control channel, as SIGUSR1 has them logged."""
    before = daemon.logged("==========Config File")
    daemon.process.send_signal(signal.SIGUSR1)
    daemon.await_log("==========Config File", before + 1)
    line = [line for line in daemon.text().splitlines() if "Control channel of %d:" % tid in line][-1]
    return {name: int(number) for name, number in re.findall(r", ([a-zA-Z' ]+) (\d+)", "," + line.split("%d:" % tid)[1])}


def test_channel_counters(start, clock):
    """Every packet of the channel is counted once, as what it was."""
    daemon = start(fake_clock=clock.how)
    peer = Peer(daemon).open()                              # received 2, sent 1, ZLBs: received 1, sent 1
    peer.send(icrq(1))                                      # received 3, sent 2
    peer.expect(ICRP)                                       # ZLBs received 2
    peer.ns -= 1
    peer.send(icrq(1))                                      # duplicate 1
    peer.expect(None)                                       # ZLBs sent 2
    for ahead in (1, 1, 6):                                 # out of order 1, duplicate 2, dropped 1
        peer.ns += ahead
        peer.send(message(HELLO))
        peer.ns -= ahead + 1
    peer.send(message(HELLO))                               # received 5, both of them with one ZLB, sent 3
    peer.expect(None)
    peer.ns += 1
    peer.acknowledge = False
    peer.send(icrq(2))                                      # received 6, sent 3
    assert peer.receive().type == ICRP
    clock.go(1.1, daemon)
    assert next(peer.everything(TIMEOUT)).type == ICRP      # retransmitted 1
    peer.zlb()                                              # ZLBs received 3
    peer.acknowledge = True
    got = counters(daemon, peer.their_tid)
    assert got == {"sent": 3, "retransmitted": 1, "received": 6, "duplicate": 2, "out of order": 1, "dropped": 1, "ZLBs sent": 3,
                   "ZLBs received": 3, "peer's window": 4, "congestion window": 2, "under way": 0}
    peer.close()


def test_hello_after_silence(start, clock):
    """None while the peer says something now and then; one after the interval of its section, else the global one."""
    daemon = start(fake_clock=clock.how, options="hello interval = 20", sections="[lns slow]\nlac = 127.0.0.10\n"
                   "hello interval = 30\nassign ip = no\n[lns default]\nassign ip = no\n")
    for peer, interval in ((Peer(daemon), 20), (Peer(daemon, address="127.0.0.10"), 30)):
        peer.open()
        for _ in range(4):
            clock.go(interval * 0.9, daemon)
            assert messages(peer, 0.1) == []
            peer.send(message(HELLO))
            peer.expect(None)
        for _ in range(2):
            clock.go(interval * 0.9, daemon)
            assert messages(peer, 0.1) == []
            clock.go(interval * 0.2, daemon)
            peer.expect(HELLO)
            peer.send(message(HELLO))       # from now on is silence
            peer.expect(None)
        peer.close()


@BOTH
def test_call_flood(start):
    """2,000 ICRQs at once in one tunnel: every one gets its ICRP with an id of its own, and afterwards nothing is left."""
    calls = 2000
    daemon = start()
    peer = ScriptedPeer(daemon, timeout=0.3, window=calls, rws=64).open()
    begin = time.monotonic()
    before = daemon.rss_kb()
    for sid in range(1, calls + 1):
        peer.say(icrq(sid))
    assert peer.run(lambda: len(peer.of_type(ICRP)) == calls, 60), len(peer.of_type(ICRP))
    up = time.monotonic() - begin
    ours = {got.sid: got.number(14) for got in peer.of_type(ICRP)}
    assert len(ours) == calls and len(set(ours.values())) == calls and 0 not in ours.values()
    assert daemon.tunnels() == {peer.their_tid: calls}
    for sid in range(1, calls + 1):
        peer.say(cdn(sid), ours[sid])
    assert peer.run(lambda: not peer.queue, 60)
    assert daemon.tunnels() == {peer.their_tid: 0}
    print("%d calls up in %.2f s, gone in %.2f s, %d kB more" %
          (calls, up, time.monotonic() - begin - up, daemon.rss_kb() - before))
    peer.close()


def test_burst_is_not_lost(start):
    """1,500 messages while the daemon has no time for any: all are there when it has, and nobody needs to send one again."""
    daemon = start()
    peer = Peer(daemon).open()
    large_buffer(peer.socket)
    daemon.process.send_signal(signal.SIGSTOP)
    for _ in range(1500):
        peer.send(message(HELLO))
    daemon.process.send_signal(signal.SIGCONT)
    wait(lambda: any(got.nr == peer.ns for got in peer.everything(0.1)), "the acknowledgement of the last one")
    peer.close()
