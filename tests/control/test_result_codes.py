# SPDX-License-Identifier: GPL-2.0-or-later
"""
Why calls and tunnels end (RFC 2661, section 4.4.2): every Result Code of a peer's CDN and StopCCN ends what it says and is logged in
words, with error code, message and Q.931 cause; ours say what has happened.
"""
import os
import resource
import signal
import struct

import pytest

from conftest import helper
from xl2tpd_wire import (CDN, HELLO, ICCN, ICRQ, OCRQ, SCCCN, SCCRP, SCCRQ, STOPCCN, Daemon, Peer, avp, message, sccrq_avps, u16,
                         u32, wait)

pytestmark = pytest.mark.builds("ordinary", "sanitized")

CDN_TEXTS = {
    1: "loss of carrier", 2: "general error", 3: "administrative reasons", 4: "lack of facilities, temporarily",
    5: "lack of facilities, permanently", 6: "invalid destination", 7: "no carrier detected", 8: "busy signal", 9: "no dial tone",
    10: "not established in the time allotted by the LAC", 11: "no appropriate framing detected", 12: "losing tie breaker",
    15: "finite state machine error or timeout", 20: "HDLC link has been inactive for long"}
STOPCCN_TEXTS = {
    1: "general request to clear control connection", 2: "general error", 3: "control channel already exists",
    4: "requester is not authorized", 5: "protocol version not supported", 6: "requester is being shut down",
    7: "finite state machine error or timeout"}
ERROR_TEXTS = {1: "no control connection exists yet", 2: "wrong length", 3: "value out of range or reserved field not zero",
               4: "insufficient resources", 5: "invalid session id", 6: "vendor-specific error", 7: "try another",
               8: "unknown mandatory AVP"}
RESULTS = list(range(0, 24)) + [200, 999, 65535]
LNS = "[lns default]\nip range = 10.99.0.2-10.99.0.200\nlocal ip = 10.99.0.1\n%s\n"


@pytest.fixture
def node(tmp_path):
    """A daemon with the sections, secrets and pppd a test wants."""
    made = []

    def node(sections=LNS % "", secrets="", options="", pppd=None):
        directory = tmp_path / str(len(made))
        directory.mkdir()
        (directory / "secrets").write_text(secrets)
        more = {}
        if pppd:
            script = directory / "pppd"
            script.write_text("#!/bin/sh\n%s\n" % pppd)
            script.chmod(0o755)
            more = {"preload": [helper("fake_pppd.so")], "env": {"FAKE_PPPD": str(script)}}
        made.append(Daemon(directory, sections=sections, options="force userspace = yes\n" + options, **more))
        return made[-1]

    yield node
    for daemon in made:
        daemon.stop()


def last_line(daemon, part):
    return [line for line in daemon.text().splitlines() if part in line][-1]


def result(code, error=None, text=b""):
    return avp(1, u16(code) + (b"" if error is None else u16(error)) + text)


def q931(cause, text=b""):
    return avp(12, u16(cause) + b"\x45" + text)


def sent(msg):
    """Result, error, message and Q.931 cause of what the daemon sent."""
    value = msg.value(1)
    code, error = struct.unpack("!HH", value[:4])
    cause = msg.value(12)
    if cause is not None:
        assert len(cause) >= 3 and next(a for a in msg.avps if a[1] == 12)[3]      # mandatory, with the message it came in
        cause = struct.unpack("!H", cause[:2])[0]
    return code, error, value[4:].decode(), cause


# ---- received ----

def test_result_codes_of_received_cdn(node):
    """Every one, with and without error code, message and Q.931 cause, ends the call and no more."""
    daemon = node()
    peer = Peer(daemon).open()
    for n, code in enumerate(RESULTS):
        for more, error, cause in ((result(code), None, None),
                                   (result(code, 0), 0, None),
                                   (result(code, code % 9, b"said by peer") + q931(n % 128, b"advice"), code % 9, n % 128),
                                   (q931(17) + result(code, 2000), 2000, 17)):
            sid = peer.call(1000 + n)
            before = daemon.logged("Call closed by")
            peer.send(message(CDN, more, avp(14, u16(1000 + n))), sid)
            peer.expect(None)
            daemon.await_log("Call closed by", before + 1)
            line = last_line(daemon, "Call closed by")
            # the one exception: some send the code with its octets exchanged
            shown = code >> 8 if code and not code & 0xFF else code
            assert "result %d (%s)" % (shown, CDN_TEXTS.get(code, "unknown")) in line or 12 < code < 21, line
            assert ("error %d (%s)" % (error or 0, ERROR_TEXTS.get(error, "unknown")) in line) == bool(error), line
            assert ("Q.931 cause %d (" % (cause or 0) in line) == (cause is not None), line
            assert ("said by peer" in line) == (b"said by peer" in more), line
    wait(lambda: daemon.tunnels() == {peer.their_tid: 0}, "all calls to be gone")
    assert "Q.931 cause 17 (user busy)" in daemon.text()
    assert peer.hello()
    peer.close()


