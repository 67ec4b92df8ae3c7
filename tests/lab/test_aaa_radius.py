# SPDX-License-Identifier: GPL-2.0-or-later
"""The LAC asks a FreeRADIUS where its subscribers go, and accounts for what it forwards.

A subscriber that the server does not forward goes to the LNS B, by a vpdn-group: which LNS gets a call tells who decided.
"""

import labnet
import radius
import roles
from choice import CALLED_NUMBER, group
from decode import Control
from labnet import Topology
from waiting import await_condition

A, B, C = Topology.LNS, "172.16.0.12", "172.16.0.13"
SERVER, SECOND = Topology.LNS2, "172.16.0.23"
BACKUP = group("backup", 'domain = { "example.com" }', B)
OUTBOUND, FRAMED = 5, 2         # Service-Type
START, STOP, INTERIM = 1, 2, 3  # Acct-Status-Type
LOST_CARRIER = 2                # Acct-Terminate-Cause
SEED_LNS = "10.51.6.82"


def known(user, *reply):
    """An entry of the users file, with the password that IOS sends; the reply's lines."""
    return f'"{user}" Cleartext-Password := "cisco"\n' + ",\n".join(f"\t{line}" for line in reply) + "\n"


def avpairs(**values):
    """Cisco's AV pairs of protocol vpdn."""
    return ["Service-Type = Outbound-User"] + [
        f'Cisco-AVPair += "vpdn:{name.replace("_", "-")}={value}"' for name, value in values.items()]


def tagged(tag, **values):
    """RFC 2868's attributes of one tunnel."""
    return [f"Tunnel-Type:{tag} = L2TP", f"Tunnel-Medium-Type:{tag} = IPv4"] + [
        f'Tunnel-{name.replace("_", "-")}:{tag} = {value}' for name, value in values.items()]


TO_A = known("example.com", *avpairs(tunnel_type="l2tp", tunnel_id="LAC", ip_addresses=A, l2tp_tunnel_authen="no",
                                     l2tp_nosession_timeout=1))


def block(*servers, more=""):
    """vpdn.conf's radius block; what is unavailable is so within two seconds."""
    return "radius {\n" + "".join(
        f'\tserver "{address}" {{ secret = "{radius.SECRET}"  timeout = 1  retries = 0 }}\n' for address in servers or (SERVER,)) + \
        f"\t{more}\n}}\n"


def conf(failure="open", servers=(), more=""):
    return f"sources = {{ radius, local }}\naaa-failure = {failure}\nsearch-order = {{ dnis, domain }}\n" \
        'dnis-from { service-name = "[0-9]+" }\n' + block(*servers, more=more) + BACKUP


def start_server(lab, users, address=SERVER):
    """A FreeRADIUS for the LAC; returns it and the capture of what it hears and says."""
    if address != Topology.LNS2:
        lab.lns2.ip(f"address add {address} peer {Topology.LAC} dev eth0")
        lab.lac.ip(f"route add {address} dev eth2 src {Topology.LAC}")
    server = radius.Server(lab, lab.lns2, users, address, Topology.LAC, signed=True)
    return server, lab.lns2.capture("eth0", f"radius-{address}", f"udp portrange 1812-1813 and host {address}")


def requests(wire, code=radius.ACCESS_REQUEST):
    return radius.packets(wire.path, code)


def clear_tunnels(net):
    """Do not wait for the 15 seconds after which an empty tunnel is closed when the answer says nothing of it."""
    for tunnel in net.lac.show("tunnel")["tunnels"]:
        net.lac.vpdnctl("clear", "tunnel", str(tunnel["id"]))


