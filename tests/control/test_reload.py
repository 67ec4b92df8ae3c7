# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGHUP reads the configuration anew: all of it or nothing, new values for what comes, and nothing happens to what is up."""
import hashlib
import os
import signal

import pytest

from conftest import helper
from xl2tpd_ipc import Node, group
from xl2tpd_wire import (CDN, ICCN, ICRP, ICRQ, SCCCN, SCCRP, SCCRQ, STOPCCN, Daemon, Peer, avp, message, sccrq_avps, u16, u32, wait)

pytestmark = pytest.mark.builds("ordinary", "sanitized")


class Reloaded(Daemon):
    """A daemon whose configuration file is written anew."""

    def __init__(self, directory, sections, options="", **more):
        (directory / "secrets").write_text("* * s3cret\n")
        self.options = "force userspace = yes\n" + options
        more.setdefault("preload", [helper("fake_pppd.so")])
        more.setdefault("env", {"FAKE_PPPD": helper("idle_pppd")})
        super().__init__(directory, options=self.options, sections=sections, **more)

    def write(self, sections, options=None):
        with open(os.path.join(self.dir, "xl2tpd.conf"), "w") as f:
            f.write("[global]\nlisten-addr = %s\nport = %d\n%s\n%s"
                    % (self.address, self.port, self.options if options is None else options, sections))

    def reload(self, sections, options=None, good=True):
        line = "Configuration read from" if good else "The configuration stays as it was"
        before = self.logged(line)
        self.write(sections, options)
        self.process.send_signal(signal.SIGHUP)
        self.await_log(line, before + 1)


def lns(name="default", addresses="10.99.0.2-10.99.0.200", more=""):
    return "[lns %s]\nip range = %s\nlocal ip = 10.99.0.1\n%s\n" % (name, addresses, more)


@pytest.fixture
def node(tmp_path):
    made = []

    def node(sections, **more):
        directory = tmp_path / str(len(made))
        directory.mkdir()
        made.append(Reloaded(directory, sections, **more))
        return made[-1]

    yield node
    for daemon in made:
        daemon.stop()


def connect(daemon, peer, sid):
    """A call up to its pppd; the daemon's session id and the line of addresses it gives pppd."""
    theirs = peer.call(sid)
    before = daemon.logged("PID:")
    peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1))), theirs)
    daemon.await_log("PID:", before + 1)
    return theirs, [line for line in daemon.text().splitlines() if '"10.' in line][-1].split('"')[1]


def disconnect(peer, sid, theirs):
    peer.send(message(CDN, avp(1, u16(3)), avp(14, u16(sid))), theirs)
    assert peer.hello()


def test_reload_keeps_sessions(node):
    """Tunnels and calls go through changed, broken and vanished sections; what comes afterwards has the new values."""
    daemon = node(lns("one", more="lac = 127.0.0.1\nhostname = first\n") + lns())
    p = Peer(daemon, tid=1)
    p.send(message(SCCRQ, *sccrq_avps(1)))
    assert p.expect(SCCRP).value(7) == b"first"
    p.send(message(SCCCN))
    first, addresses = connect(daemon, p, 1)
    assert addresses == "10.99.0.1:10.99.0.2"

    # the section has other values: the call stays, the next call and the next tunnel have them
    daemon.reload(lns("one", "10.88.0.2-10.88.0.9", "lac = 127.0.0.1\nhostname = second\nchallenge = yes\n"))
    assert p.hello() and daemon.tunnels() == {p.their_tid: 1}
    second, addresses = connect(daemon, p, 2)
    assert addresses == "10.99.0.1:10.88.0.2"
    q = Peer(daemon, tid=2)
    q.send(message(SCCRQ, *sccrq_avps(2)))
    sccrp = q.receive()
    assert sccrp.value(7) == b"second" and sccrp.value(11) is not None

    # it is gone, and so is the default: what has it goes on, with calls too; nobody else gets in
    daemon.reload(lns("other", more="lac = 10.1.1.1\n"), daemon.options + "access control = yes")
    assert p.hello()
    third, addresses = connect(daemon, p, 3)
    assert addresses == "10.99.0.1:10.88.0.3"
    r = Peer(daemon, tid=3)
    r.send(message(SCCRQ, *sccrq_avps(3)))
    assert r.expect(STOPCCN).value(1)[:2] == u16(4)
    assert "lns.0.name=other" in daemon.command("x") and "=one" not in daemon.command("x")

    # and it ends as always
    pids = [line.split("PID: ")[1].split(",")[0] for line in daemon.text().splitlines() if "PID: " in line][-3:]
    assert all(os.path.exists("/proc/%s" % pid) for pid in pids)
    disconnect(p, 2, second)
    for sid, theirs in ((1, first), (3, third)):
        disconnect(p, sid, theirs)
    wait(lambda: daemon.tunnels().get(p.their_tid) == 0, "the calls to be gone")
    wait(lambda: not any(os.path.exists("/proc/%s" % pid) for pid in pids), "pppd to be gone")
    p.send(message(STOPCCN, avp(9, u16(1)), avp(1, u16(1))))
    wait(lambda: p.their_tid not in daemon.tunnels(), "the tunnel to be gone")
    for peer in (p, q, r):
        peer.close()


