# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the patches share: an xl2tpd with one [lns] and a peer with a tunnel to it; a module for pppoe-server."""
import os

import pytest

from pppoe_hooked import build
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


@pytest.fixture(name="module", scope="session")
def fixture_module(tmp_path_factory):
    return build(str(tmp_path_factory.mktemp("hook") / "module.so"))


@pytest.fixture(name="fifo")
def fixture_fifo(tmp_path):
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    return path
