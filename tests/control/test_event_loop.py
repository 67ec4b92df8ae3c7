# SPDX-License-Identifier: GPL-2.0-or-later
"""xl2tpd's main loop: signals, timers and descriptors."""
import os
import signal
import socket
import struct
import time

import pytest

from conftest import helper
from xl2tpd_wire import CDN, HELLO, ICCN, SCCRP, SCCRQ, Peer, avp, message, sccrq_avps, u32, wait


pytestmark = pytest.mark.builds("ordinary", "sanitized")


def environment(pid):
    with open("/proc/%d/environ" % pid, "rb") as f:
        return f.read().split(b"\0")[:-1]


def connect(daemon, peer, sid, *more):
    """A call with its pppd. The daemon's session id and the process id."""
    before = set(daemon.children())
    theirs = peer.call(sid, *more)
    peer.send(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), theirs)
    peer.expect(None)
    wait(lambda: set(daemon.children()) - before, "a pppd")
    pppd = (set(daemon.children()) - before).pop()
    wait(lambda: os.readlink("/proc/%d/exe" % pppd) == helper("idle_pppd"), "the pppd to be executed")
    return theirs, pppd


def wait_quiet(daemon):
    """Until nothing is scheduled but the Hello of its one tunnel: no other timer ends the wait for what a test looks at."""
    def now():
        daemon.command("s")
        return daemon.text().rsplit("Total Events scheduled: ", 1)[-1].split()[0] == "1"
    wait(now, "the retransmission timers to be over")


@pytest.fixture
def late(start, tmp_path):
    """A daemon with a call, and a function that has a signal sent just before its next wait."""
    order = tmp_path / "signal"
    daemon = start(fake_kernel=True, fake_pppd=True, preload=[helper("fake_late_signal.so")], env={"LATE_SIGNAL": str(order)})

    def send(pid, sig):
        (tmp_path / "order").write_text("%d %d\n" % (pid, sig))
        (tmp_path / "order").rename(order)

    return daemon, send


def test_pppd_exit_is_seen_at_once(late):
    """SIGCHLD between the look for signals and the wait: the CDN does not wait for the next Hello."""
    daemon, send = late
    peer = Peer(daemon).open()
    _, pppd = connect(daemon, peer, 7)
    wait_quiet(daemon)
    send(pppd, signal.SIGKILL)
    peer.send(message(HELLO))
    assert peer.expect(CDN).sid == 7        # the next Hello is a minute away
    wait(lambda: not daemon.children(), "the pppd to be reaped")
    peer.close()


def test_sigterm_is_seen_at_once(late):
    daemon, send = late
    peer = Peer(daemon).open()
    wait_quiet(daemon)
    send(daemon.process.pid, signal.SIGTERM)
    peer.send(message(HELLO))
    wait(lambda: not daemon.running(), "the end, which is 3 seconds away; the next Hello is a minute")
    peer.close()


def test_pppd_inherits_its_own_socket_only(start):
    """Nothing of the loop's, of the tunnels' or of other calls'."""
    daemon = start(fake_kernel=True, fake_pppd=True)
    peers = [Peer(daemon, tid=4000 + i).open() for i in range(3)]
    for peer in peers:
        connect(daemon, peer, 1)
    _, pppd = connect(daemon, peers[0], 2)
    kinds = [os.readlink("/proc/%d/fd/%s" % (pppd, fd)) for fd in os.listdir("/proc/%d/fd" % pppd)]
    assert sum(kind.startswith("socket:") for kind in kinds) == 1, kinds
    assert not any(kind.startswith(("anon_inode:", "pipe:")) or kind.endswith("/control") for kind in kinds), kinds
    for peer in peers:
        peer.close()


