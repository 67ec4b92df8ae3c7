# SPDX-License-Identifier: GPL-2.0-or-later
"""How the LAC finds the vpdn-group of a subscriber, and what it tells the LNS and the operator of it."""

import re

import pytest

import roles
from choice import CALLED_NUMBER, group
from decode import Control
from labnet import Topology
from subscriber import Access

A, B, C, D = Topology.LNS, "172.16.0.12", "172.16.0.13", "172.16.0.14"
DOMAIN = 'domain = { "example.com" }'
PROXY_AUTH_NAME = 30            # RFC 2661 section 4.4.5
WHOLE = ' "alices-password" *\n'


def decisions(role):
    """What is kept of the choice of the only session."""
    session, = role.show("session")["sessions"]
    details, = role.show("session", str(session["id"]))["sessions"]
    return details["decisions"]


def test_select_domain(choice):
    """The domain of the user's name, whatever its case, behind or before the delimiter; without one the LAC logs in itself."""
    groups = group("a", DOMAIN, A) + group("b", 'domain = { "Example.NET" }', B)
    net = choice(groups + 'domain-delimiters = "@%"\n', (A, B))
    taken = net.dial("alice@EXAMPLE.com")
    assert (taken.lns, taken.name()) == (A, "alice@EXAMPLE.com")
    assert taken.foretold["steps"][-1] in decisions(net.lac)
    assert net.dial("carol%example.net").lns == B
    assert net.dial("carol@example.com%example.net").lns == B
    assert net.dial("dave@sub.example.com").foretold["outcome"] == "local"
    bob = net.dial(roles.LOCAL_USER)
    assert bob.foretold["outcome"] == "local" and bob.subscriber.state == "up"
    bob.subscriber.ping(roles.LAC_LOCAL)
    net.reload(groups + 'domain-delimiters = "\\\\/"\ndomain-position = prefix\n')
    assert net.dial("example.com\\carol").lns == A
    assert net.dial("EXAMPLE.NET/x/carol@example.com").lns == B
    net.assert_nothing_left()


def test_select_dnis(choice):
    """The called number, made of the service name or the circuit id; the LNS is told it."""
    net = choice('dnis-from { service-name = "^dnis:([0-9]+)$"  circuit-id = "^pon 1/([0-9]+)$" }\n' +
                 group("a", 'dnis = { "614629" }', A) + group("b", 'dnis = { "17" }', B), (A, B),
                 pppoe="-S any -S dnis:614629 -S 614629")
    by_service = net.dial("alice", service="dnis:614629")
    assert (by_service.lns, by_service.icrq.value(CALLED_NUMBER)) == (A, b"614629")
    by_line = net.dial("alice", circuit="pon 1/17")
    assert (by_line.lns, by_line.icrq.value(CALLED_NUMBER)) == (B, b"17")
    assert net.dial("alice", circuit="pon 1/17", service="dnis:614629").lns == A
    assert net.dial("alice", service="614629").lns is None
    assert net.dial("alice", circuit="pon 1/18").lns is None
    net.assert_nothing_left()


def test_select_line(choice):
    """Interface, Ethernet address, circuit id or remote id, and their patterns; what is equal comes before what fits."""
    net = choice(group("exact", 'line = { "olt7 eth 0/3", "remote:house 5" }', A) +
                 group("pattern", 'line = { "circuit:olt7 *", "02:00:00:00:02:0[1-4]" }', B) +
                 group("interface", 'line = { "eth*" }', C), (A, B, C))
    assert net.dial("alice", circuit="OLT7 eth 0/3").lns == A
    assert net.dial("alice", remote="house 5").lns == A
    assert net.dial("alice", circuit="house 5").lns == B, "by its address: a circuit id is no remote id"
    by_address = net.dial("alice")
    assert by_address.lns == B and "02:00:00:00:02:0[1-4]" in "".join(by_address.foretold["steps"])
    assert net.dial("alice", circuit="olt7 eth 0/9").lns == B
    by_interface = net.dial("alice", remote="olt7 eth 0/9")
    assert by_interface.lns == C and 'line "eth*"' in "".join(by_interface.foretold["steps"])
    net.assert_nothing_left()


@pytest.mark.parametrize("order", ["line, dnis, domain", "domain, dnis, line", "dnis, line", "domain"])
def test_select_order(choice, order):
    """Of several groups that a call fits, the one whose kind of key comes first in search-order."""
    first = order.split(",")[0]
    lns = dict(zip(("line", "dnis", "domain"), (A, B, C)))
    net = choice(f'search-order = {{ {order} }}\ndnis-from {{ service-name = "[0-9]+" }}\n' +
                 group("line", 'line = { "olt1 eth 0/3" }', A) + group("dnis", 'dnis = { "614629" }', B) +
                 group("domain", DOMAIN, C), (A, B, C), pppoe="-S any -S 614629")
    everything = net.dial(roles.USER, circuit="olt1 eth 0/3", service="614629")
    assert everything.lns == lns[first]
    assert {re.match("[a-z]+", step).group() for step in everything.foretold["steps"]} == {first}
    # What is not in the list is not looked for.
    for kind, told in (("line", {"circuit": "olt1 eth 0/3"}), ("dnis", {"service": "614629"})):
        assert net.dial("alice", **told).lns == (lns[kind] if kind in order else None)
    assert net.dial(roles.USER).lns == (lns["domain"] if "domain" in order else None)
    net.assert_nothing_left()


