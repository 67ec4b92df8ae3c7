# SPDX-License-Identifier: GPL-2.0-or-later
"""The control channel of a tunnel: numbering, windows, retransmission (RFC 2661, section 5.8)."""
from xl2tpd_wire import CDN, ICRP, ICRQ, Peer, avp, message, u16, u32


def test_control_wrap(start):
    """70,000 messages each way and more on one tunnel: both ends' Ns go round, and the calls still come and go."""
    daemon = start()
    peer = Peer(daemon).open()
    ours = 0
    for call in range(35000):
        peer.send(message(ICRQ, avp(14, u16(call % 60000 + 1)), avp(15, u32(call))))
        sid = peer.expect(ICRP).number(14)
        peer.send(message(CDN, avp(1, u16(3)), avp(14, u16(call % 60000 + 1))), sid)
        peer.expect(None)
        ours += 1
    while ours < 70000:
        peer.send(message(ICRQ, avp(14, u16(1)), avp(15, u32(ours)), avp(55, b"?", vendor=9)))
        peer.expect(CDN)
        ours += 1
    assert peer.ns > 70000 and peer.nr > 70000
    assert peer.hello()
    assert daemon.tunnels() == {peer.their_tid: 0}
    peer.close()
