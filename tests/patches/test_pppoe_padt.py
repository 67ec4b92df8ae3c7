# SPDX-License-Identifier: GPL-2.0-or-later
"""Patch "ignore a PADT for a session that is not active": a PADT must only end a session of the sender's."""
from pppoe_native import CLIENT_MAC, PADT, Server, wait_for


def test_padt_from_the_zero_address_for_a_free_slot():
    with Server() as server:
        for session in (1, 2, 64, 65, 0, 0xFFFF):
            server.send(PADT, session=session, mac=bytes(6))
        server.dial()
        assert server.alive(), server.state()
        assert not server.stderr()


def test_padt_from_the_zero_address_for_a_slot_used_before():
    with Server() as server:
        session = server.dial().session
        server.send(PADT, session=session)
        assert server.receive(PADT).session == session
        wait_for(lambda: server.logged(f"Session {session} closed"), "the session is closed")
        server.send(PADT, session=session, mac=bytes(6))
        assert server.receive(PADT, timeout=0.5, mac=bytes(6)) is None
        server.dial()
        assert server.alive(), server.state()


def test_padt_of_another_client_is_refused():
    with Server() as server:
        session = server.dial().session
        server.send(PADT, session=session, mac=CLIENT_MAC[:-1] + b"\x99")
        wait_for(lambda: server.logged(f"PADT for session {session} received from"), "the wrong sender is logged")
        assert not server.logged("closed")
        server.send(PADT, session=session)
        wait_for(lambda: server.logged(f"Session {session} closed"), "the session is closed")
