# SPDX-License-Identifier: GPL-2.0-or-later
"""Dial-in on a tty: the LAC's pppd has no template and stays, parked, while it is forwarded."""

import os
import pty
import select
import threading
import tty

import pytest

import labnet
import roles
from decode import Control
from labnet import Topology
from waiting import await_condition

ADDRESS = roles.POOL_LOCAL


class Line:
    """Two terminals joined by a wire, as two modems would."""

    def __init__(self):
        self.masters, self.names = [], []
        for _ in range(2):
            master, slave = pty.openpty()
            tty.setraw(slave)
            self.masters.append(master)
            self.names.append(os.ttyname(slave))
            # Kept open, so that a pppd that leaves does not hang the line up.
            self.masters.append(slave)
        self.stopping, self.stop_writer = os.pipe()
        self.thread = threading.Thread(target=self.copy, daemon=True)
        self.thread.start()

    def copy(self):
        ends = {self.masters[0]: self.masters[2], self.masters[2]: self.masters[0]}
        while True:
            ready = select.select([*ends, self.stopping], [], [])[0]
            if self.stopping in ready:
                return
            for end in ready:
                os.write(ends[end], os.read(end, 4096))

    def hang_up(self):
        """Close both terminals: whoever has one open sees a hangup."""
        os.write(self.stop_writer, b"x")
        self.thread.join()
        for descriptor in self.masters:
            os.close(descriptor)
        self.masters = []


@pytest.fixture
def tty_call(lab):
    """A forwarded call on a tty: (lab, lac, lns, core capture, line, the LAC's pppd)."""
    lns, lac = roles.start_lns(lab), roles.start_tty_lac(lab)
    core = lab.lns.capture("eth0", "core", "udp port 1701")
    line = Line()
    parked = lab.lac.spawn("pppd-tty", ["pppd", line.names[0], "call", "vpdn-tty", "nodetach",
                                        "debug", "lcp-restart", "1"])
    for kind in ("chap", "pap"):
        lab.client.write(f"/etc/ppp/{kind}-secrets", f'"{roles.USER}" * "{roles.PASSWORD}" *\n')
    lab.client.spawn("pppd", ["pppd", line.names[1], "115200", "nodetach", "local", "nocrtscts",
                              "noauth", "user", roles.USER, "noipdefault", "noccp", "novj",
                              "debug", "lcp-restart", "1"]).stopped = True
    lab.client.ping(ADDRESS)
    yield lab, lac, lns, core, line, parked
    if line.masters:
        line.hang_up()


@pytest.mark.ppp252
def test_tty_dialin(tty_call):
    """Forwarded from a tty: proxy AVPs, traffic, pppd parked; a hangup ends it with result 1."""
    lab, _, _, core, line, parked = tty_call
    iccn, = core.packets(Control, message="ICCN")
    assert {a.type for a in iccn.avps} >= set(range(26, 34))
    labnet.transfer(lab.client, lab.lns, ADDRESS, 100_000)
    assert parked.running() and not lab.lac.interfaces("^ppp")
    line.hang_up()
    cdn = core.await_packet(Control, message="CDN")
    assert cdn.src == Topology.LAC and cdn.result()[0] == 1
    parked.wait()
    lab.lns.await_interfaces("^ppp", 0)


def test_tty_dialin_cleared_by_lns(tty_call):
    """The LNS ends the call: the parked pppd leaves and the line is free."""
    lab, _, lns, core, _, parked = tty_call
    session, = lns.show("session")["sessions"]
    lns.vpdnctl("clear", "session", str(session["id"]))
    core.await_packet(Control, message="CDN")
    parked.wait()
    await_condition(lambda: not lab.lac.pids("pppd"), "no pppd on the LAC")