def test_radius_rfc2868(choice, lab):
    """Two tagged tunnels: the preferred LNS first, each by its own name and password; the second when that one refuses."""
    lab.secrets |= {"first-password", "second-password"}
    _, wire = start_server(lab, known("example.com", *tagged(
        2, Server_Endpoint=f'"{B}"', Client_Auth_Id='"lac-second"', Password='"second-password"', Preference=20), *tagged(
        1, Server_Endpoint=f'"{A}"', Client_Auth_Id='"lac-first"', Password='"first-password"', Preference=10)))
    net = choice(conf(), ())
    first = net.add_lns(A, secret=b"first-password")
    second = net.add_lns(B, secret=b"second-password")
    taken = net.dial(roles.USER, circuit="olt1 eth 0/3")
    assert taken.lns == A and first.found("SCCRQ")[0].value(7) == b"lac-first"
    sent = requests(wire)[-1].attributes
    assert (sent[radius.USER_NAME], sent[radius.SERVICE_TYPE]) == (b"example.com", radius.u32(OUTBOUND))
    assert (sent[radius.NAS_PORT_ID], sent[radius.CALLING]) == (b"eth1", b"02:00:00:00:02:01")
    assert sent[radius.ADSL_FORUM, 1] == b"olt1 eth 0/3"
    assert radius.USER_PASSWORD in sent and radius.MESSAGE_AUTHENTICATOR in sent
    first.refuse_call = (4, 0)
    alice = net.access.add(roles.USER, roles.PASSWORD)
    alice.dial()
    net.access.run(lambda: second.found("ICCN"), "the second LNS takes the call")
    assert second.found("SCCRQ")[0].value(7) == b"lac-second"
    net.hang_up()
    clear_tunnels(net)
    net.assert_nothing_left()


def test_radius_cisco(choice, lab):
    """IOS's AV pairs: addresses after a slash come when those before it have refused; what they say of the tunnel is done."""
    lab.secrets.add("cisco-tunnel-password")
    _, wire = start_server(lab, known("dnis:614629", *avpairs(
        tunnel_type="l2tp", tunnel_id="lac-of-ios", ip_addresses=f"{A}/{B}", l2tp_tunnel_password="cisco-tunnel-password",
        l2tp_nosession_timeout=1)))
    net = choice(conf().replace(B, C), (C,), pppoe="-S any -S 614629")
    first, second = (net.add_lns(address, secret=b"cisco-tunnel-password") for address in (A, B))
    first.refuse_tunnel = (2, 4)
    alice = net.access.add(roles.USER, roles.PASSWORD, service=b"614629")
    alice.dial()
    net.access.run(lambda: second.found("ICCN"), "the second LNS takes the call")
    assert [lns.found("SCCRQ")[0].value(7) for lns in (first, second)] == [b"lac-of-ios"] * 2
    assert second.found("ICRQ")[0].value(CALLED_NUMBER) == b"614629"
    assert requests(wire)[-1].attributes[radius.USER_NAME] == b"dnis:614629"
    # Who is not known by number is looked for by domain, and then in vpdn.conf.
    assert net.dial("carol@example.com").lns == C
    assert [packet.attributes[radius.USER_NAME] for packet in requests(wire)][-1] == b"example.com"
    net.assert_nothing_left()