@pytest.mark.parametrize("avps, line", [
    ((), "no result code"),
    ((avp(14, u16(1000)),), "no result code"),
    ((result(3),), "result 3 (administrative reasons)"),
    ((avp(1, u16(0x0300)), avp(14, u16(1000))), "result 3 (administrative reasons)"),
    ((avp(1, u16(2) + b"\0"), avp(14, u16(1000))), "result 2 (general error)"),
    ((result(2, 6, b"two\nlines\x1b[31m"), avp(14, u16(1000))), "error 6 (vendor-specific error): two?lines?[31m"),
    ((result(2, 6, b"x" * 1000), avp(14, u16(1000))), ": " + "x" * 100),
], ids=["nothing", "no-result", "no-id", "octets-exchanged", "odd-length", "control-characters", "long"])
def test_result_codes_of_odd_cdn(node, avps, line):
    daemon = node()
    peer = Peer(daemon).open()
    sid = peer.call(1000)
    peer.send(message(CDN, *avps), sid)
    daemon.await_log("Call closed by")
    assert line in last_line(daemon, "Call closed by")
    wait(lambda: daemon.tunnels() == {peer.their_tid: 0}, "the call to be gone")
    assert peer.hello()
    peer.close()


def test_result_codes_of_cdn_to_a_lac(node):
    """What an LNS or a LAC says to our own ICRQ and OCRQ."""
    peer = Peer(None)
    daemon = node("[lac out]\nlns = 127.0.0.1:%d\nautodial = yes\n" % peer.socket.getsockname()[1])
    request = peer.expect(SCCRQ)
    assert request.type == SCCRQ
    peer.send(message(SCCRP, *sccrq_avps(peer.tid)))
    peer.expect(SCCCN)
    for code, cause in ((4, None), (8, 17), (13, 31)):
        if code == 4:
            wanted = ICRQ
        else:
            wanted = OCRQ
            assert "OK" in daemon.command("o %d 0123456" % peer.their_tid)
        sid = peer.expect(wanted).number(14)
        peer.send(message(CDN, result(code, 0, b"sorry"), avp(14, u16(0)), *[q931(cause)] if cause else []), sid)
        daemon.await_log("result %d (" % code)
        assert cause is None or "Q.931 cause %d (" % cause in last_line(daemon, "result %d (" % code)
    wait(lambda: daemon.tunnels() == {peer.their_tid: 0}, "the calls to be gone")
    peer.close()


def test_result_codes_of_received_stopccn(node):
    daemon = node()
    for n, code in enumerate(RESULTS):
        for more, error in ((result(code), None), (result(code, code % 9, b"said by peer"), code % 9)):
            peer = Peer(daemon, tid=3000 + n).open()
            peer.call(1)
            before = daemon.logged("Connection closed by")
            peer.send(message(STOPCCN, avp(9, u16(peer.tid)), more))
            peer.expect(None)
            daemon.await_log("Connection closed by", before + 1)
            line = last_line(daemon, "Connection closed by")
            assert "result %d (%s)" % (code, STOPCCN_TEXTS.get(code, "unknown")) in line, line
            assert ("error %d (%s)" % (error or 0, ERROR_TEXTS.get(error)) in line) == bool(error), line
            assert ("said by peer" in line) == (error is not None)
            peer.close()
    wait(lambda: daemon.tunnels() == {}, "all tunnels to be gone")


@pytest.mark.parametrize("avps", [(), (avp(9, u16(4711)),), (result(6),)], ids=["nothing", "no-result", "no-id"])
def test_result_codes_of_odd_stopccn(node, avps):
    daemon = node()
    peer = Peer(daemon).open()
    peer.send(message(STOPCCN, *avps))
    daemon.await_log("Connection closed by")
    wait(lambda: daemon.tunnels() == {}, "the tunnel to be gone")
    peer.close()


# ---- sent ----

PPPD = [(0, 3, 0, 16), (1, 2, 6, None), (2, 2, 6, None), (4, 5, 0, None), (5, 3, 0, 16), (8, 2, 6, None), (10, 2, 6, None),
        (11, 3, 0, 21), (12, 3, 0, 16), (13, 3, 0, 16), (15, 1, 0, None), (16, 1, 0, 16), (19, 3, 0, 21), (20, 2, 6, None)]


