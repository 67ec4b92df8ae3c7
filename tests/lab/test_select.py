# SPDX-License-Identifier: GPL-2.0-or-later
"""How the LAC chooses a tunnel: what it looks for, what it tells of it, and which LNS it leaves alone."""

import json

import roles
from decode import Control
from labnet import Topology
from subscriber import Access

DOMAIN = 'domain = { "example.com" }'
PROXY_AUTH_NAME = 30            # RFC 2661 section 4.4.5
WHOLE = ' "alices-password" *\n'


def explain(role, *words):
    """What `vpdnctl explain` says."""
    return json.loads(role.vpdnctl("--json", "explain", *words))


def decisions(role):
    """What is kept of the choice of the only session."""
    session, = role.show("session")["sessions"]
    details, = role.show("session", str(session["id"]))["sessions"]
    return details["decisions"]


def iccn_name(net):
    iccn, = net.core.packets(Control, message="ICCN")
    return next(a.value for a in iccn.avps if a.vendor == 0 and a.type == PROXY_AUTH_NAME)


def test_select_wildcard_strip(dialin):
    """A domain within example.com; the LNS looks up alice, and the CHAP response to the whole name's challenge is right."""
    net = dialin(lac={"changes": {DOMAIN: 'domain = { "*.example.com" }\n\t\tstrip-domain = true'}},
                 lns={"secrets": '"alice" LNS' + WHOLE})
    user = "alice@east.example.com"
    foretold = explain(net.lac, user)
    assert (foretold["outcome"], foretold["group"], foretold["name_sent"]) == ("forward", "corp", "alice")
    assert [peer["ip"] for peer in foretold["peers"]] == [Topology.LNS]
    roles.dial(net.lab, user)
    net.lab.client.ping(roles.POOL_LOCAL)
    assert iccn_name(net) == b"alice"
    assert foretold["steps"][-1] in decisions(net.lac)
    assert explain(net.lac, roles.USER)["outcome"] == "local"


def test_select_line_default(dialin):
    """A pattern of the subscriber's address comes before a default group, whatever the user's name is."""
    net = dialin(lac={"changes": {DOMAIN: f'line = {{ "{Topology.CLIENT_MAC[:8].upper()}:*" }}'}, "extra": f"""
vpdn-group rest {{
	request-dialin {{ protocol = l2tp  default = true }}
	initiate-to "{Topology.LNS2}" {{ }}
	tunnel-authentication = false
}}
"""})
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    assert f"vpdn-group corp has line \"{Topology.CLIENT_MAC[:8].upper()}:*\"" in "\n".join(decisions(net.lac))
    assert explain(net.lac, roles.USER)["group"] == "rest"


def test_drain(dialin):
    """An LNS that is drained keeps its session and gets no other one, also after a reload, until that is ended."""
    net = dialin(lns={"secrets": '"carol@example.com" LNS "carols-password" *\n'})
    access = Access(net.lab.client)
    alice, carol = access.add(roles.USER, roles.PASSWORD), access.add("carol@example.com", "carols-password")
    alice.dial()
    access.run(lambda: alice.state == "up", "alice up")
    net.lac.vpdnctl("drain", Topology.LNS)
    net.lac.vpdnctl("reload")
    assert explain(net.lac, roles.USER)["outcome"] == "reject"
    carol.dial()
    access.run(lambda: carol.state == "closed", "carol refused")
    net.lac.await_log("refused: all peers of vpdn-group corp are draining")
    alice.ping(roles.POOL_LOCAL)
    net.lac.vpdnctl("undrain", Topology.LNS)
    carol = access.add("carol@example.com", "carols-password")
    carol.dial()
    access.run(lambda: carol.state == "up", "carol up")
    alice.ping(roles.POOL_LOCAL)
    access.close()