def test_seed_radius(dialin, lab):
    """Word for word the Access-Accept of Cisco's document 24018: it makes the tunnel from hgw to 10.51.6.82 for number 614629."""
    lab.secrets |= {"password-of-2500-1"}
    _, wire = start_server(lab, known(
        "dnis:614629", "Service-Type = Outbound-User", 'Cisco-AVPair = "vpdn:tunnel-type=l2tp"', 'Cisco-AVPair += "vpdn:tunnel-id=hgw"',
        'Cisco-AVPair += "vpdn:ip-addresses=10.51.6.82"', 'Cisco-AVPair += "vpdn:l2tp-tunnel-password=hello"'))
    lab.lns.ip(f"address add {SEED_LNS} peer {Topology.LAC} dev eth0")
    lab.lac.ip(f"route add {SEED_LNS} dev eth0 src {Topology.LAC}")
    net = dialin(lac={"conf": conf(), "pppoe": "-S any -S 614629"},
                 lns={"changes": {'terminate-from = { "LAC" }': 'terminate-from = { "hgw" }', roles.TUNNEL_SECRET: "hello",
                                  'local-name = "LNS"': 'local-name = "l2tp-gw"'},
                      "template": {"name LNS": "name l2tp-gw"}, "secrets": '"2500-1" l2tp-gw "password-of-2500-1" *\n'})
    client = roles.dial(lab, "2500-1", "password-of-2500-1", ["pppoe-service", "614629"])
    lab.client.ping(roles.POOL_LOCAL)
    asked, = requests(wire)
    assert [asked.attributes[kind] for kind in (radius.USER_NAME, radius.CALLED, radius.SERVICE_TYPE)] == [
        b"dnis:614629", b"614629", radius.u32(OUTBOUND)]
    accept, = requests(wire, radius.ACCESS_ACCEPT)
    assert accept.attributes[radius.SERVICE_TYPE] == radius.u32(OUTBOUND)
    sccrq, = net.core.packets(Control, message="SCCRQ")
    assert (sccrq.dst, sccrq.value(7)) == (SEED_LNS, b"hgw") and sccrq.value(11)
    icrq, = net.core.packets(Control, message="ICRQ")
    assert icrq.value(CALLED_NUMBER) == b"614629"
    iccn, = net.core.packets(Control, message="ICCN")
    assert iccn.value(30) == b"2500-1"
    session, = net.lac.show("session")["sessions"]
    assert session["group"] == "radius:614629"
    client.stop()
    net.core.await_packet(Control, message="CDN")
    clear_tunnels(net)
    net.assert_nothing_left()


def test_radius_accounting(choice, lab):
    """Start, Interim and Stop of a forwarded session: who, where through, how much, and why it ended."""
    server, wire = start_server(lab, TO_A)
    net = choice(conf(more="accounting = true  interim-interval = 10"), (A, B))
    taken = net.dial(roles.USER, circuit="olt1 eth 0/3")

    def records(status):
        return [p for p in requests(wire, radius.ACCOUNTING_REQUEST) if p.number(radius.ACCT_STATUS) == status]

    start = await_condition(lambda: records(START), "Accounting-Request Start")[0].attributes
    serial = str(int.from_bytes(taken.icrq.value(15), "big")).encode()
    assert start[radius.ACCT_TUNNEL_CONNECTION] == serial
    assert (start[radius.USER_NAME], start[radius.SERVICE_TYPE]) == (roles.USER.encode(), radius.u32(FRAMED))
    assert (start[radius.TUNNEL_SERVER].lstrip(b"\0"), start[radius.TUNNEL_CLIENT].lstrip(b"\0")) == (A.encode(), Topology.LAC.encode())
    assert (start[radius.TUNNEL_CLIENT_AUTH_ID], start[radius.TUNNEL_SERVER_AUTH_ID]) == (b"LAC", b"LNS")
    assert start[radius.ADSL_FORUM, 1] == b"olt1 eth 0/3"
    for _ in range(5):
        taken.subscriber.send_code(0xc021, 9, 1, taken.subscriber.magic + bytes(100))   # Echo-Request
    interim = await_condition(lambda: records(INTERIM), "Interim")[0]
    assert interim.number(radius.ACCT_INPUT_OCTETS) >= 5 * 108
    # A server that is away gets its records when it is back.
    server.freeze()
    net.hang_up(taken)
    await_condition(lambda: records(STOP), "Accounting-Request Stop")
    server.freeze(False)
    await_condition(lambda: net.lac.vpdnctl("--json", "show", "aaa") and
                    len(requests(wire, radius.ACCOUNTING_RESPONSE)) >= 4, "all records answered")
    stop = records(STOP)[0]
    for kind in (radius.ACCT_SESSION_ID, radius.ACCT_TUNNEL_CONNECTION, radius.USER_NAME, radius.NAS_PORT_ID):
        assert stop.attributes[kind] == interim.attributes[kind] == start[kind]
    assert stop.number(radius.ACCT_CAUSE) == LOST_CARRIER and stop.number(radius.ACCT_SESSION_TIME) >= 9
    assert stop.number(radius.ACCT_INPUT_OCTETS) >= interim.number(radius.ACCT_INPUT_OCTETS)
    net.assert_nothing_left()


