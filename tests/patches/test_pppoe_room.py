# SPDX-License-Identifier: GPL-2.0-or-later
"""Patch "check room in discovery answers": a long Host-Uniq or Relay-Session-Id must not overflow the answer that repeats it."""
from pppoe_native import (AC_COOKIE, HOST_UNIQ, PADR, PADS, RELAY_ID, SERVICE_NAME, SERVICE_NAME_ERROR, Server, tag)

FRAME_ROOM = 1500 - 6	# payload of a discovery frame at MTU 1500


def fill(*tags):
    """A Host-Uniq that fills a frame which holds these tags already."""
    return tag(HOST_UNIQ, b"U" * (FRAME_ROOM - sum(map(len, tags)) - 4))


def test_padr_without_service_name_and_long_host_uniq():
    with Server() as server:
        cookie = tag(AC_COOKIE, server.cookie())
        before = server.resident_kib()
        for n in range(200):
            server.send(PADR, cookie, fill(cookie))
            if n % 20 == 19:	# an answered PADI: all before it were taken from the socket
                server.cookie()
        server.dial()
        assert server.alive(), server.state()
        assert "stack smashing" not in server.stderr()
        assert server.resident_kib() < before + 1024
        assert len(server.logged("no SERVICE_NAME tag")) == 200
        assert len(server.logged("Would create too-long packet")) == 200


def test_error_pads_repeats_host_uniq_that_fits():
    with Server() as server:
        cookie = server.cookie()
        server.send(PADR, tag(AC_COOKIE, cookie), tag(HOST_UNIQ, b"\0\1\2\3"), tag(RELAY_ID, b"relay"))
        pads = server.receive(PADS)
        assert pads.session == 0
        assert pads.tags == [(SERVICE_NAME_ERROR, b"RP-PPPoE: Server: No service name tag"), (RELAY_ID, b"relay"), (HOST_UNIQ, b"\0\1\2\3")]


def test_default_service_name_that_does_not_fit_into_pads():
    """The client asks for any service with a full frame; the server's own service name no longer fits."""
    with Server("-S", "service-" + "x" * 92) as server:
        service, cookie = tag(SERVICE_NAME), tag(AC_COOKIE, server.cookie())
        server.send(PADR, service, cookie, fill(service, cookie))
        pads = server.dial()
        assert server.alive(), server.state()
        assert pads.session == 1 or pads.session == 2
        assert len(server.logged("do not fit into a PADS")) == 1, server.state()
        assert len(server.pppd_starts()) <= 1


def test_normal_padr_gets_pads_and_pppd():
    with Server("-S", "isp", mtu=1508) as server:
        pads = server.dial(tag(0x120, b"\x05\xdc"), tag(HOST_UNIQ, b"abc"))
        assert pads.session == 1
        assert pads.tags == [(SERVICE_NAME, b"isp"), (0x120, b"\x05\xdc"), (HOST_UNIQ, b"abc")]
