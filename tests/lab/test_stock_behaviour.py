# SPDX-License-Identifier: GPL-2.0-or-later
"""With no vpdn option set, the derived xl2tpd and pppoe behave as the distribution's.

These tests pass with Debian's own packages and must pass with ours.
"""

import pytest

import decode
import labnet
import leaks
import roles
from subscriber import Access
from waiting import await_condition

pytestmark = pytest.mark.stock

LNS_CONF = """
[global]
port = 1701
auth file = /etc/xl2tpd/l2tp-secrets
access control = no
[lns default]
ip range = 10.2.0.10-10.2.0.50
local ip = 10.2.0.1
require chap = yes
refuse pap = yes
require authentication = yes
name = lns
pppoptfile = /etc/ppp/options.l2tp
length bit = yes
"""
LAC_CONF = """
[global]
port = 1701
auth file = /etc/xl2tpd/l2tp-secrets
access control = no
[lac isp]
lns = {lns}
name = alice
require chap = no
require authentication = no
pppoptfile = /etc/ppp/options.l2tp
autodial = yes
redial = yes
redial timeout = 1
length bit = yes
"""
PPP_OPTIONS = "noccp\nnovj\nmtu 1400\nmru 1400\nlcp-echo-interval 0\nlcp-restart 1\ndebug\n"
SECRETS = 'alice * "s3cret" *\n'


def start_xl2tpd(node, config, options):
    node.write("/etc/xl2tpd/xl2tpd.conf", config)
    node.write("/etc/xl2tpd/l2tp-secrets", "")
    node.write("/etc/ppp/options.l2tp", options)
    node.write("/etc/ppp/chap-secrets", SECRETS)
    daemon = node.spawn("xl2tpd", ["xl2tpd", "-D"])
    node.await_udp_port(decode.L2TP_PORT)
    return daemon


def test_stock_behaviour_xl2tpd(lab):
    """xl2tpd LAC to LNS over the kernel's l2tp_ppp; hanging up leaves nothing."""
    wire = lab.lns.capture("eth0", expression="udp port 1701")
    lns = start_xl2tpd(lab.lns, LNS_CONF, PPP_OPTIONS)
    before = leaks.count(lab.lns, [lns])
    lac = start_xl2tpd(lab.lac, LAC_CONF.format(lns=lab.LNS), PPP_OPTIONS + "noauth\nuser alice\n")
    lab.lac.ping("10.2.0.1")
    labnet.transfer(lab.lac, lab.lns, "10.2.0.1", 200_000)
    assert leaks.l2tp_counts(lab.lac)[0] == 1 and leaks.l2tp_counts(lab.lns)[0] == 1
    names = [packet.message for packet in wire.packets(decode.Control) if packet.message != "ZLB"]
    assert names[:6] == ["SCCRQ", "SCCRP", "SCCCN", "ICRQ", "ICRP", "ICCN"]
    iccn = wire.packets(decode.Control, message="ICCN")[0]
    assert not any(iccn.avp(number) for number in range(26, 34))
    lac.stop()
    lab.lns.await_interfaces("^ppp", 0)
    leaks.await_same(before, timeout=40)


def start_pppoe_server(node):
    """Debian's pppoe-server with users of its own: pppd behind the user-mode pppoe relay."""
    node.write("/etc/ppp/pppoe-server-options",
               "auth\nrequire-chap\nname isp\nnoccp\nnovj\nlcp-echo-interval 0\nlcp-restart 1\n")
    node.write("/etc/ppp/chap-secrets", SECRETS)
    server = node.spawn("pppoe-server", ["pppoe-server", "-F", "-I", "eth1", "-L", "10.1.0.1",
                                         "-R", "10.1.0.10", "-N", "10", "-C", "ac1", "-S", "isp"])
    node.await_packet_socket()
    return server


def start_client(node, secret):
    node.write("/etc/ppp/chap-secrets", f'alice * "{secret}" *\n')
    return node.spawn("pppd", ["pppd", "plugin", "rp-pppoe.so", "nic-eth0", "rp_pppoe_service", "isp",
                               "nodetach", "user", "alice", "noauth", "noipdefault", "noccp", "novj",
                               "debug", "lcp-restart", "1"])


def test_stock_behaviour_pppoe(lab):
    """pppoe-server with local users: log in, traffic, hang up; a second call leaves nothing more."""
    server = start_pppoe_server(lab.lac)
    log_in_and_out(lab)
    before = leaks.count(lab.lac, [server])
    log_in_and_out(lab)
    leaks.await_same(before)


def log_in_and_out(lab):
    client = start_client(lab.client, "s3cret")
    lab.client.ping("10.1.0.1")
    labnet.transfer(lab.client, lab.lac, "10.1.0.1", 100_000)
    assert lab.lac.pids("pppoe -n -I eth1"), lab.lac.processes()
    client.stop()
    lab.lac.await_interfaces("^ppp", 0)
    await_condition(lambda: len(lab.lac.processes()) == 1, "only pppoe-server left")


def test_stock_behaviour_pppoe_wrong_password(lab):
    """A wrong secret is refused with a CHAP Failure."""
    wire = lab.client.capture("eth0")
    start_pppoe_server(lab.lac)
    client = start_client(lab.client, "wrong")
    roles.await_refusal(client)
    assert wire.packets(decode.Ppp, protocol="CHAP", code="Failure")
    assert not wire.packets(decode.Ppp, protocol="CHAP", code="Success")


def test_stock_behaviour_pppoe_engine(lab):
    """The lab's own subscribers, CHAP and PAP, are served as pppd is."""
    start_pppoe_server(lab.lac)
    access = Access(lab.client)
    chap = access.add("alice", "s3cret")
    pap = access.add("alice", "s3cret", auth="pap")
    chap.dial()
    access.run(lambda: chap.state == "up", "CHAP subscriber up")
    chap.ping("10.1.0.1")
    pap.dial()
    access.run(lambda: pap.state == "closed", "PAP refused by require-chap")
    chap.hang_up()
    lab.lac.await_interfaces("^ppp", 0)
    access.close()
