# SPDX-License-Identifier: GPL-2.0-or-later
"""The samples that the other tests do not run: every file is right, and one host can be both LAC and LNS."""

import glob
import os

import aaa
import labnet
import roles
from decode import Control
from test_tty import Line

CAROL, CAROLS_PASSWORD = "carol@example.net", "carols-password"


def test_samples_check(lab):
    """vpdnd accepts every vpdn.conf, the one installed with nothing set among them."""
    configs = os.path.join(labnet.REPO, "configs")
    files = [os.path.join(configs, "vpdn.conf"), *glob.glob(f"{configs}/*/etc/vpdn/vpdn.conf")]
    assert len(files) == 9
    lab.lac.run(["openssl", "req", "-x509", *aaa.CURVE, "-subj", "/CN=ca", "-keyout", "/run/ca.key", "-out", "/etc/vpdn/aaa-ca.pem"])
    lab.lac.write("/etc/vpdn/aaa-token", "token\n")
    for path in files:
        with open(path, encoding="utf-8") as file:
            lab.lac.write("/etc/vpdn/sample.conf", file.read())
        lab.lac.run(["vpdnctl", "check", "/etc/vpdn/sample.conf"])


def start_both(lab):
    """The host of configs/lac-lns on the node lac; lns2 is the other LAC."""
    lab.secrets |= {"l2tptunnel2", CAROLS_PASSWORD}
    node, role = lab.lac, roles.Role(lab.lac)
    node.write("/etc/vpdn/vpdn.conf", labnet.sample("lac-lns/etc/vpdn/vpdn.conf", {
        roles.SAMPLE_LNS: lab.LNS, f'"{roles.SAMPLE_LAC}"': f'"{lab.LAC}"', "192.0.2.4": lab.LNS2}))
    for name in ("xl2tpd/xl2tpd.conf", "ppp/vpdn/access", "ppp/vpdn/corp", "vpdn/pppoe-server/eth1"):
        node.write(f"/etc/{name}", labnet.sample(f"lac-lns/etc/{name}", {}))
    node.write("/etc/ppp/chap-secrets", labnet.sample("lac-lns/chap-secrets", {}))
    role.start_vpdnd()
    role.start_xl2tpd()
    role.start_template("access")
    role.start_template("corp")
    role.pppoe = roles.start_unit(node, "vpdn-pppoe-server@", "eth1")
    node.await_packet_socket()
    return role


def start_other_lac(lab):
    """A LAC on a tty on the node lns2, and its subscriber; returns the line between them."""
    node, role, line = lab.lns2, roles.Role(lab.lns2), Line()
    node.write("/etc/vpdn/vpdn.conf", labnet.sample("lac-tty/etc/vpdn/vpdn.conf", {
        roles.SAMPLE_LNS: lab.LAC, f'"{roles.SAMPLE_LAC}"': f'"{lab.LNS2}"', '"LAC"': '"LAC2"',
        "example.com": "example.net", "l2tptunnel": "l2tptunnel2"}))
    node.write("/etc/xl2tpd/xl2tpd.conf", labnet.sample("lac-tty/etc/xl2tpd/xl2tpd.conf", {}))
    node.write("/etc/ppp/peers/vpdn-tty", labnet.sample("lac-tty/etc/ppp/peers/vpdn-tty", {}))
    node.write("/etc/ppp/chap-secrets", f'"{CAROL}" * "{CAROLS_PASSWORD}" *\n')
    role.start_vpdnd()
    role.start_xl2tpd()
    node.spawn("pppd-tty", ["pppd", line.names[0], "call", "vpdn-tty", "nodetach", "debug"])
    node.spawn("pppd", ["pppd", line.names[1], "115200", "nodetach", "local", "nocrtscts", "noauth", "user", CAROL,
                        "noipdefault", "noccp", "novj", "debug", "lcp-restart", "1"]).stopped = True
    return line


def test_lac_and_lns_on_one_host(lab):
    """configs/lac-lns: its own subscriber is forwarded, and another LAC's call is taken, at the same time."""
    roles.start_lns(lab)
    both = start_both(lab)
    core = lab.lac.capture("eth2", "core", "udp port 1701")
    line = start_other_lac(lab)
    roles.dial(lab)
    lab.lns2.ping(roles.POOL_LOCAL)
    lab.client.ping(roles.POOL_LOCAL)
    assert core.packets(Control, message="ICCN")[0].src == lab.LNS2
    shown = both.vpdnctl("show", "session")
    assert roles.USER in shown and CAROL in shown
    line.hang_up()
    lab.lac.await_interfaces("^ppp", 0)
    lab.client.ping(roles.POOL_LOCAL)