def test_reload_keeps_sessions_of_the_module():
    """Its groups come from vpdnd, not from the file."""
    n = Node(groups=[group()])
    template = n.template()
    peer = Peer(n.daemon)
    try:
        peer.send(message(SCCRQ, *sccrq_avps(peer.tid, b"LAC"), avp(11, b"challenge")))
        sccrp = peer.expect(SCCRP)
        peer.send(message(SCCCN, avp(13, hashlib.md5(bytes([SCCCN]) + b"s3cret" + sccrp.value(11)).digest())))
        sid = peer.call(5)
        peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1))), sid)
        child = template.accept()
        child.read()
        for line in ("", "hook args = other\n", "nonsense\n"):
            with open(os.path.join(n.dir, "xl2tpd.conf"), "a") as f:
                f.write("[global]\n" + line)
            n.daemon.process.send_signal(signal.SIGHUP)
            n.daemon.await_log({"": "Configuration read", "hook args = other\n": "another 'hook args' needs a restart",
                               "nonsense\n": "The configuration stays"}[line])
        assert peer.hello()
        assert n.daemon.tunnels() == {peer.their_tid: 1}
        other = Peer(n.daemon, tid=9)
        other.send(message(SCCRQ, *sccrq_avps(9, b"LAC")))
        assert other.expect(SCCRP).value(7) == b"LNS"
        other.close()
    finally:
        peer.close()
        n.stop()


@pytest.mark.parametrize("bad, line, what", [
    ("[lns x]\nip range = 10.0.0.9-10.0.0.1\n", 7, "start is greater than end"),
    ("[lns x]\nhostname = good\nnonsense = 1\n", 8, "Unknown field 'nonsense'"),
    ("[lac x]\nlns = 127.0.0.1\nredial = perhaps\n", 8, "redial must be 'yes' or 'no'"),
    ("[what]\n", 6, "unknown context 'what'"),
    ("[lns x\n", 6, "No closing bracket"),
    ("[lns x]\nhostname\n", 7, "no '=' in data"),
    ("[lns x]\nhostname = %s\n" % ("x" * 100), 7, "at most 99 characters"),
    ("[lns x]\nlac = new.host.example\n", 7, "Host new.host.example was not known when xl2tpd started"),
], ids=["range", "word", "value", "section", "bracket", "line", "length", "name"])
def test_reload_of_a_wrong_file(node, bad, line, what):
    """One line with file, line and what; the running configuration stays, the sections before the wrong line included."""
    daemon = node(lns(more="hostname = first\n") + "[lac spare]\nlns = 127.0.0.1:9\n")
    peer = Peer(daemon).open()
    before = daemon.command("x")
    daemon.reload(bad + lns(more="hostname = second\n"), good=False)
    where = "%s/xl2tpd.conf, line %d: " % (daemon.dir, line)
    assert any(where in text and what in text for text in daemon.text().splitlines()), daemon.text()
    assert peer.hello()
    assert daemon.command("x") == before
    other = Peer(daemon, tid=2)
    other.send(message(SCCRQ, *sccrq_avps(2)))
    assert other.expect(SCCRP).value(7) == b"first"
    # put right, it is taken
    daemon.reload(lns(more="hostname = third\n"))
    last = Peer(daemon, tid=3)
    last.send(message(SCCRQ, *sccrq_avps(3)))
    assert last.expect(SCCRP).value(7) == b"third"
    for p in (peer, other, last):
        p.close()


