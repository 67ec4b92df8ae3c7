# SPDX-License-Identifier: GPL-2.0-or-later
"""
Hidden AVPs (RFC 2661, section 4.3), both ways: read and sent with the secret of the secrets file, whether or not anybody is asked to
authenticate the tunnel. The hiding here is written from the RFC, independent of the daemon's.
"""
import hashlib
import struct

import pytest

from xl2tpd_ipc import Node, group
from xl2tpd_wire import (CDN, HELLO, ICCN, ICRP, ICRQ, OCRQ, SCCCN, SCCRP, SCCRQ, STOPCCN, Daemon, Peer, avp, message, u16, u32)

pytestmark = pytest.mark.builds("ordinary", "sanitized")

SECRET = b"s3cret"
VECTOR = bytes(range(0x30, 0x50))
# RFC 2661, sections 4.4.1 to 4.4.6: "The H-bit MUST be 0"
NEVER_HIDDEN = {0, 1, 2, 5, 7, 10, 12, 36, 39}
HIDEABLE = set(range(40)) - NEVER_HIDDEN - {20}
LNS = "[lns default]\nip range = 10.99.0.2-10.99.0.200\nlocal ip = 10.99.0.1\n%s\n"


def stream(attr, text, vector, secret=SECRET, reveal=False):
    """Section 4.3: XOR with digests; each further digest is over the secret and the 16 octets before it, as sent."""
    digest = hashlib.md5(u16(attr) + secret + vector).digest()
    out = b""
    for at in range(0, len(text), 16):
        chunk = text[at:at + 16]
        done = bytes(a ^ b for a, b in zip(chunk, digest))
        out += done
        digest = hashlib.md5(secret + (chunk if reveal else done)).digest()
    return out


def hidden(attr, value, mandatory=True, pad=0, secret=SECRET, vector=VECTOR, length=None):
    text = u16(len(value) if length is None else length) + value + b"\xa5" * pad
    return avp(attr, stream(attr, text, vector, secret), mandatory, hidden=True)


def vector():
    return avp(36, VECTOR)


class Seen:
    """A message with its hidden AVPs revealed; .hidden is the set of attributes that were."""

    def __init__(self, msg, secret=SECRET):
        self.hidden, self.values, self.lengths = set(), {}, {}
        current, rest = None, msg.data[12:]
        while rest:
            bits, vendor, attr = struct.unpack("!HHH", rest[:6])
            value, rest = rest[6:bits & 0x3FF], rest[bits & 0x3FF:]
            if attr == 36:
                current = value
                assert not bits & 0x4000
            if bits & 0x4000:
                assert current, "attribute %d is hidden and no Random Vector came before" % attr
                assert attr in HIDEABLE
                plain = stream(attr, value, current, secret, reveal=True)
                length = struct.unpack("!H", plain[:2])[0]
                assert length <= len(plain) - 2, "attribute %d has another secret" % attr
                self.hidden.add(attr)
                self.lengths[attr] = len(value)
                value = plain[2:2 + length]
            self.values[attr] = value

    def number(self, attr):
        return int.from_bytes(self.values[attr], "big")


def daemon(tmp_path, sections=LNS % "", secrets="* * s3cret\n", options=""):
    (tmp_path / "secrets").write_text(secrets)
    return Daemon(tmp_path, sections=sections, options="debug avp = yes\n" + options)


def sccrq_hidden(peer, *more):
    return message(SCCRQ, vector(), avp(2, u16(0x100)), hidden(3, u32(3)), hidden(4, u32(3), pad=26), hidden(6, u16(0x777), False),
                   hidden(8, b"test vendor", False), hidden(9, u16(peer.tid), pad=3), *more, avp(7, b"peer"))


