#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job, shown step by step: a PPPoE subscriber is forwarded to its ISP's LNS; one with multilink; one that is called.

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
import dialout
import labnet
import leaks
import modem
import narrate
import roles
import seed
from roles import LAC_LOCAL, LOCAL_PASSWORD, LOCAL_USER, USER
from waiting import await_condition

LOGS, RESULTS = "/lab/log/demo", "/lab/results/demo"
NETWORK = "203.0.113.5"		# a host in the ISP's network, here on the LNS's loopback
CALLED, BUSY_NUMBER = "198.51.100.2", "6199"
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
    """What went through a tunnel, as a story of who said what to whom."""

    def __init__(self, lab, core, remote):
        self.lab, self.core, self.remote = lab, core, remote

    def ends(self, packet):
        """(sender, receiver) by role; PPP in the tunnel is between the LNS and whoever is behind the LAC."""
        behind = self.remote if isinstance(packet, decode.Ppp) else "LAC"
        return (behind, "LNS") if packet.src == self.lab.LAC else ("LNS", behind)

    def packets(self):
        return self.core.packets()

    def told(self):
        """The packets worth telling, in order."""
        def worth(packet):
            if isinstance(packet, decode.Ppp):
                return packet.protocol in TOLD_PROTOCOLS and packet.code not in NOT_TOLD
            if isinstance(packet, decode.Control):
                return packet.message not in ("ZLB", "HELLO")
            return True
        return sorted(filter(worth, self.packets()), key=lambda packet: packet.time)

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


class BothSides(Wire):
    """PPPoE access and L2TP core of the LAC, by the same clock."""

    def __init__(self, lab):
        super().__init__(lab, lab.lac.capture("eth0", expression="udp port 1701"), "client")
        self.access = lab.client.capture("eth0", expression="pppoed or pppoes")

    def forwarded(self, packet):
        """Whether a frame of the access side was also in L2TP, thus between client and LNS."""
        key = packet.protocol, packet.code, packet.id, packet.data
        return any((p.protocol, p.code, p.id, p.data) == key for p in self.core.packets(decode.Ppp))

    def ends(self, packet):
        if isinstance(packet, decode.Control):
            return super().ends(packet)
        far = "LNS" if isinstance(packet, decode.Ppp) and self.forwarded(packet) else "LAC"
        return ("client", far) if packet.src == self.lab.CLIENT_MAC else (far, "client")

    def packets(self):
        return self.access.packets() + self.core.packets(decode.Control)


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
        wire = BothSides(lab)
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


def dialled(lab, story):
    """The third story: dial-out. The LNS has a packet for somebody, and has the LAC call."""
    with story.step("Dial-out: LNS and LAC from the samples configs/lns-dialout and configs/lac-dialout"):
        lab.lns.ip(f"address add {NETWORK}/32 dev lo")
        dialout.write_samples(lab)
        net = dialout.start(lab, {BUSY_NUMBER: modem.BUSY}, lac=None, lns=None,
                            remote_options=["auth", "require-chap", "name", "remote2", f"{CALLED}:{roles.POOL_LOCAL}", "defaultroute"])
        wire = Wire(lab, net.core, "remote")
        caller = roles.start_unit(lab.lns, "vpdn-dial@", "remote2")
        lab.lns.await_interfaces("^remote2$")
        say(f"LNS eth0 {lab.LNS} -- L2TP -- {lab.LAC} eth0 LAC -- modem -- telephone network -- remote2, {CALLED}, number {dialout.NUMBER}")
        check(not net.core.packets(), "the LNS has the interface remote2, and nobody is called")

    with story.step(f"A host of the network {NETWORK} sends a packet to {CALLED}"):
        begun = time.monotonic()
        lab.lns.ping(CALLED, source=NETWORK)
        say(f"ping {CALLED}: answered, {time.monotonic() - begun:.1f} s after the first packet")
        wire.tell(wire.told())
        say(f"the modem: {', '.join(net.modem.events)}")

    with story.step("Who has dialled, who speaks PPP?"):
        ocrq, ocrp, occn = net.await_messages("OCRQ", "OCRP", "OCCN")
        for message in (ocrq, ocrp, occn):
            say(f"{message.message}: " + ", ".join(f"{name} {value}" for _, name, value, _ in narrate.avps(message)))
        check(ocrq.src == lab.LNS and ocrp.src == occn.src == lab.LAC, "the LNS asked (OCRQ), the LAC dialled (OCRP) and said when the line was up (OCCN)")
        check(not lab.lac.interfaces("^ppp") and not lab.lac.pids("pppd"), "the LAC has no ppp interface and no pppd: the frames are bridged in the kernel")
        for role in (net.lns, net.lac):
            say(f"{role.node.name.upper()}# vpdnctl show")
            indented(role.vpdnctl("show"))

    with story.step("Silence: idle in pppd's options"):
        told = len(wire.told())
        cdn = net.await_cdn(lab.LNS, 3)
        net.modem.await_event("hung up")
        wire.tell([packet for packet in wire.told()[told:] if packet.time <= cdn.time])
        check(caller.running() and bool(lab.lns.interfaces("^remote2$")), "the modem has hung up, the interface waits for the next packet")
        lab.lns.ping(CALLED, source=NETWORK)
        check(len(net.core.packets(decode.Control, message="OCCN")) == 2, "the next packet has made the second call")
        caller.stop()
        net.modem.await_event("hung up", 2)

    with story.step(f"Number {BUSY_NUMBER} is busy"):
        told = len(wire.told())
        caller = lab.lns.spawn("pppd", ["pppd", "plugin", "vpdn-dialout.so", "vpdn-group", "wholesale", "vpdn-number", BUSY_NUMBER,
                                        "nodetach", "noauth"])
        status = caller.wait()
        wire.tell([packet for packet in wire.told()[told:] if isinstance(packet, decode.Control)])
        say(caller.await_line("^vpdn: .* failed: .*$").group(0))
        check(status == dialout.EXIT_BUSY, f"pppd's exit status is {status}: busy")
        net.assert_nothing_left()
        check(True, "processes, descriptors, tunnels and sessions are what they were before, the tty is free")


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
    failure = tell(story, forward, "dial-in") or tell(story, multilink, "multilink") or tell(story, dialled, "dial-out")
    if not failure:
        print(f"\ndemo: the subscriber was forwarded, taken over without a new negotiation, and reached the network; "
              f"the multilink subscriber got its bundle; a packet had the LAC dial ({time.monotonic() - begun:.0f} s)")
        return 0
    print(f"\n{failure}\n\ndemo: FAILED in step {story.number} ({story.title}); logs and captures are in "
          f"build/lab/results/{os.path.basename(RESULTS)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
