# SPDX-License-Identifier: GPL-2.0-or-later
"""Many calls at once, and calls in both directions at once."""

import signal

import pytest

import dialout as dialout_roles
import leaks
import modem
import roles
from decode import Control, Ppp
from dialout import ACCESS, LNS_ADDRESS, MODEM, MODEMS, NUMBER, PEER, REMOTE_ADDRESS, REMOTE_NAME, REMOTE_OPTIONS
from labnet import Topology
from waiting import await_condition

CALLS = 100
TIE_BREAKER = 5
# Addresses come from the remotes: each LNS interface has its own, all remotes have theirs.
MANY_PEER = PEER.replace(f"{LNS_ADDRESS}:{REMOTE_ADDRESS}", "noipdefault")
ANSWERING = f"auth\nrequire-chap\nname {REMOTE_NAME}\nnoccp\nnovj\nnoipv6\nlcp-restart 3\n"


@pytest.mark.seconds(400)
def test_hundred_dialouts(dialout, lab):
    """100 calls at once through one tunnel into the access network, all up, all down, nothing left on either side."""
    lab.client.write("/etc/ppp/vpdn/many", ANSWERING)
    roles.start_unit(lab.client, "vpdn-ppp@", "many")
    server = lab.client.spawn("pppoe-server", [
        "pppoe-server", "-F", "-I", "eth0", "-E", "/usr/lib/vpdn/pppoe-vpdn.so,template=many", "-N", "200",
        "-L", REMOTE_ADDRESS, "-R", "18.18.18.10"])
    lab.client.await_packet_socket()
    net = dialout(modems=0, lns={"peer": MANY_PEER.replace("lcp-restart 1", "lcp-restart 5"), "settings": "connect-timeout = 25"},
                  lac={"dialers": ACCESS.replace("timeout = 10", "timeout = 60").replace('service = "%n"', ""),
                       "dials": 'dial "7???" { dialer = "access" }'})
    callers = [net.dial(options=["vpdn-number", str(7000 + n)]) for n in range(CALLS)]
    await_condition(lambda: sum("local  IP address" in caller.text() for caller in callers) == CALLS,
                    lambda: f"{CALLS} up, not {sum('local  IP address' in caller.text() for caller in callers)}", 200)
    assert len(net.core.packets(Control, message="SCCRQ")) == 1
    assert leaks.l2tp_counts(lab.lac) == leaks.l2tp_counts(lab.lns) == (1, CALLS)
    assert leaks.pppoe_count(lab.lac) == CALLS and len(lab.lns.interfaces("^ppp")) == CALLS
    assert not lab.lac.interfaces("^ppp")
    for role in (net.lns, net.lac):
        numbers = {session["number"] for session in role.show("session")["sessions"]}
        assert numbers == {str(7000 + n) for n in range(CALLS)}
    for caller in callers[::2]:
        caller.send(signal.SIGTERM)
    server.stop()
    for caller in callers:
        caller.wait(60)
    net.assert_nothing_left()
    assert {m.src for m in net.core.packets(Control, message="CDN")} == {Topology.LAC, Topology.LNS}
    assert not net.lac.show("session")["sessions"] and not net.lns.show("session")["sessions"]


def test_dialout_collision(dialin, lab):
    """A subscriber dials in while the LNS dials out, and the tunnels' first messages cross: both calls come about."""
    remote = modem.Remote(lab.client, REMOTE_OPTIONS)
    line = modem.Modem(f"{MODEM}0", {NUMBER: remote})
    lab.client.write("/etc/ppp/chap-secrets", f'"LNS" "{REMOTE_NAME}" "{dialout_roles.PASSWORD}" *\n')
    net = dialin(
        lac={"settings": 'accept-dialout { protocol = l2tp  terminate-from = { "LNS" }  dial "*" { dialer = "modems" } }',
             "extra": MODEMS, "changes": {roles.IDLE_LAC: "idle-timeout = 1"}},
        lns={"changes": {roles.IDLE_LNS: "idle-timeout = 1\n\trequest-dialout { protocol = l2tp }\n\t"
                                         f'initiate-to "{lab.LAC}" {{}}'},
             "secrets": f'"LNS" "{REMOTE_NAME}" "{dialout_roles.PASSWORD}" *\n'})
    net.lac.start_dialer()
    lab.lns.write("/etc/ppp/peers/remote2", PEER.replace("vpdn-group out", "vpdn-group wholesale"))
    before = tuple(leaks.count(role.node, role.daemons()) for role in (net.lac, net.lns))
    for node in (lab.lac, lab.lns):
        node.run(["tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "300ms"])
    subscriber = roles.dial(lab)
    net.access.await_packet(Ppp, protocol="CHAP", code="Challenge")
    caller = lab.lns.spawn("pppd", ["pppd", "call", "remote2", "nodetach"])
    for proc in (caller, subscriber):
        proc.await_line("remote IP address")
    for node in (lab.lac, lab.lns):
        node.run(["tc", "qdisc", "del", "dev", "eth0", "root"])
    lab.client.ping(roles.POOL_LOCAL)
    lab.lns.ping(REMOTE_ADDRESS)
    requests = net.core.packets(Control, message="SCCRQ")
    assert {m.src for m in requests} == {Topology.LAC, Topology.LNS} and all(m.avp(TIE_BREAKER) for m in requests)
    assert len(net.core.packets(Control, message="SCCCN")) == 1, "one of the two tunnels stays"
    for proc in (caller, subscriber):
        proc.stop()
    leaks.await_same(*before, timeout=30)
    line.close()
