# SPDX-License-Identifier: GPL-2.0-or-later
"""Patch "answer a repeated PADR with the session it already has" (RFC 2516, 5.3: the PADR is repeated when no PADS comes)."""
from pppoe_native import AC_COOKIE, HOST_UNIQ, PADR, PADT, RELAY_ID, SERVICE_NAME, Server, tag, wait_for

UNIQ = tag(HOST_UNIQ, b"\0\xffhost")


def sessions_started(server, number):
    """All started so far, once at least this many were."""
    wait_for(lambda: len(server.pppd_starts()) >= number, f"{number} pppd started")
    return len(server.pppd_starts())


def test_repeated_padr_gets_the_same_pads_and_no_second_session():
    with Server() as server:
        cookie = server.cookie(UNIQ)
        first = server.request(cookie, UNIQ)
        for _ in range(3):
            again = server.request(cookie, UNIQ)
            assert (again.session, again.tags) == (first.session, first.tags)
        server.dial(tag(HOST_UNIQ, b"another"))
        assert sessions_started(server, 2) == 2, server.state()
        wait_for(lambda: len(server.logged("PADR repeated")) == 3, "each repetition is logged")


def test_repetition_is_answered_at_the_limit_of_sessions_per_mac():
    with Server("-x", "1") as server:
        cookie = server.cookie(UNIQ)
        first = server.request(cookie, UNIQ)
        assert server.request(cookie, UNIQ).session == first.session
        server.send(PADR, tag(SERVICE_NAME), tag(AC_COOKIE, cookie), tag(HOST_UNIQ, b"another"))
        wait_for(lambda: server.logged("attempted to create more than 1"), "the second session is refused")


def test_sessions_with_different_host_uniq_or_relay_id_differ():
    with Server() as server:
        cookie = server.cookie()
        requests = [(), (UNIQ,), (tag(HOST_UNIQ, b"2"),), (tag(HOST_UNIQ),), (UNIQ, tag(RELAY_ID, b"line 7"))]
        sessions = [server.request(cookie, *tags).session for tags in requests]
        assert sorted(sessions) == [1, 2, 3, 4, 5]
        assert [server.request(cookie, *tags).session for tags in requests] == sessions
        assert sessions_started(server, 5) == 5


def test_new_discovery_makes_a_new_session():
    with Server() as server:
        assert [server.dial(UNIQ).session for _ in range(3)] == [1, 2, 3]


def test_another_service_makes_a_new_session():
    with Server("-S", "one", "-S", "two") as server:
        cookie = server.cookie(UNIQ)
        sessions = [server.request(cookie, UNIQ, service=name).session for name in (b"one", b"two", b"one")]
        assert sessions[0] == sessions[2] != sessions[1]


def test_after_padt_a_padr_makes_a_new_session():
    with Server() as server:
        cookie = server.cookie(UNIQ)
        first = server.request(cookie, UNIQ).session
        sessions_started(server, 1)	# a SIGTERM before it writes its line would hide it
        server.send(PADT, session=first)
        assert server.request(cookie, UNIQ).session != first
        wait_for(lambda: server.logged(f"Session {first} closed"), "the first session is closed")
        assert sessions_started(server, 2) == 2
