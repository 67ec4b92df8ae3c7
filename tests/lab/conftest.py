# SPDX-License-Identifier: GPL-2.0-or-later
"""pytest in the guest: the `lab` fixture, test selection, what is kept of a failure.

A test takes `lab` (labnet.Topology), fresh for each test. After it, every process
is ended and looked at: one that died by itself, crashed, or got a sanitizer's
report fails the test even when all its assertions held. Logs and captures of a
failed test are kept in results/TEST/.
"""

import dataclasses
import os
import re
import shutil
import signal

import pytest

import choice as choice_roles
import dialout as dialout_roles
import labnet
import leaks
import roles

RESULTS = "/lab/results"
LOGS = "/lab/log"
DEFAULT_SECONDS = 150


def pytest_addoption(parser):
    parser.addoption("--only", action="append", default=[], metavar="NAME",
                     help="run the test function test_NAME, or those that begin so, wherever they are")


def pytest_configure(config):
    config.addinivalue_line("markers", "seconds(n): time limit of a test, default 150")
    config.addinivalue_line("markers", "by_name: runs only when it is named")
    config.addinivalue_line("markers", "stock: passes with the distribution's own packages too")
    config.addinivalue_line("markers", "ppp252: is run with Debian 13's pppd, too")


def plain_name(item):
    """test_policy_never_mru for test_policy[never-mru]: a name with its parameters."""
    return re.sub(r"\W+", "_", item.name).rstrip("_")


def pytest_collection_modifyitems(config, items):
    """--only NAME: test_NAME; when there is none, all tests whose names begin with test_NAME_."""
    wanted = config.getoption("--only")
    chosen = [] if wanted else [item for item in items if not item.get_closest_marker("by_name")]
    for name in wanted:
        found = [item for item in items if f"test_{name}" in (item.name, item.originalname, plain_name(item))] or \
                [item for item in items if plain_name(item).startswith(f"test_{name}_")]
        if not found:
            raise pytest.UsageError(f"there is no test_{name} in tests/lab")
        chosen += found
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = list(dict.fromkeys(chosen))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed_call = outcome.get_result().failed


@pytest.fixture(autouse=True)
def time_limit(request):
    """End a test that hangs with an exception where it hangs."""
    marker = request.node.get_closest_marker("seconds")
    seconds = marker.args[0] if marker else DEFAULT_SECONDS

    def expired(_number, _frame):
        raise TimeoutError(f"the test took more than {seconds} s")

    signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


class KernelLog:
    """What the kernel says about crashes while a test runs."""

    PATTERN = re.compile(r"segfault at|general protection|WARNING:|BUG:|Oops")

    def __init__(self):
        self.file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.lseek(self.file, 0, os.SEEK_END)

    def problems(self):
        found = []
        try:
            while True:
                line = os.read(self.file, 8192).decode("utf-8", "replace")
                if self.PATTERN.search(line):
                    found.append("kernel: " + line.split(";", 1)[-1].splitlines()[0])
        except OSError:
            os.close(self.file)
        return found


@pytest.fixture
def lab(request):
    """The standard topology, fresh."""
    name = plain_name(request.node)
    log_dir = os.path.join(LOGS, name)
    shutil.rmtree(log_dir, ignore_errors=True)
    kernel_log = KernelLog()
    topology = labnet.Topology(log_dir)
    topology.secrets |= roles.SECRETS
    yield topology
    problems = topology.stop() + kernel_log.problems()
    if problems or getattr(request.node, "failed_call", True):
        topology.keep(os.path.join(RESULTS, name))
    shutil.rmtree(log_dir, ignore_errors=True)
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


@dataclasses.dataclass
class Dialin:
    """LAC and LNS of the samples, both wires captured, what both held before any call."""
    lab: object
    lac: roles.Role
    lns: roles.Role
    access: object
    core: object
    before: tuple

    def assert_nothing_left(self):
        leaks.await_same(*self.before, timeout=30)


@pytest.fixture
def dialout(lab):
    """make(...) starts both ends of dial-out; see dialout.start()."""
    made = []

    def make(**options):
        made.append(dialout_roles.start(lab, **options))
        return made[-1]
    yield make
    for net in made:
        for emulated in net.modems:
            print(emulated.path, emulated.events)
        net.close()


@pytest.fixture
def dialin(lab):
    """make(lac={...}, lns={...}) starts both roles (keywords of roles.start_*).

    Empty tunnels are closed after a second unless the test says otherwise.
    """
    def make(lac=None, lns=None):
        lac, lns = dict(lac or {}), dict(lns or {})
        lac.setdefault("changes", {roles.IDLE_LAC: "idle-timeout = 1"})
        started = roles.start_lns(lab, **lns), roles.start_lac(lab, **lac)
        access = lab.client.capture("eth0", "access", "pppoed or pppoes")
        core = lab.lns.capture("eth0", "core", "udp port 1701")
        before = tuple(leaks.count(role.node, role.daemons()) for role in started)
        return Dialin(lab, started[1], started[0], access, core, before)
    return make


@pytest.fixture
def choice(lab):
    """make(conf, lns addresses) starts a LAC and scripted LNSs; see choice.Choice."""
    made = []

    def make(conf, lns=(labnet.Topology.LNS,), **lac):
        made.append(choice_roles.Choice(lab, conf, lns, **lac))
        return made[-1]
    yield make
    for net in made:
        net.close()