def test_reload_without_a_file(node):
    daemon = node(lns())
    os.unlink(os.path.join(daemon.dir, "xl2tpd.conf"))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.await_log("The configuration stays as it was")
    assert "Unable to open config file %s/xl2tpd.conf: No such file" % daemon.dir in daemon.text()
    assert Peer(daemon).open().hello()


def test_reload_of_what_needs_a_restart(node):
    daemon = node(lns())
    daemon.reload(lns(), "port = 1\nlisten-addr = 127.0.0.9\nforce userspace = no")
    for word in ("port", "listen-addr", "force userspace"):
        assert daemon.logged("another '%s' needs a restart, ignored" % word) == 1
    assert Peer(daemon).open().hello()


def test_reload_of_a_lac(node):
    """A new section is dialled, a changed one keeps its call and dials anew with the new values, one that is gone never again."""
    old, new = Peer(None, tid=1), Peer(None, tid=2)
    ports = [peer.socket.getsockname()[1] for peer in (old, new)]
    lac = "[lac %s]\nlns = 127.0.0.1:%d\nautodial = yes\nredial = yes\nredial timeout = 1\nhostname = %s\n"

    def accept(peer):
        request = peer.expect(SCCRQ)
        peer.send(message(SCCRP, *sccrq_avps(peer.tid)))
        peer.expect(SCCCN)
        sid = peer.expect(ICRQ).number(14)
        peer.send(message(ICRP, avp(14, u16(7))), sid)
        peer.expect(ICCN)
        return request.value(7), sid

    daemon = node(lac % ("a", ports[0], "first"))
    name, sid = accept(old)
    assert name == b"first"
    daemon.reload(lac % ("a", ports[0], "second") + lac % ("b", ports[1], "new"))
    assert accept(new)[0] == b"new"
    assert old.hello() and daemon.tunnels() == {old.their_tid: 1, new.their_tid: 1}
    # the LNS closes: what comes now is of the new configuration
    old.send(message(STOPCCN, avp(9, u16(1)), avp(1, u16(6))))
    old.expect(None)
    old.ns = old.nr = old.their_tid = 0
    assert accept(old)[0] == b"second"
    # neither section is there any more: the calls are, and nothing is dialled after them
    daemon.reload(lns())
    assert old.hello() and new.hello() and sorted(daemon.tunnels().values()) == [1, 1]
    for peer in (old, new):
        peer.send(message(STOPCCN, avp(9, u16(peer.tid)), avp(1, u16(6))))
        peer.expect(None)
    wait(lambda: daemon.tunnels() == {}, "the tunnels to be gone")
    for peer in (old, new):
        assert peer.receive(1.5) is None
        peer.close()


def test_reload_and_the_control_pipe(node):
    """Sections added there stay until they are removed there; removing one that is in use harms nobody."""
    daemon = node(lns())
    assert "OK" in daemon.command("z piped lac=127.0.0.1;hostname=piped;ip range=10.77.0.2-10.77.0.9;local ip=10.77.0.1")
    assert "OK" in daemon.command("a spare lns=127.0.0.1:9")
    peer = Peer(daemon)
    peer.send(message(SCCRQ, *sccrq_avps(peer.tid)))
    assert peer.expect(SCCRP).value(7) == b"piped"
    peer.send(message(SCCCN))
    sid, addresses = connect(daemon, peer, 1)
    assert addresses == "10.77.0.1:10.77.0.2"
    daemon.reload(lns())
    listed = daemon.command("x")
    assert "name=piped" in listed and "name=spare" in listed
    assert "OK" in daemon.command("w piped") and "OK" in daemon.command("r spare")
    assert peer.expect(CDN).value(1)[:2] == u16(3)
    assert peer.call(2) > 0
    daemon.reload(lns())
    assert peer.hello()
    assert "name=piped" not in daemon.command("x")
    peer.close()