def test_radius_down(choice, lab):
    """No server answers: open takes the group, closed refuses; the log says so once a change, not once a call."""
    server, _ = start_server(lab, TO_A)
    net = choice(conf(), (A, B))
    assert net.dial(roles.USER).lns == A
    server.stop()
    assert [net.dial(roles.USER).lns for _ in range(3)] == [B, B, B]
    assert net.lac.vpdnd.count("source radius is unavailable") == 1
    net.reload(conf("closed"))
    alice = net.dial(roles.USER)
    assert alice.lns is None and alice.foretold["outcome"] == "reject"
    server.start()
    net.reload(conf("closed", more="dead-time = 30"))
    await_condition(lambda: net.explain(roles.USER)["outcome"] == "forward", "the server is asked again", 40)
    assert net.dial(roles.USER).lns == A
    assert net.lac.vpdnd.count("source radius answers again") == 1
    net.assert_nothing_left()


def test_radius_second_server(choice, lab):
    """The first server hangs: the second answers this call, and is asked at once for the next ones."""
    first, first_wire = start_server(lab, TO_A)
    _, second_wire = start_server(lab, TO_A, SECOND)
    net = choice(conf(servers=(SERVER, SECOND)), (A, B))
    assert net.dial(roles.USER).lns == A and not requests(second_wire)
    first.freeze()
    assert net.dial(roles.USER).lns == A
    asked = len(requests(first_wire))
    assert [net.dial(roles.USER).lns for _ in range(2)] == [A, A]
    assert len(requests(first_wire)) == asked, "the first is dead for dead-time"
    shown, = [row for row in net.lac.show("aaa")["sources"] if row["name"] == "radius"]
    assert [server["state"] for server in shown["servers"]] == ["down", "up"]
    first.freeze(False)
    net.assert_nothing_left()


def test_explain_radius(choice, lab):
    """configs/lac-radius: explain prints each key, whom it was asked of and what that said, and the LNSs in their order."""
    addresses = {roles.SAMPLE_LNS: A, "192.0.2.3": B}
    _, wire = start_server(lab, labnet.sample("lac-radius/users", addresses))
    net = choice(labnet.sample("lac-radius/etc/vpdn/vpdn.conf", {
        "192.0.2.9": SERVER, "192.0.2.10": SECOND, roles.SAMPLE_LNS: C, f'"{roles.SAMPLE_LAC}"': f'"{Topology.LAC}"'}), (A, B))

    def explained(number):
        text = net.lac.vpdnctl("explain", roles.USER, "--dnis", number, "--clid", "2085730592")
        table = {line[1]: (line[0], line[3]) for line in map(str.split, text.splitlines()) if len(line) > 5 and line[1].startswith("172.")}
        return text, table

    text, table = explained("614630")
    assert [(p.attributes[radius.USER_NAME], p.attributes[radius.CALLING]) for p in requests(wire)] == [
        (b"dnis:614630", b"2085730592"), (b"example.com", b"2085730592")]
    assert f"{SERVER}: Access-Reject" in text and f"{SERVER}: Access-Accept" in text
    assert "Forwarded: vpdn-group radius:example.com" in text and table == {A: ("1", "10"), B: ("2", "20")}, text
    text, table = explained("614629")
    assert "Forwarded: vpdn-group radius:614629" in text and list(table) == [A, B], text
    assert not net.lns[A].messages and not net.lns[B].messages, "no call was placed"
