# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the control-plane tests share: the wire helpers of tests/patches, which build a test is for, the clock and the stand-ins.

    @pytest.mark.builds("ordinary", "sanitized")     where a test runs; without it: the ordinary build only
"""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "patches")]

from xl2tpd_wire import Daemon  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--only", help="names of tests, or how they begin, without test_, separated by blanks")
    parser.addoption("--exactly", help="the name of one test function")


def pytest_configure(config):
    config.addinivalue_line("markers", "builds(name...): the builds of xl2tpd that the test is for")


def pytest_collection_modifyitems(config, items):
    build = os.environ.get("CONTROL_BUILD", "ordinary")
    only, exactly = config.getoption("--only"), config.getoption("--exactly")
    wanted, others = [], []
    for item in items:
        mark = item.get_closest_marker("builds")
        fits = build == "any" or build in (mark.args if mark else ("ordinary",))
        test = item.name.split("[")[0].removeprefix("test_")
        if exactly:
            named = item.originalname == exactly
        else:
            named = not only or any(test == name or test.startswith(name + "_") for name in only.split())
        (wanted if fits and named else others).append(item)
    items[:] = wanted
    config.hook.pytest_deselected(items=others)


def helper(name):
    """A program or library built from a C file here."""
    return os.path.join(os.environ["CONTROL_BIN"], name)


def settle(daemon):
    """The daemon has handled all that has come to it until now."""
    for _ in range(2):      # the first one may overtake what else it finds when it looks
        daemon.command("x")


class Clock:
    """The time of a daemon that is started with fake_clock=clock.how: it passes when the test says so, and not otherwise."""

    def __init__(self, path):
        self.path, self.how, self.seconds = str(path), "file=%s" % path, 0
        self.write()

    def go(self, seconds, daemon):
        """What came before has been handled, with its timers, when this time passes."""
        settle(daemon)
        self.seconds += seconds
        self.write()

    def write(self):
        with open(self.path + ".new", "w") as f:
            f.write("%f" % self.seconds)
        os.rename(self.path + ".new", self.path)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


@pytest.fixture
def start(tmp_path):
    """start(...) gives a Daemon that is stopped, and its log looked through, at the end of the test.

    fake_clock: what fake_clock.c is told, see there; fake_kernel: PPPoL2TP sockets that are none; fake_pppd: calls get
    idle_pppd.c for a pppd. The rest is Daemon's.
    """
    running = []

    def start(fake_clock=None, fake_kernel=False, fake_pppd=False, preload=(), env=(), **more):
        directory = tmp_path / ("xl2tpd%d" % len(running))
        directory.mkdir()
        preload, env = list(preload), dict(env)
        if fake_clock:
            preload.append(helper("fake_clock.so"))
            env["FAKE_CLOCK"] = fake_clock
        if fake_kernel and "CONTROL_REAL_KERNEL" not in os.environ:
            preload.append(helper("fake_pppol2tp.so"))
        if fake_pppd:
            preload.append(helper("fake_pppd.so"))
            env.setdefault("FAKE_PPPD", helper("idle_pppd"))
        running.append(Daemon(directory, preload=preload, env=env, **more))
        return running[-1]

    yield start
    for daemon in running:
        daemon.stop()