@pytest.mark.builds("ordinary")     # what the sanitizer keeps back would be counted too
def test_reload_many_times(node):
    """Nothing is left of configurations that were."""
    many = "".join(lns("n%d" % n, more="lac = 10.5.%d.1\nno lac = 10.5.%d.7\n" % (n, n)) for n in range(100))
    daemon = node(many + lns(), preload=[], env={})
    peer = Peer(daemon).open()
    for turn in range(3):
        daemon.reload(many.replace("10.5.", "10.%d." % turn) + lns())
    before = daemon.rss_kb()
    for turn in range(40):
        daemon.reload(many.replace("10.5.", "10.%d." % turn) + lns(), good=True)
        daemon.reload(many + lns() + "wrong\n", good=False)
    assert peer.hello()
    # a configuration takes about 150 kB: 80 that stayed would be 12 MB; the sanitizer's allocator alone takes up to 3 MB
    assert daemon.rss_kb() - before < 4096
    peer.close()


def test_hang_up_is_no_sighup(node):
    """The end of a pppd on a pty does not make the daemon read its configuration."""
    daemon = node(lns(), env={"FAKE_PPPD": "/bin/true"})
    peer = Peer(daemon).open()
    for sid in range(1, 4):
        theirs = peer.call(sid)
        peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1))), theirs)
        peer.expect(CDN)
    assert peer.hello()
    assert daemon.logged("Configuration read") == 0
    peer.close()


def test_local_addresses_are_the_calls(node):
    """Each call has its own address of the local range, and gives that one back."""
    daemon = node("[lns default]\nip range = 10.99.0.2-10.99.0.99\nlocal ip range = 10.98.0.1-10.98.0.3\n")
    peer = Peer(daemon).open()
    calls = [connect(daemon, peer, sid) for sid in (1, 2, 3)]
    assert [c[1].split(":")[0] for c in calls] == ["10.98.0.1", "10.98.0.2", "10.98.0.3"]
    disconnect(peer, 1, calls[0][0])
    wait(lambda: daemon.tunnels() == {peer.their_tid: 2}, "the call to be gone")
    assert connect(daemon, peer, 4)[1].startswith("10.98.0.1:")
    theirs = peer.call(5)
    peer.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1))), theirs)
    assert peer.expect(CDN).value(1)[:2] == u16(4)
    peer.close()


def test_reload_of_a_tunnel_limit(node):
    """The tunnels that are up count after a reload as before, and a new limit holds at once."""
    daemon = node(lns(more="max tunnels = 2"))
    peers = [Peer(daemon, tid=tid).open() for tid in (1, 2)]

    def ask(tid):
        peers.append(Peer(daemon, tid=tid))
        peers[-1].send(message(SCCRQ, *sccrq_avps(tid)))
        return next(got.type for got in iter(peers[-1].receive, None) if got.type)

    daemon.reload(lns(more="max tunnels = 2"))
    assert ask(3) == STOPCCN
    daemon.reload(lns(more="max tunnels = 3"))
    assert ask(4) == SCCRP
    for p in peers:
        p.close()


def refused_lac(node, timeout):
    """A daemon whose [lac far] has been refused and will redial, and its peer."""
    peer = Peer(None)
    far = ("[lac far]\nlns = 127.0.0.1:%d\nautodial = yes\nredial = yes\nredial timeout = %d\n"
           % (peer.socket.getsockname()[1], timeout))
    daemon = node(far)
    peer.expect(SCCRQ)
    peer.send(message(STOPCCN, avp(9, u16(1)), avp(1, u16(1))))
    daemon.await_log("Will redial in %d seconds" % timeout)
    return daemon, peer


def test_redial_that_came_to_nothing(node):
    """The section is disconnected when a redial is due, and then removed: there is nothing left to stop."""
    daemon, peer = refused_lac(node, 1)
    daemon.command("d far")
    daemon.await_log("LAC far not active")
    daemon.reload(lns())
    Peer(daemon, tid=5).open().close()
    peer.close()


def test_redial_overtaken(node):
    """The section is dialled by hand while a redial is waited for, and removed: nobody is dialled for it any more."""
    daemon, peer = refused_lac(node, 2)
    peer.ns = peer.nr = peer.their_tid = 0
    assert "OK" in daemon.command("c far")
    peer.expect(SCCRQ)
    assert "OK" in daemon.command("r far")
    peer.expect(STOPCCN)
    wait(lambda: daemon.tunnels() == {}, "the tunnel to be gone")
    assert not any(got.type == SCCRQ for got in peer.everything(2.5))
    assert daemon.logged("not active") == 0
    assert daemon.tunnels() == {}
    peer.close()