def test_result_codes_of_pppd(node):
    """The CDN says what pppd's exit status told."""
    for status, code, error, cause in PPPD:
        daemon = node(pppd="exit %d" % status)
        peer = Peer(daemon).open()
        sid = peer.call(1)
        peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1))), sid)
        got = sent(peer.expect(CDN))
        assert (got[0], got[1], got[3]) == (code, error, cause), (status, got)
        assert got[2]
        daemon.stop()
        peer.close()
    daemon = node(pppd="kill -KILL $$")
    peer = Peer(daemon).open()
    sid = peer.call(1)
    peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1))), sid)
    assert sent(peer.expect(CDN)) == (2, 6, "pppd was killed by signal 9", None)
    peer.close()


def test_result_codes_of_hangup(node):
    """By the administrator, before and after there is a pppd."""
    daemon = node(pppd="trap 'exit 5' TERM; : >$0.ready; while :; do sleep 0.05; done")
    peer = Peer(daemon).open()
    early = peer.call(1)
    daemon.command("h %d" % early)
    assert sent(peer.expect(CDN)) == (3, 0, "Goodbye!", 16)
    late = peer.call(2)
    peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1))), late)
    peer.expect(None)
    wait(lambda: os.path.exists(daemon.dir + "/pppd.ready"), "pppd to be ready for signals")
    daemon.command("h %d" % late)
    code, error, _, cause = sent(peer.expect(CDN))
    assert (code, error, cause) == (3, 0, 16)
    peer.close()


def test_result_codes_of_refused_calls(node):
    daemon = node("[lns default]\nip range = 10.99.0.2-10.99.0.2\nlocal ip = 10.99.0.1\n")
    peer = Peer(daemon).open()
    peer.call(1)
    peer.send(message(ICRQ, avp(14, u16(2)), avp(15, u32(2))))
    assert sent(peer.expect(CDN)) == (4, 0, "No available IP address", 34)
    for bad, code, error in ((avp(4000, b""), 2, 8), (avp(18, b"\0" * 3), 2, 2)):
        peer.send(message(ICRQ, avp(14, u16(3)), avp(15, u32(3)), bad))
        assert sent(peer.expect(CDN))[:2] == (code, error)
    peer.close()


def test_result_codes_of_a_call_that_gets_no_pppd(node):
    daemon = node()
    peer = Peer(daemon).open()
    sid = peer.call(1)
    fds = daemon.fds()
    hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (fds, hard))
    peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1))), sid)
    assert sent(peer.expect(CDN)) == (4, 0, "pppd cannot be started", 41)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert peer.hello()
    wait(lambda: daemon.fds() == fds, "no descriptor to be left")
    peer.close()


def test_result_codes_of_calls_to_a_lac(node):
    """A LAC's tunnel takes no ICRQ."""
    peer = Peer(None)
    node("[lac out]\nlns = 127.0.0.1:%d\nautodial = yes\n" % peer.socket.getsockname()[1])
    peer.expect(SCCRQ)
    peer.send(message(SCCRP, *sccrq_avps(peer.tid)))
    peer.expect(SCCCN)
    peer.send(message(ICRQ, avp(14, u16(1)), avp(15, u32(1))))
    assert sent(peer.expect(CDN))[:2] == (5, 0)
    peer.close()


def refused(peer, *avps):
    """An SCCRQ and what is said to it; the header carries our tunnel id only when it was read."""
    peer.send(message(SCCRQ, *avps))
    got = peer.expect(STOPCCN)
    peer.their_tid = got.number(9)
    peer.zlb()
    return got


def test_result_codes_of_refused_tunnels(node):
    # 4: nobody knows this peer
    peer = Peer(node("[lns x]\nlac = 10.9.9.9\nlocal ip = 10.99.0.1\nip range = 10.99.0.2-10.99.0.3\n", options="access control = yes"))
    got = refused(peer, *sccrq_avps(peer.tid))
    assert sent(got) == (4, 0, "No Authorization", None) and got.tid == peer.tid
    peer.close()
    # 4: we have no secret to answer its challenge with, and none to challenge it with
    daemon = node(secrets="them only x\n")
    peer = Peer(daemon)
    assert sent(refused(peer, *sccrq_avps(peer.tid), avp(11, b"challenge"))) == (4, 0, "No secret on our side", None)
    wait(lambda: daemon.tunnels() == {}, "the tunnel to be gone")
    peer.close()
    daemon = node(LNS % "challenge = yes")
    peer = Peer(daemon)
    assert sent(refused(peer, *sccrq_avps(peer.tid))) == (4, 0, "No secret on our side", None)
    wait(lambda: daemon.tunnels() == {}, "the tunnel to be gone")
    peer.close()
    # 4: its response is wrong
    daemon = node(LNS % "challenge = yes", secrets="* * right\n")
    peer = Peer(daemon)
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid)))
    peer.expect(SCCRP)
    peer.send(message(SCCCN, avp(13, b"\0" * 16)))
    assert sent(peer.expect(STOPCCN)) == (4, 0, "Invalid challenge authentication", None)
    peer.close()
    # 5: the error code is the highest version we know; before the peer's id is read it goes to tunnel 0
    daemon = node()
    peer = Peer(daemon)
    got = refused(peer, avp(2, u16(0x300)), avp(3, u32(3)), avp(7, b"peer"), avp(9, u16(peer.tid)))
    assert sent(got) == (5, 0x100, "Version 3, revision 0 is not supported", None) and got.tid == 0
    peer.close()
    # 2: something in it is wrong
    for bad, error in ((avp(4000, b""), 8), (avp(9, b"\0"), 2), (avp(3, u16(3)), 2)):
        peer = Peer(daemon, tid=5000 + error)
        assert sent(refused(peer, avp(2, u16(0x100)), avp(7, b"peer"), bad))[:2] == (2, error)
        peer.close()


