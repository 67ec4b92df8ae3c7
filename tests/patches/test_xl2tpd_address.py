# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon that listens on every address answers from the one that was asked."""
import pytest

from xl2tpd_wire import Daemon, Peer


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.2", "127.7.7.7"])
def test_answers_come_from_the_address_asked(tmp_path, asked):
    d = Daemon(tmp_path, listen="0.0.0.0")
    p = Peer(d, to=asked).open()
    try:
        assert p.source == (asked, d.port)
        assert p.hello()
        p.call(1)
        assert p.source == (asked, d.port)
    finally:
        p.close()
        d.stop()