def test_select_wildcard(choice):
    """*.example.com is every domain within it: the longest such name, but the whole domain first, and not example.com."""
    net = choice(group("wide", 'domain = { "*.example.com" }', A) + group("narrow", 'domain = { "*.East.example.com" }', B) +
                 group("whole", 'domain = { "b.east.example.com" }', C), (A, B, C))
    assert net.dial("alice@west.example.com").lns == A
    assert net.dial("alice@east.example.com").lns == A
    assert net.dial("alice@a.EAST.example.com").lns == B
    assert net.dial("alice@b.east.example.com").lns == C
    assert net.dial("alice@example.com").lns is None
    assert net.dial("alice@notexample.com").lns is None
    net.assert_nothing_left()


def test_select_default(choice):
    """The group with default = true takes whom no other one has, with whatever name."""
    net = choice(group("a", DOMAIN, A) + group("rest", "default = true", B), (A, B))
    assert net.dial(roles.USER).lns == A
    rest = net.dial("whoever@wherever.example")
    assert rest.lns == B and rest.foretold["steps"][-1] == "default: vpdn-group rest"
    assert net.dial(roles.LOCAL_USER).lns == B, "no local user where there is a default group"
    net.assert_nothing_left()


EXPLAINED = f"""User alice@east.example.com
  Name        alice
  Domain      east.example.com
  Steps       line: interface "eth1": no vpdn-group has it
              dnis: "614629": no vpdn-group has it
              domain "east.example.com": vpdn-group corp has domain "*.example.com"
Forwarded: vpdn-group corp, by domain "*.example.com"
  Name sent   alice
  Order  Peer         Port  Priority  Weight  Share  Limit  Sessions  State
      1  {A}   1701         1       3   75 %      -         0  ready
      1  {B}  1701         1       1   25 %      -         0  ready
      2  {D}  1701         3       1  100 %      -         0  ready
      -  {C}  1701         2       1      -     10         0  draining
"""


def test_explain_local(choice):
    """explain prints the whole decision: each step, and the LNSs in their order, with their shares and what keeps them out."""
    net = choice(group("corp", 'domain = { "*.example.com" }  strip-domain = true', (A, "weight = 3"), B,
                       (C, "priority = 2  limit = 10"), (D, "priority = 3")), (A,))
    net.lac.vpdnctl("drain", C)
    assert net.lac.vpdnctl("explain", "alice@east.example.com", "--line", "eth1", "--dnis", "614629") == EXPLAINED
    text = net.lac.vpdnctl("explain", roles.LOCAL_USER)
    assert text.endswith("there is no default group: local\nLocal: this host's pppd serves the subscriber\n")
    for address in (A, B, D):
        net.lac.vpdnctl("drain", address)
    text = net.lac.vpdnctl("explain", "alice@east.example.com")
    assert 'Refused: vpdn-group corp, by domain "*.example.com": all its peers are draining or at their session limit' in text
    assert not net.lns[A].messages, "no call was placed"


def test_select_strip(dialin):
    """The LNS is told alice, looks that up, and the CHAP response to the whole name's challenge is right."""
    net = dialin(lac={"changes": {DOMAIN: DOMAIN + "\n\t\tstrip-domain = true"}}, lns={"secrets": '"alice" LNS' + WHOLE})
    roles.dial(net.lab)
    net.lab.client.ping(roles.POOL_LOCAL)
    iccn, = net.core.packets(Control, message="ICCN")
    assert iccn.value(PROXY_AUTH_NAME) == b"alice"
    assert not net.core.packets(Control, message="CDN")


def test_drain(dialin):
    """An LNS that is drained keeps its session and gets no other one, also after a reload, until that is ended."""
    net = dialin(lns={"secrets": '"carol@example.com" LNS "carols-password" *\n'})
    access = Access(net.lab.client)
    alice, carol = access.add(roles.USER, roles.PASSWORD), access.add("carol@example.com", "carols-password")
    alice.dial()
    access.run(lambda: alice.state == "up", "alice up")
    net.lac.vpdnctl("drain", Topology.LNS)
    net.lac.vpdnctl("reload")
    assert '"outcome": "reject"' in net.lac.vpdnctl("--json", "explain", roles.USER)
    carol.dial()
    access.run(lambda: carol.state == "closed", "carol refused")
    net.lac.await_log("refused: all peers of vpdn-group corp are draining")
    alice.ping(roles.POOL_LOCAL)
    net.lac.vpdnctl("undrain", Topology.LNS)
    carol = access.add("carol@example.com", "carols-password")
    carol.dial()
    access.run(lambda: carol.state == "up", "carol up")
    alice.ping(roles.POOL_LOCAL)
    for subscriber in (alice, carol):
        subscriber.hang_up()
    net.assert_nothing_left()
    access.close()
