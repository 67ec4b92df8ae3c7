# SPDX-License-Identifier: GPL-2.0-or-later
"""Patch "read the line identification of TR-101 from the PADR": any bytes, any truncation."""
import pytest

from pppoe_native import VENDOR, Server, tag, wait_for

BBF = b"\0\0\x0d\xe9"
OTHER_VENDOR = b"\0\0\0\x09"


def sub(kind, value):
    return bytes((kind, len(value))) + value


def line_of(server, *tags):
    """What is logged of the line of a session dialled with these tags, and how many malformed tags were seen."""
    malformed = len(server.logged("vendor-specific tag"))
    session = server.dial(*tags).session
    wait_for(lambda: len(server.pppd_starts()) >= session, "pppd is started")
    lines = server.logged(f"Session {session}: circuit-id")
    assert len(lines) <= 1
    return (lines[0].split(": ", 1)[1] if lines else None), len(server.logged("vendor-specific tag")) - malformed


@pytest.fixture(name="server", scope="module")
def fixture_server():
    with Server("-N", "1000") as server:
        yield server
        assert server.alive(), server.state()


@pytest.mark.parametrize("value, expected", [
    (BBF + sub(1, b"olt1 atm 1/2:0.33") + sub(2, b"sub-4711"), "circuit-id 'olt1 atm 1/2:0.33' remote-id 'sub-4711'"),
    (BBF + sub(2, b"sub"), "circuit-id '' remote-id 'sub'"),
    (BBF + sub(0x81, b"\0\0\x27\x10") + sub(1, b"c") + sub(0x90, b"\1\2\3"), "circuit-id 'c' remote-id ''"),
    (BBF + sub(1, b"a\0b'\\\xff\n%s"), "circuit-id 'a\\000b'\\134\\377\\012%s' remote-id ''"),
    (BBF + sub(1, b"\x01" * 255) + sub(2, b"r" * 255), "circuit-id '" + r"\001" * 255 + "' remote-id '" + "r" * 255 + "'"),
    (OTHER_VENDOR + sub(1, b"c"), None),
    (BBF, None),
    (BBF[:3], None),
    (b"", None),
], ids=["both", "remote only", "other sub-options", "unprintable", "longest", "other vendor", "empty", "no vendor", "no value"])
def test_sub_options(server, value, expected):
    line, malformed = line_of(server, tag(VENDOR, value))
    assert (line, malformed) == (expected, 0)


def test_every_truncation(server):
    whole = BBF + sub(1, b"circuit") + sub(2, b"remote")
    for length in range(len(whole)):
        line, malformed = line_of(server, tag(VENDOR, whole[:length]))
        circuit, remote = length >= 13, length >= 21
        assert line == (f"circuit-id 'circuit' remote-id '{'remote' if remote else ''}'" if circuit else None)
        # cut within a sub-option: one line; cut within a sub-option's header: nothing follows
        assert malformed == (6 <= length < 13 or 15 <= length < 21)


def test_more_than_there_is_room_for(server):
    """What does not fit is left out, and what does is kept, whatever comes first."""
    filler = sub(0x70, bytes(255)) * 2
    assert line_of(server, tag(VENDOR, BBF + filler + sub(1, b"port") + sub(2, b"s" * 180))) == (f"circuit-id 'port' remote-id '{'s' * 180}'", 0)
    assert line_of(server, tag(VENDOR, BBF + filler + sub(2, b"s" * 255) + sub(1, b"port"))) == ("circuit-id 'port' remote-id ''", 1)
    assert server.logged("No room for sub-option 2 of vendor-specific tag")


def test_of_a_repeated_id_the_last_counts(server):
    assert line_of(server, tag(VENDOR, BBF + sub(1, b"first") + sub(2, b"x") + sub(1, b"second")))[0] == "circuit-id 'second' remote-id 'x'"


def test_the_access_nodes_tag_is_the_last(server):
    tags = (tag(VENDOR, BBF + sub(1, b"forged") + sub(2, b"forged")), tag(VENDOR, OTHER_VENDOR + sub(1, b"x")), tag(VENDOR, BBF + sub(1, b"port")))
    assert line_of(server, *tags)[0] == "circuit-id 'port' remote-id ''"


def test_line_of_one_session_is_not_given_to_the_next(server):
    assert line_of(server, tag(VENDOR, BBF + sub(1, b"first")))[0]
    assert line_of(server)[0] is None