@pytest.mark.parametrize("challenge", [False, True], ids=["no-challenge", "challenge"])
def test_hidden_avps_received(tmp_path, challenge):
    """All of them in SCCRQ, SCCCN, ICRQ, ICCN, SLI and WEN; ids that came hidden are the ones that are answered to."""
    d = daemon(tmp_path, LNS % ("challenge = yes" if challenge else ""))
    p = Peer(d)
    try:
        p.send(sccrq_hidden(p, *[hidden(11, b"challenge-of-peer")] if challenge else []))
        sccrp = p.expect(SCCRP)
        assert sccrp.tid == p.tid
        if challenge:
            assert sccrp.value(13) == hashlib.md5(bytes([SCCRP]) + SECRET + b"challenge-of-peer").digest()
            p.send(message(SCCCN, vector(), hidden(13, hashlib.md5(bytes([SCCCN]) + SECRET + sccrp.value(11)).digest())))
        else:
            p.send(message(SCCCN))
        assert p.hello()
        p.send(message(ICRQ, vector(), hidden(14, u16(77)), hidden(15, u32(4242)), hidden(18, u32(2)), hidden(21, b"614629"),
                       hidden(22, b"02:00:00:00:00:01", pad=200), hidden(23, b"sub"), hidden(25, u32(0x10020), False)))
        icrp = p.expect(ICRP)
        assert icrp.sid == 77
        p.send(message(ICCN, vector(), hidden(24, u32(123456)), hidden(19, u32(1)), hidden(38, u32(654321), False),
                       *[hidden(attr, bytes([attr]) * 3, False) for attr in range(26, 34) if attr != 29 and attr != 32],
                       hidden(29, u16(2), False), hidden(32, u16(6), False), hidden(37, b"group", False)), icrp.number(14))
        d.await_log("receive baud rate is 654321")
        log = d.text()
        for text in ("supported peer frames: async sync", "supported peer bearers: analog digital", "firmware version 1911",
                     "peer reports vendor 'test vendor'", "using peer's call 77", "serial number is 4242", "peer bears: analog",
                     "dialed number '614629'", "dialing number '02:00:00:00:00:01'", "subaddress 'sub'", "physical channel is 65568",
                     "transmit baud rate is 123456", "peer uses:sync frames"):
            assert text in log, text
        assert log.count("Ignoring AVP") >= 9
        assert "Unable to reveal" not in log and "s3cret" not in log
        assert p.hello()
    finally:
        p.close()
        d.stop()


def test_hidden_avps_of_any_padding(tmp_path):
    """Padding of every length up to three chunks, as Juniper's, and a value as long as an AVP can hold."""
    d = daemon(tmp_path)
    p = Peer(d)
    try:
        p.send(sccrq_hidden(p))
        p.expect(SCCRP)
        p.send(message(SCCCN))
        for pad in range(49):
            p.send(message(ICRQ, vector(), hidden(14, u16(100 + pad), pad=pad), avp(15, u32(1))))
            assert p.expect(ICRP).sid == 100 + pad
        p.send(message(ICRQ, vector(), hidden(14, u16(99)), avp(15, u32(1)), hidden(22, b"x" * 1015)))
        assert p.expect(ICRP).sid == 99
    finally:
        p.close()
        d.stop()


@pytest.mark.parametrize("what, avps", [
    ("no Random Vector", lambda: [hidden(14, u16(5))]),
    ("a Random Vector that comes later", lambda: [hidden(14, u16(5)), vector()]),
    ("another secret", lambda: [vector(), hidden(14, u16(5), secret=b"wrong")]),
    ("a length beyond the AVP", lambda: [vector(), hidden(14, u16(5), length=3)]),
    ("the longest length", lambda: [vector(), hidden(14, u16(5), length=65535)]),
    ("no room for a length", lambda: [vector(), avp(14, b"x", hidden=True)]),
    ("nothing", lambda: [vector(), avp(14, b"", hidden=True)]),
], ids=lambda v: v.replace(" ", "-") if isinstance(v, str) else "")
def test_hidden_avps_that_cannot_be_read(tmp_path, what, avps):
    """With the M bit they end the call or tunnel, without it they are as if they were not there; nothing else suffers."""
    d = daemon(tmp_path)
    p = Peer(d).open()
    try:
        assert p.call(4) > 0
        # an AVP without the M bit
        bad = b"".join(bytes([a[0] & 0x7F]) + a[1:] if a[4:6] != u16(36) else a for a in avps())
        bad = bad.replace(u16(0) + u16(14), u16(0) + u16(37))   # Private Group ID: one that may be missing
        sid = p.call(6)
        p.send(message(ICCN, avp(24, u32(1)), avp(19, u32(1)), bad), sid)
        assert p.hello()
        lines = d.logged("Unable to reveal")
        assert lines == 1
        p.send(message(ICRQ, *avps(), avp(15, u32(1))))
        got = p.receive(1)
        while got is not None and got.type is None:
            got = p.receive(1)
        # nobody to tell: the session id was what could not be read
        assert got is None or got.type == CDN
        assert p.hello()
        d.await_log("Unable to reveal", 2)
        assert d.logged("Unable to reveal") == 2
        assert d.tunnels()
    finally:
        p.close()
        d.stop()


