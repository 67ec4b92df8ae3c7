# SPDX-License-Identifier: GPL-2.0-or-later
"""The pppd plugins alone, between stand-ins (fakes.py) for vpdnd and the modules."""

import os
import re
import signal
import time

import pytest

import fakes
import roles
from decode import Ppp
from labnet import Topology
from waiting import await_condition

OPTIONS = """auth
{methods}
noccp
novj
noipv6
debug
lcp-restart 3
lcp-echo-interval 30
lcp-echo-failure 4
"""
METHODS = "require-chap\nrequire-pap"
BOB, ALICE = (f'"{user}" * "{password}" *\n' for user, password in (
    (roles.LOCAL_USER, roles.LOCAL_PASSWORD), (roles.USER, roles.PASSWORD)))
LAC_IP, LNS_IP = "10.1.0.1", "10.2.0.1"
CALLING = bytes.fromhex(Topology.CLIENT_MAC.replace(":", ""))
ADMIN, NORMAL, AUTH_FAILED = 1, 3, 16   # RFC 3145
AT_PEER = 1
USER_REQUEST_STATUS, AUTH_STATUS = 5, 11     # pppd(8)


def start_template(node, name, plugin, secrets="", methods=METHODS, options=""):
    node.write(f"/etc/ppp/vpdn/{name}",
               f"plugin vpdn-{plugin}.so\nname {plugin}\n" + OPTIONS.format(methods=methods) + options)
    for kind in ("chap", "pap"):
        node.write(f"/etc/ppp/{kind}-secrets", secrets)
    return roles.start_unit(node, "vpdn-ppp@", name)


def start_lac(lab, secrets=BOB, **options):
    return fakes.Vpdnd(lab.lac), start_template(lab.lac, "access", "lac", secrets, **options)


def call_and_dial(lab, user=roles.LOCAL_USER, password=roles.LOCAL_PASSWORD, number=5, options=(),
                  words=(f"{LAC_IP}:10.1.0.10",), template="access"):
    """A subscriber and its call at the LAC: (Connection, the subscriber's pppd)."""
    session = fakes.pppoe_session(lab.lac, "eth1", lab.CLIENT_MAC, number)
    call = fakes.start_call(lab.lac, template, fakes.PPPOE, session, [
        ("ACCESS_INTERFACE", "eth1"), ("PEER_MAC", CALLING), ("PPPOE_SESSION", fakes.u16(number)),
        ("CIRCUIT_ID", "line 7"), *(("OPTION", word) for word in words)])
    for kind in ("chap", "pap"):
        lab.client.write(f"/etc/ppp/{kind}-secrets", f'"{user}" * "{password}" *\n')
    client = lab.client.spawn("pppd", [
        "pppd", "plugin", "rp-pppoe.so", "nic-eth0", "rp_pppoe_sess", f"{number}:{lab.LAC_MAC}",
        "nodetach", "user", user, "noauth", "noipdefault", "noipv6", "noccp", "novj", "debug",
        "lcp-restart", "1", *options])
    client.stopped = True       # it may end by itself: there is no PADT here
    return call, client


def local_call(lab, vpdnd, **options):
    """A call of a local user, up."""
    call, client = call_and_dial(lab, **options)
    vpdnd.await_question()[0].send("SUBSCRIBER_LOCAL")
    call.await_message("CALL_UP")
    return call, client


def forwarded_call(lab, vpdnd, change=lambda tlvs: tlvs):
    """A call given to the template "corp" of the LNS; change() sees its PROXY_* TLVs."""
    tunnels = (fakes.Tunnel(lab.lac, lab.LAC, lab.LNS, 10, 20), fakes.Tunnel(lab.lns, lab.LNS, lab.LAC, 20, 10))
    call, client = call_and_dial(lab, roles.USER, roles.PASSWORD)
    plugin, question = vpdnd.await_question()
    ours, theirs = tunnels[0].session(1, 2), tunnels[1].session(2, 1)
    plugin.send("SUBSCRIBER_FORWARD")
    channel = plugin.await_message("SUBSCRIBER_CHANNEL")
    assert channel.number("PARKED") == 0 and len(channel.fds) == 3
    bridge = lab.lac.call(fakes.Bridge, channel.fds[0], ours.fileno())
    proxy = {name: value for name, value in question.tlvs.items() if name.startswith("PROXY_")}
    lns = fakes.start_call(lab.lns, "corp", fakes.L2TP, theirs, [
        *change(proxy).items(), ("TUNNEL_ID", fakes.u16(20)), ("SESSION_ID", fakes.u16(2)),
        ("OPTION", f"{LNS_IP}:10.2.0.10")])
    lns.held = (tunnels, ours, channel, bridge, call)
    return lns, client


