# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of xl2tpd's patches share: a daemon with one [lns], and a peer with a tunnel to it."""
import pytest

from xl2tpd_wire import Daemon, Peer


@pytest.fixture
def daemon(tmp_path):
    d = Daemon(tmp_path)
    yield d
    d.stop()


@pytest.fixture
def peer(daemon):
    p = Peer(daemon).open()
    yield p
    p.close()