@pytest.mark.parametrize("attr", [0, 36])
def test_hidden_avps_that_may_not_be(tmp_path, attr):
    """A hidden Message Type or Random Vector is not looked into."""
    d = daemon(tmp_path)
    p = Peer(d).open()
    try:
        p.send(message(HELLO, vector(), hidden(attr, u16(HELLO), False)))
        assert p.hello()
        assert d.logged("Unable to reveal") == 1
    finally:
        p.close()
        d.stop()


def test_hidden_avps_without_any_secret(tmp_path):
    """Nobody can read them; the daemon lives, and says why once for each."""
    d = daemon(tmp_path, secrets="")
    p = Peer(d)
    try:
        p.send(sccrq_hidden(p))
        assert p.expect(STOPCCN).value(1)[:4] == u16(2) + u16(6)
    finally:
        p.close()
        d.stop()


def test_hidden_avps_cost_one_look(tmp_path):
    """However many hidden AVPs a message has, the secret is looked for once."""
    d = daemon(tmp_path, secrets="")
    p = Peer(d).open()
    try:
        p.send(message(HELLO, vector(), *[hidden(37, b"", False)] * 100))
        assert p.hello()
        assert d.logged("Unable to reveal") == 100
        assert d.logged("no secret found") == 1
    finally:
        p.close()
        d.stop()


def call_and_end(p):
    """A call of the peer to the daemon as LNS up to the daemon's CDN; what it sent."""
    seen = {}
    p.send(message(ICRQ, avp(14, u16(77)), avp(15, u32(1))))
    seen[ICRP] = Seen(p.expect(ICRP))
    p.send(message(ICRQ, avp(14, u16(78)), avp(15, u32(1))))
    other = Seen(p.expect(ICRP)).number(14)
    # an AVP the daemon may not ignore: it answers with a CDN
    p.send(message(ICCN, avp(4000, b"")), other)
    seen[CDN] = Seen(p.expect(CDN))
    assert seen[CDN].number(14) == other
    return seen


def authenticate(p, challenge):
    """SCCRQ to SCCCN with an LNS that may hide; the SCCRP, revealed."""
    p.send(message(SCCRQ, avp(2, u16(0x100)), avp(3, u32(3)), avp(7, b"peer"), avp(9, u16(p.tid)),
                   *[avp(11, b"challenge-of-peer")] if challenge else []))
    while True:
        got = p.receive_raw()
        if got.avps and got.type == SCCRP:
            break
    seen = Seen(got)
    p.their_tid = seen.number(9)
    p.zlb()
    more = [avp(13, hashlib.md5(bytes([SCCCN]) + SECRET + seen.values[11]).digest())] if 11 in seen.values else []
    p.send(message(SCCCN, *more))
    return seen


class HidingPeer(Peer):
    """Peer takes the tunnel id from an SCCRP or SCCRQ as it is; here it may be hidden."""

    def receive_raw(self):
        self.socket.settimeout(10)
        data, source = self.socket.recvfrom(4096)
        self.to = self.to or source
        from xl2tpd_wire import Message
        got = Message(data)
        if got.avps:
            assert got.ns == self.nr
            self.nr += 1
        return got


@pytest.mark.parametrize("challenge", [False, True], ids=["no-challenge", "challenge"])
def test_hidden_avps_sent_by_lns(tmp_path, challenge):
    d = daemon(tmp_path, LNS % ("hidden bit = yes\nchallenge = %s" % ("yes" if challenge else "no")))
    p = HidingPeer(d)
    try:
        sccrp = authenticate(p, challenge)
        assert sccrp.hidden == {3, 4, 6, 8, 9} | ({11, 13} if challenge else set())
        assert sccrp.values[8] == b"xelerance.com" and sccrp.values[3] == u32(3)
        assert 36 in sccrp.values and sccrp.values[10] == u16(4)
        if challenge:
            assert sccrp.values[13] == hashlib.md5(bytes([SCCRP]) + SECRET + b"challenge-of-peer").digest()
        # the length says nothing of the value's
        assert all(n % 16 == 0 for n in sccrp.lengths.values())
        assert p.hello()
        seen = call_and_end(p)
        assert seen[ICRP].hidden == {14} and seen[CDN].hidden == {14}
        assert seen[CDN].values[1][:4] == u16(2) + u16(8)
        d.command("d %d" % p.their_tid)
        stop = Seen(p.expect(STOPCCN))
        assert stop.hidden == {9} and stop.number(9) == p.their_tid
        assert "s3cret" not in d.text()
    finally:
        p.close()
        d.stop()