def cause(message):
    return message.number("DISC_CODE"), message.number("DISC_DIRECTION")


def test_plugin_question(lab):
    """vpdnd is asked with all that is known of line and subscriber; local goes on with pppd."""
    vpdnd, _ = start_lac(lab)
    call, client = call_and_dial(lab)
    plugin, question = vpdnd.await_question()
    assert question.tlvs["USER"] == roles.LOCAL_USER.encode() and question.tlvs["CIRCUIT_ID"] == b"line 7"
    assert question.number("PPPOE_SESSION") == 5 and question.tlvs["PEER_MAC"] == CALLING
    assert question.number("PROXY_AUTH_TYPE") == 2 and len(question.tlvs["PROXY_AUTH_RESPONSE"]) == 16
    plugin.send("SUBSCRIBER_LOCAL")
    up = call.await_message("CALL_UP")
    assert up.text("USER") == roles.LOCAL_USER and up.tlvs["REMOTE_IP"] == bytes((10, 1, 0, 10))
    lab.client.ping(LAC_IP)
    client.stop()


def switches(pid):
    """How often a process has gone to sleep by itself."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read(), re.M).group(1))


def test_plugin_answer_at_once(lab):
    """While vpdnd decides, its pppd sleeps; the answer is acted on when it comes, whatever pppd's timers do."""
    vpdnd, _ = start_lac(lab, options="lcp-echo-interval 0\n")
    times = []
    for number in (5, 6, 7):
        capture = lab.client.capture("eth0", f"access-{number}", "pppoes")
        call, client = call_and_dial(lab, number=number)
        plugin, question = vpdnd.await_question()
        pid = call.await_message("CALL_STARTED").number("PID")
        assert question.number("PID") == pid
        time.sleep(0.2)
        before = switches(pid)
        time.sleep(1.5)
        assert switches(pid) - before <= 5      # a challenge may be repeated
        answered = time.time()
        plugin.send("SUBSCRIBER_LOCAL")
        times.append(capture.await_packet(Ppp, protocol="CHAP", code="Success").time - answered)
        call.await_message("CALL_UP")
        client.stop()
        call.await_end()
    # Under emulation a process needs milliseconds to be woken; a timer of 20 ms would be late by 10 in the middle.
    assert sorted(times)[0] < 0.02 and sorted(times)[1] < 0.04, times


@pytest.mark.ppp252
def test_plugin_scripts(lab):
    """Debian's scripts with nothing to run are not run; with something they are, as it stands when the call is made."""
    lab.lac.call(os.makedirs, "/etc/ppp/ip-pre-up.d")
    for name in ("ip-pre-up", "ip-up", "ip-down", "ip-up.d/0000usepeerdns", "ip-down.d/0000usepeerdns"):
        with open(f"/etc/ppp/{name}", encoding="utf-8") as file:    # the guest's, as Debian's ppp brings them
            lab.lac.write(f"/etc/ppp/{name}", file.read(), 0o755)
    vpdnd, template = start_lac(lab)

    def one_call(number):
        """What the scripts have left behind, and what pppd says of them."""
        said = len(template.text())
        call, client = local_call(lab, vpdnd, number=number)
        lab.client.ping(LAC_IP)
        client.stop()
        call.await_end()
        marks = [name for name in ("ip-pre-up", "ip-up", "ip-down") if lab.lac.exists(f"/run/{name}")]
        return marks, re.findall(r"Script /etc/ppp/(\S+) started", template.text()[said:])

    marks, started = one_call(5)
    assert not marks and "ip-up" not in started and "ip-down" not in started, started
    for name in ("ip-pre-up", "ip-up", "ip-down"):
        lab.lac.write(f"/etc/ppp/{name}.d/not.run", "#!/bin/sh\ntouch /run/wrong\n", 0o755)   # as run-parts has it
    assert one_call(6)[0] == []
    for name in ("ip-pre-up", "ip-up", "ip-down"):
        lab.lac.write(f"/etc/ppp/{name}.d/mark", f"#!/bin/sh\ntouch /run/{name}\n", 0o755)
    assert one_call(7)[0] == ["ip-pre-up", "ip-up", "ip-down"]
    for name in ("ip-pre-up", "ip-up", "ip-down"):
        lab.lac.call(os.unlink, f"/run/{name}")
        lab.lac.call(os.unlink, f"/etc/ppp/{name}.d/mark")
        lab.lac.append(f"/etc/ppp/{name}", f"touch /run/{name}\n")      # an administrator's own line
    assert one_call(8)[0] == ["ip-pre-up", "ip-up", "ip-down"]
    assert not lab.lac.exists("/run/wrong")