def test_pppd_is_told_the_caller(start, monkeypatch):
    """As CALLER_ID in its environment, with the rest of the daemon's."""
    monkeypatch.setenv("CALLER_ID", "nobody")
    monkeypatch.setenv("OF_THE_DAEMON", "kept")
    daemon = start(fake_kernel=True, fake_pppd=True)
    peer = Peer(daemon).open()
    for number, caller in ((b"4711", [b"CALLER_ID=4711"]), (b"", [b"CALLER_ID=nobody"])):
        _, pppd = connect(daemon, peer, len(number) + 1, avp(22, number))
        wait(lambda: environment(pppd), "its environment")
        environ = environment(pppd)
        assert [e for e in environ if e.startswith(b"CALLER_ID=")] == caller
        assert b"OF_THE_DAEMON=kept" in environ
    peer.close()


def test_pppd_that_cannot_be_executed_ends_its_call(start, tmp_path):
    (tmp_path / "pppd").write_text("no program")
    daemon = start(fake_kernel=True, fake_pppd=True, env={"FAKE_PPPD": str(tmp_path / "pppd")})
    peer = Peer(daemon).open()
    sid = peer.call(1)
    peer.send(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), sid)
    assert peer.expect(CDN).value(1)[:2] == b"\0\4"
    daemon.await_log("Permission denied")
    peer.close()


def script(tmp_path, text):
    """A pppd that is a shell script, on the pty of the daemon's user-space mode."""
    path = tmp_path / "pppd"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return {"FAKE_PPPD": str(path)}


def begin_call(daemon):
    peer = Peer(daemon).open()
    sid = peer.call(1)
    peer.send(message(ICCN, avp(24, u32(1000)), avp(19, u32(1))), sid)
    return peer


def test_frames_of_pppd_become_packets(start, tmp_path):
    """Async HDLC from the pty; each frame goes to the peer, without its FCS (RFC 2661, section 3.1; RFC 1662, section 4)."""
    frames = [b"\xff\x03\xc0\x21" + bytes([1, i, 0, 4]) for i in (1, 2, 3)]
    text = "".join("\\%03o" % byte for frame in frames for byte in b"~" + frame + b"??" + b"~")
    daemon = start(fake_pppd=True, env=script(tmp_path, "printf '%s'\nexec sleep 60\n" % text), options="force userspace = yes\n")
    peer = begin_call(daemon)
    got = []

    def data():
        while peer.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)[0] & 0x80:
            peer.receive()
        got.append(peer.socket.recv(4096))
        return len(got) == 3

    def arrived():
        try:
            return data()
        except BlockingIOError:
            return False
    wait(arrived, "three frames")
    assert [packet[-8:] for packet in got] == frames
    assert all(struct.unpack("!HHH", packet[:6])[1:] == (peer.tid, 1) for packet in got)
    peer.close()


def test_pty_without_pppd_takes_no_time(start, tmp_path):
    """A pppd that has closed its terminal and does not end: the daemon waits for that, and does nothing else."""
    daemon = start(fake_pppd=True, env=script(tmp_path, "exec sleep 60 <&- >&- 2>&-\n"), options="force userspace = yes\n")
    peer = begin_call(daemon)
    peer.expect(None)
    wait(lambda: any(os.path.basename(os.readlink("/proc/%d/exe" % pid)) == "sleep" for pid in daemon.children()), "the script")
    before = daemon.cpu()
    time.sleep(1)       # what is measured is that time
    assert daemon.cpu() - before < 0.1
    for pid in daemon.children():
        os.kill(pid, signal.SIGKILL)
    assert peer.expect(CDN).sid == 1
    peer.close()


def test_clock_set_back_delays_nothing(start, tmp_path):
    """An SCCRP that is not acknowledged is sent again after a second, whatever the time of day has become."""
    mark = tmp_path / "set-back"
    daemon = start(preload=[helper("fake_wall_clock.so")], env={"WALL_CLOCK_SET_BACK": str(mark)})
    peer = Peer(daemon)
    peer.acknowledge = False
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid)))
    peer.expect(SCCRP)
    mark.touch()
    again = [got.type for got in peer.everything(4)]
    assert SCCRP in again, again
    peer.close()