@pytest.mark.parametrize("secrets, first", [("* * s3cret\n", True), ("* peer s3cret\n* * other\n", False)], ids=["any-peer", "by-name"])
@pytest.mark.parametrize("challenge", [False, True], ids=["no-challenge", "challenge"])
def test_hidden_avps_sent_by_lac(tmp_path, challenge, secrets, first):
    """The first message is hidden only where the secret cannot depend on the name that the peer is about to say."""
    p = HidingPeer(None)
    d = daemon(tmp_path, "[lac test]\nlns = 127.0.0.1:%d\nautodial = yes\nbps = 64000\nhidden bit = yes\nchallenge = %s\n"
               % (p.socket.getsockname()[1], "yes" if challenge else "no"), secrets)
    try:
        got = p.receive_raw()
        seen = Seen(got)
        assert seen.hidden == ({3, 4, 6, 8, 9} | ({11} if challenge else set()) if first else set())
        p.their_tid = seen.number(9)
        more = [avp(13, hashlib.md5(bytes([SCCRP]) + SECRET + seen.values[11]).digest()), avp(11, b"from-lns")] if challenge else []
        p.send(message(SCCRP, avp(2, u16(0x100)), avp(3, u32(1)), avp(7, b"peer"), avp(9, u16(p.tid)), *more))
        scccn = Seen(p.expect(SCCCN))
        assert scccn.hidden == ({13} if challenge else set())
        if challenge:
            assert scccn.values[13] == hashlib.md5(bytes([SCCCN]) + SECRET + b"from-lns").digest()
        icrq = Seen(p.expect(ICRQ))
        assert icrq.hidden == {14, 15, 18}
        p.send(message(ICRP, vector(), hidden(14, u16(9), pad=5)), icrq.number(14))
        iccn = p.expect(ICCN)
        assert iccn.sid == 9
        assert Seen(iccn).hidden == {24, 19, 38}
        assert Seen(iccn).values[24] == u32(64000)
        # an outgoing call in the same tunnel
        d.command("o %d 0123456" % p.their_tid)
        ocrq = Seen(p.expect(OCRQ))
        assert ocrq.hidden == {14, 15, 16, 17, 18, 19, 21}
        assert ocrq.values[21] == b"0123456"
    finally:
        p.close()
        d.stop()


def test_hidden_avps_not_sent_without_a_secret(tmp_path):
    """The tunnel works in the clear, as before, and one line says so."""
    d = daemon(tmp_path, LNS % "hidden bit = yes", secrets="nobody else x\n")
    p = Peer(d).open()
    try:
        assert p.call(7) > 0
        assert d.logged("no secret to hide AVPs with") == 1
    finally:
        p.close()
        d.stop()


def test_hidden_avps_of_the_module():
    """A LAC of a vpdn-group: the secret is the group's, known before the tunnel is; the module sees what was hidden."""
    node = Node(groups=[group()])
    template = node.template()
    peer = Peer(node.daemon)
    try:
        peer.send(message(SCCRQ, vector(), avp(2, u16(0x100)), avp(3, u32(3)), hidden(9, u16(peer.tid)), hidden(11, b"challenge-of-peer"),
                          avp(7, b"LAC")))
        sccrp = peer.expect(SCCRP)
        assert sccrp.tid == peer.tid
        assert sccrp.value(13) == hashlib.md5(bytes([SCCRP]) + SECRET + b"challenge-of-peer").digest()
        peer.send(message(SCCCN, vector(), hidden(13, hashlib.md5(bytes([SCCCN]) + SECRET + sccrp.value(11)).digest())))
        peer.send(message(ICRQ, vector(), hidden(14, u16(77)), hidden(15, u32(1)), hidden(22, b"02:00:00:00:00:01", pad=9)))
        icrp = peer.expect(ICRP)
        assert icrp.sid == 77
        peer.send(message(ICCN, vector(), hidden(24, u32(1000)), hidden(19, u32(1)), hidden(29, u16(2), False),
                          hidden(30, b"alice@example.com", False)), icrp.number(14))
        node.daemon.await_log('user="alice@example.com"')
        assert "calling number 02:00:00:00:00:01" in node.daemon.text()
        template.accept().close()
    finally:
        peer.close()
        node.stop()