def test_result_codes_of_closed_tunnels(node):
    # 1: the administrator's wish
    daemon = node()
    peer = Peer(daemon).open()
    daemon.command("d %d" % peer.their_tid)
    assert sent(peer.expect(STOPCCN)) == (1, 0, "Goodbye!", None)
    # 2 and 7: a message that nobody knows, and one that is out of place
    peer = Peer(daemon, tid=5).open()
    peer.send(message(99))
    assert sent(peer.expect(STOPCCN))[:2] == (2, 3)
    peer = Peer(daemon, tid=7).open()
    peer.send(message(SCCCN))
    assert sent(peer.expect(STOPCCN))[:2] == (7, 0)
    # 6: the daemon ends
    peer = Peer(daemon, tid=6).open()
    daemon.process.send_signal(signal.SIGINT)
    assert sent(peer.expect(STOPCCN)) == (6, 0, "Server closing", None)


def test_result_codes_of_timeouts(tmp_path):
    """7: no SCCCN comes, and: nothing is acknowledged any more."""
    daemon = Daemon(tmp_path, options="force userspace = yes\nmax retries = 2", preload=[helper("fake_clock.so")],
                    env={"FAKE_CLOCK": "speed=20"})
    try:
        peer = Peer(daemon)
        peer.send(message(SCCRQ, *sccrq_avps(peer.tid)))
        peer.expect(SCCRP)
        assert sent(peer.expect(STOPCCN)) == (7, 0, "Timeout", None)
        peer.close()
        peer = Peer(daemon, tid=2).open()
        peer.acknowledge = False
        peer.send(message(ICRQ, avp(14, u16(1)), avp(15, u32(1))))
        assert sent(peer.expect(STOPCCN)) == (7, 0, "Timeout", None)
        peer.close()
    finally:
        daemon.stop()


def test_wrong_ids_leave_no_reason(node):
    """A CDN or StopCCN for what it does not end: when that ends later, it is for our reason and not the one that was said there."""
    daemon = node()
    peer = Peer(daemon).open()
    theirs = peer.call(1)
    peer.send(message(CDN, avp(14, u16(99)), result(8, 6, b"not this"), q931(17)), theirs)
    peer.send(message(STOPCCN, avp(9, u16(peer.tid + 1)), result(6, 6, b"not this")))
    assert peer.hello() and daemon.tunnels() == {peer.their_tid: 1}
    daemon.command("h %d" % theirs)
    assert sent(peer.expect(CDN)) == (3, 0, "Goodbye!", 16)
    # without an id it is for the tunnel it comes in, whatever an earlier one said
    peer.send(message(STOPCCN, result(1)))
    wait(lambda: daemon.tunnels() == {}, "the tunnel to be gone")
    peer.close()


def test_wrong_stopccn_leaves_no_reason(node):
    daemon = node()
    peer = Peer(daemon).open()
    peer.send(message(STOPCCN, avp(9, u16(peer.tid + 1)), result(4, 6, b"not this")))
    assert peer.hello()
    daemon.process.send_signal(signal.SIGTERM)
    assert sent(peer.expect(STOPCCN)) == (6, 0, "Server closing", None)
    peer.close()


def test_reason_of_a_tunnel_is_not_taken_by_a_call(node):
    """A bad Hello closes the tunnel. The bad ICRQ that was kept for its turn neither has that reason nor undoes the closing."""
    daemon = node()
    peer = Peer(daemon).open()
    peer.ns += 1
    peer.send(message(ICRQ, avp(14, u16(2)), avp(18, u16(3))))      # Bearer Type of a wrong size
    assert peer.receive(0.5) is None
    peer.ns -= 2
    peer.send(message(HELLO, avp(99, b"mandatory")))
    stopccn = peer.receive()
    while stopccn.type is None:
        stopccn = peer.receive()
    assert stopccn.type == STOPCCN and sent(stopccn)[:2] == (2, 8)
    peer.close()