def test_plugin_connection_closed(lab):
    """The end of a call's connection is a hangup: the child leaves at once, the template stays."""
    vpdnd, template = start_lac(lab)
    call, client = local_call(lab, vpdnd)
    pid = call.messages[0].number("PID")
    begun = time.monotonic()
    call.close()
    await_condition(lambda: not os.path.exists(f"/proc/{pid}"), "the child to leave")
    assert time.monotonic() - begun < 2
    assert template.running() and lab.lac.pids("pppd") == [template.pid]
    client.stop(signal.SIGKILL)


def test_plugin_call_close(lab):
    """CALL_CLOSE: Terminate-Request, and the requester's reason as the cause."""
    vpdnd, _ = start_lac(lab)
    call, client = local_call(lab, vpdnd)
    call.send("CALL_CLOSE", [("TEXT", "maintenance")])
    ending = call.await_message("CALL_ENDING")
    assert ending.text() == "maintenance" and cause(ending)[0] == ADMIN
    call.await_end()
    assert call.names()[-1] == "CALL_ENDED" and call.messages[-1].number("STATUS") == USER_REQUEST_STATUS
    client.wait()


def test_plugin_terminate_request(lab):
    """The subscriber's Terminate-Request ends the call without a restart timer's wait."""
    vpdnd, _ = start_lac(lab)
    call, client = local_call(lab, vpdnd)
    begun = time.monotonic()
    client.send(signal.SIGTERM)
    assert cause(call.await_message("CALL_ENDING")) == (NORMAL, AT_PEER)
    call.await_end()
    assert time.monotonic() - begun < 2 and call.names()[-1] == "CALL_ENDED"
    client.wait()


@pytest.mark.parametrize("method", ["chap", "pap", "mschap-v2", "eap"])
def test_plugin_refused(lab, method):
    """SUBSCRIBER_REJECT: an answer with the request's id, Terminate, the reason; no secret is looked for."""
    vpdnd, _ = start_lac(lab, "", methods=f"require-{method}")
    access = lab.client.capture("eth0")
    call, client = call_and_dial(lab, "eve@nowhere", "whatever")
    plugin, question = vpdnd.await_question()
    assert ("PROXY_AUTH_TYPE" in question.tlvs) == (method != "eap")
    plugin.send("SUBSCRIBER_REJECT", [("TEXT", "no group for nowhere")])
    ending = call.await_message("CALL_ENDING")
    assert ending.text() == "no group for nowhere" and cause(ending) == (AUTH_FAILED, AT_PEER)
    call.await_end()
    assert call.messages[-1].number("STATUS") == AUTH_STATUS
    client.wait()
    packets = access.packets(Ppp, protocol={"pap": "PAP", "eap": "EAP"}.get(method, "CHAP"))
    assert packets[-1].code in ("Failure", "AuthNak") and packets[-1].id == packets[-2].id
    assert lab.lac.syslog.count("refused: no group for nowhere")
    assert not lab.lac.syslog.count("(?i)no (chap|pap) secret")


def test_plugin_hold_is_silent(lab):
    """Nothing is sent while credentials are held; without an answer they are refused in time."""
    vpdnd, _ = start_lac(lab, options="vpdn-hold-time 5\nlcp-echo-interval 1\nlcp-echo-failure 2\n")
    access = lab.client.capture("eth0")
    call, client = call_and_dial(lab, roles.USER, roles.PASSWORD)
    vpdnd.await_question()
    call.await_end()
    assert call.messages[-1].text() == "no answer from vpdnd"
    client.wait()
    packets = access.packets(Ppp)
    response = next(p for p in packets if p.code == "Response")
    after = [p for p in packets if p.time > response.time and p.src == lab.LAC_MAC]
    assert after[0].code == "Failure" and after[0].id == response.id
    assert 4 < after[0].time - response.time < 8


