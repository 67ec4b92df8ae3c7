#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job, shown step by step: a PPPoE subscriber is forwarded to its ISP's LNS; then one with multilink.

Run in the guest by tests/lab/run --demo. LAC and LNS are set up from the samples of configs/,
with the lab's addresses; everything told about the wire comes from captures.
Exit status: 0 the subscriber was forwarded and everything is as it should be, 1 not.
"""

import contextlib
import os
import shutil
import sys
import time

import decode
import labnet
import leaks
import narrate
import roles
import seed
from roles import LAC_LOCAL, LOCAL_PASSWORD, LOCAL_USER, USER
from waiting import await_condition

LOGS, RESULTS = "/lab/log/demo", "/lab/results/demo"
NETWORK = "203.0.113.5"		# a host in the ISP's network, here on the LNS's loopback
TRANSFER = 2_000_000
TOLD_PROTOCOLS = {"LCP", "CHAP", "PAP", "IPCP"}
NOT_TOLD = {"EchoReq", "EchoRep"}
TEXT_WIDTH = 84


class Story:
    """Numbered steps with the time each took; the last one begun is the one that failed."""

    def __init__(self):
        self.number = 0
        self.title = "set-up"

    @contextlib.contextmanager
    def step(self, title):
        self.number += 1
        self.title = title
        print(f"\n{self.number}. {title}", flush=True)
        begun = time.monotonic()
        yield
        print(f"   done in {time.monotonic() - begun:.1f} s", flush=True)


def say(text):
    print(f"   {text}", flush=True)


def check(truth, text):
    """A fact that must hold: told when it does, the end when it does not."""
    if not truth:
        raise AssertionError(f"not so: {text}")
    say(f"ok  {text}")


def indented(text):
    print("".join(f"   | {line}\n" for line in text.rstrip().splitlines()), end="", flush=True)


def ping(node, address):
    begun = time.monotonic()
    node.ping(address)
    say(f"ping {address}: answered, {(time.monotonic() - begun) * 1000:.0f} ms")


class Wire:
    """Both sides of the LAC as one story: PPPoE access and L2TP core, by the same clock."""

    def __init__(self, lab):
        self.lab = lab
        self.access = lab.client.capture("eth0", expression="pppoed or pppoes")
        self.core = lab.lac.capture("eth0", expression="udp port 1701")

    def forwarded(self, packet):
        """Whether a frame of the access side was also in L2TP, thus between client and LNS."""
        key = packet.protocol, packet.code, packet.id, packet.data
        return any((p.protocol, p.code, p.id, p.data) == key for p in self.core.packets(decode.Ppp))

    def ends(self, packet):
        """(sender, receiver) by role."""
        if isinstance(packet, decode.Control):
            names = {self.lab.LAC: "LAC", self.lab.LNS: "LNS"}
            return names[packet.src], names[packet.dst]
        far = "LNS" if isinstance(packet, decode.Ppp) and self.forwarded(packet) else "LAC"
        return ("client", far) if packet.src == self.lab.CLIENT_MAC else (far, "client")

    def told(self):
        """The packets worth telling, in order."""
        def worth(packet):
            if isinstance(packet, decode.Ppp):
                return packet.protocol in TOLD_PROTOCOLS and packet.code not in NOT_TOLD
            if isinstance(packet, decode.Control):
                return packet.message not in ("ZLB", "HELLO")
            return True
        control = self.core.packets(decode.Control)
        return sorted(filter(worth, self.access.packets() + control), key=lambda packet: packet.time)

    def tell(self, packets):
        start = packets[0].time
        for packet in packets:
            sender, receiver = self.ends(packet)
            protocol, message, text = narrate.what(packet)
            if len(text) > TEXT_WIDTH:
                text = text[:TEXT_WIDTH - 3] + "..."
            say(f"{packet.time - start:7.3f} {sender:>6} > {receiver:<6} {protocol:5} {message:14} {text}".rstrip())
            if getattr(packet, "message", None) == "ICCN":
                for number, name, value, mandatory in narrate.avps(packet, narrate.PROXY_AVPS):
                    say(f"{'':25} AVP {number} M={int(mandatory)} {name}: {value}")


def judge(wire):
    """What makes it a take-over and not a second negotiation, from the captures."""
    chap = wire.access.packets(decode.Ppp, protocol="CHAP")
    response = next(packet for packet in chap if packet.code == "Response")
    success = next(packet for packet in chap if packet.code == "Success")
    between = [packet for packet in wire.access.packets(decode.Ppp)
               if response.time < packet.time < success.time and packet.src != wire.lab.CLIENT_MAC]
    check(not between, "the client got no PPP packet between its CHAP Response and the CHAP Success")
    check(success.id == response.id and wire.ends(success)[0] == "LNS",
          f"the Success has the Response's id, {response.id}, and came from the LNS: it is in the L2TP capture too")
    iccn, = wire.core.packets(decode.Control, message="ICCN")
    proxy = {avp.type: avp.mandatory for avp in iccn.avps if avp.vendor == 0 and avp.type in narrate.PROXY_AVPS}
    check(set(proxy) == set(narrate.PROXY_AVPS) and not any(proxy.values()),
          "the ICCN carries proxy LCP (AVPs 26-28) and proxy authentication (29-33), all with M=0")
    check(not any(packet.protocol == "LCP" and packet.code in narrate.NEGOTIATED
                  for packet in wire.core.packets(decode.Ppp)), "no LCP negotiation went through the tunnel")


def forward(lab, story):
    """The story. Raises when something is not as it should be."""
    with story.step("LAC and LNS from the samples configs/lac-pppoe and configs/lns"):
        lab.lns.ip(f"address add {NETWORK}/32 dev lo")
        lns, lac = roles.start_lns(lab), roles.start_lac(lab)
        wire = Wire(lab)
        before = leaks.count(lab.lac), leaks.count(lab.lns)
        say(f"client eth0 -- PPPoE -- eth1 LAC eth0 {lab.LAC} -- L2TP -- {lab.LNS} eth0 LNS, network {NETWORK}")

    with story.step(f"{USER} dials in by PPPoE"):
        alice = roles.dial(lab, options=["defaultroute"])
        lab.client.await_interfaces("^ppp0$")
        ping(lab.client, NETWORK)
        wire.tell(wire.told())
        await_condition(lambda: USER in lns.vpdnctl("show", "session"), "the session in the LNS's list")

    with story.step("Was it a take-over?"):
        judge(wire)
        check(lab.lac.pids("pppd") == [lac.template.pid],
              f"no pppd is left on the LAC for {USER}: only the template, which waits for calls")
        check(not lab.lac.interfaces("^ppp"), "the LAC has no ppp interface: the frames are bridged in the kernel")
        begun = time.monotonic()
        labnet.transfer(lab.client, lab.lns, NETWORK, TRANSFER)
        check(True, f"TCP: {TRANSFER // 1000} kB from {USER} into the network, intact, "
              f"in {time.monotonic() - begun:.1f} s")

    with story.step("vpdnctl show on LAC and LNS"):
        for role in (lac, lns):
            say(role.node.name.upper())
            indented(role.vpdnctl("show"))

    with story.step(f"{LOCAL_USER}, without a domain, on the same PPPoE server"):
        bob = roles.dial(lab, LOCAL_USER, LOCAL_PASSWORD)
        lab.client.await_interfaces("^ppp[01]$", 2)
        lab.lac.await_interfaces("^ppp", 1)
        ping(lab.client, LAC_LOCAL)
        check(len(wire.core.packets(decode.Control, message="ICRQ")) == 1, "bob was logged in on the LAC itself: no call to the LNS")
        bob.stop()
        lab.lac.await_interfaces("^ppp", 0)

    with story.step(f"{USER} hangs up"):
        told = len(wire.told())
        alice.stop()
        wire.core.await_packet(decode.Control, message="CDN")
        lab.lns.await_interfaces("^ppp", 0)
        wire.core.await_packet(decode.Control, message="StopCCN", timeout=40)
        leaks.await_same(*before, timeout=40)
        wire.tell(wire.told()[told:])
        check(True, "processes, interfaces, tunnels and sessions are what they were before, on LAC and LNS")


def multilink(lab, story):
    """The second story: MLPPP over VPDN, where the LNS does not accept what the LAC negotiated."""
    with story.step("Multilink: LAC and LNS, both with MRRU, the LNS with lcp-renegotiation on-mismatch"):
        lns, lac = seed.start(lab)
        access = lab.client.capture("eth0", "access", "pppoed or pppoes")
        core = lab.lac.capture("eth0", "core", "udp port 1701")

    with story.step(f"{seed.USER} dials in with MRRU {seed.MRRU}"):
        line, client = seed.dial(lab)
        for what, truth in seed.facts(lns, client, access, core):
            check(truth, what)
        client.ping(seed.LOOPBACK)
        say(f"ping {seed.LOOPBACK} through the bundle: answered")

    with story.step("What the three nodes show"):
        say("CLIENT")
        indented(client.show())
        for role in (lac, lns):
            for words in (("session",), ("ppp", "multilink")):
                say(f"{role.node.name.upper()}# vpdnctl show {' '.join(words)}")
                indented(role.vpdnctl("show", *words))

    with story.step(f"{seed.USER} hangs up"):
        client.hang_up(padt=False)
        line.run(lambda: client.state == "closed", "the client's end")
        lab.lns.await_interfaces("^ppp", 0)
        check("0 active bundles" in lns.vpdnctl("show", "ppp", "multilink"), "the LNS has no bundle left")
        line.close()


def tell(story, part, name):
    """One story in nodes of its own; returns what was wrong."""
    logs, lab, failure = os.path.join(LOGS, name), None, None
    try:
        lab = labnet.Topology(logs)
        part(lab, story)
    except Exception as error:  # whatever it is, the verdict must be given
        failure = f"step {story.number}, {story.title}: {type(error).__name__}: {error}"
    problems = lab.stop() if lab else []
    if problems and not failure:
        failure = "at the end: " + "; ".join(problems)
    if failure and lab:
        lab.keep(os.path.join(RESULTS, name))
    return failure


def main():
    begun = time.monotonic()
    shutil.rmtree(LOGS, ignore_errors=True)
    story = Story()
    failure = tell(story, forward, "dial-in") or tell(story, multilink, "multilink")
    if not failure:
        print(f"\ndemo: the subscriber was forwarded, taken over without a new negotiation, and reached the network; "
              f"the multilink subscriber got its bundle ({time.monotonic() - begun:.0f} s)")
        return 0
    print(f"\n{failure}\n\ndemo: FAILED in step {story.number} ({story.title}); logs and captures are in "
          f"build/lab/results/{os.path.basename(RESULTS)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