def test_plugin_subscriber_leaves(lab):
    """A subscriber that leaves while it is held takes its question back."""
    vpdnd, _ = start_lac(lab)
    call, client = call_and_dial(lab, roles.USER, roles.PASSWORD)
    plugin, _ = vpdnd.await_question()
    client.send(signal.SIGTERM)
    plugin.await_end()
    call.await_end()
    client.wait()


def test_plugin_fallback(lab):
    """Without vpdnd: local users go on, and with "vpdn-fallback reject" nobody does."""
    start_template(lab.lac, "access", "lac", BOB)
    call, client = call_and_dial(lab)
    call.await_message("CALL_UP")
    client.stop()
    call.await_end()
    start_template(lab.lac, "strict", "lac", BOB, options="vpdn-fallback reject\n")
    call, client = call_and_dial(lab, number=6, template="strict")
    call.await_end()
    assert "vpdnd cannot be asked" in call.messages[-1].text()
    client.wait()


@pytest.mark.parametrize("why", ["no proxied authentication", "vpdn-proxy-auth ignore"])
def test_plugin_asked_again(lab, why):
    """LCP is forced, but there is no credential to judge: the LNS sends a challenge of its own."""
    vpdnd, _ = start_lac(lab)
    ignore = "ignore" in why
    start_template(lab.lns, "corp", "lns", ALICE, options="vpdn-proxy-auth ignore\n" if ignore else "")

    def change(proxy):
        kept = {name: value for name, value in proxy.items() if ignore or "AUTH" not in name}
        return kept if ignore else {**kept, "PROXY_AUTH_TYPE": fakes.u16(4)}

    core = lab.lns.capture("eth0", "core", "udp port 1701")
    call, client = forwarded_call(lab, vpdnd, change)
    call.await_message("CALL_UP")
    text = call.await_message("CALL_INFO").text()
    assert text.startswith("LCP forced open") and "asked again" in text
    lab.client.ping(LNS_IP)
    assert core.packets(Ppp, protocol="CHAP", code="Challenge")
    client.stop()
    call.await_end()


def test_plugin_lns_causes(lab):
    """A wrong proxied password: the LNS tells the module at once, with RFC 3145's cause."""
    vpdnd, _ = start_lac(lab)
    start_template(lab.lns, "corp", "lns", ALICE.replace(roles.PASSWORD, "another"))
    call, client = forwarded_call(lab, vpdnd)
    ending = call.await_message("CALL_ENDING")
    assert cause(ending) == (AUTH_FAILED, AT_PEER) and ending.number("DISC_PROTO") == 0xc223
    call.await_end()
    assert [m.text() for m in call.messages if m.name == "CALL_INFO"][-1].endswith("refused")
    client.wait()


def test_plugin_bad_requests(lab):
    """Wrong options, a wrong first message, silence: answered or dropped, the template goes on."""
    vpdnd, template = start_lac(lab)
    call, client = call_and_dial(lab, words=("no-such-option",))
    call.await_end()
    assert call.names() == ["ERROR"]
    client.stop(signal.SIGKILL)
    path = "/run/vpdn/ppp/access.sock"
    wrong, silent = (fakes.Connection(lab.lac.connect_unix(path)) for _ in range(2))
    wrong.send("CALL_CLOSE", [("TEXT", "too early")])
    wrong.await_end()
    assert wrong.names() == ["ERROR"]
    silent.await_end()
    assert template.running() and lab.lac.pids("pppd") == [template.pid]
    local_call(lab, vpdnd, number=6)[1].stop()


@pytest.mark.parametrize("option", ["demand", "persist", "updetach"])
def test_plugin_template_options(lab, option):
    """A template refuses options that its children could not live with."""
    output = lab.lac.run(["pppd", "nodetach", "plugin", "vpdn-serve.so", "vpdn-template", "x", option],
                         check=False)
    assert option in output and "vpdn-template" in output


def test_plugin_template_starts_anew(lab):
    """After vpdn-max-calls the template executes itself; calls before and after go on."""
    vpdnd, template = start_lac(lab, options="vpdn-max-calls 1\n")
    clients = [local_call(lab, vpdnd, number=number, words=(f"{LAC_IP}:10.1.0.{number}",))[1]
               for number in (5, 6)]
    assert lab.lac.syslog.count("starts anew") == 2 and template.running()
    assert all(client.running() for client in clients)
    lab.lac.ping("10.1.0.5")
    lab.lac.ping("10.1.0.6")
    for client in clients:
        client.stop()
