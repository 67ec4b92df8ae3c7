# SPDX-License-Identifier: GPL-2.0-or-later
"""MLPPP over VPDN as a published example of LAC and LNS describes it, packet by packet.

Used by test_mlppp.py and demo.py. The client asks for MRRU 1524 with endpoint discriminator
"user@cisco.com" of class 1, asks for no MRU and naks any but 1500. The LAC asks for MRU 1492, CHAP and
MRRU; the LNS has mtu 1492 and `lcp renegotiation on-mismatch`: the MRU of 1500 that the client
has made of it does not suit, so the LNS negotiates again, challenges the client itself,
and makes a bundle of its one link. No pppd naks an MRU, so the client is an engine of ours.
An MRU of 1500, the default, is one that pppd leaves out of its requests.
"""

import struct
import types

import decode
import roles
import subscriber
from decode import Control, Ppp
from labnet import Topology
from waiting import await_condition

USER, PASSWORD = "user@cisco.com", "cisco"
LAC_IP, LNS_IP, LOOPBACK = "192.168.1.1", "192.168.1.2", "10.10.10.10"
POOL = [f"10.10.10.{number}" for number in range(11, 25)]
MRRU, MRU, LINE_MRU = 1524, 1492, 1500
OPTION_MRRU, OPTION_SSNHF, OPTION_ENDPOINT = 17, 18, 19
ENDPOINT = b"\1" + USER.encode()        # class 1: locally assigned
MP = 0x003d
BEGIN, END = 0x80, 0x40


def endpoint_option(name):
    """pppd's option for a locally assigned endpoint discriminator."""
    return "endpoint local:" + ".".join(f"{octet:02x}" for octet in name.encode()) + "\n"


class MultilinkSubscriber(subscriber.Subscriber):
    """A client of one link that speaks multilink with long sequence numbers (RFC 1990 section 3)."""

    def __init__(self, access):
        super().__init__(access, 1, USER, PASSWORD, restart=1.0)
        self.lcp_wants = [(subscriber.MAGIC, self.magic), (OPTION_MRRU, struct.pack("!H", MRRU)),
                          (OPTION_ENDPOINT, ENDPOINT)]
        self.sequence = 0
        self.fragments = b""
        self.endpoint = None            # the other side's
        access.subscribers[self.mac] = self

    def refuse_lcp(self, options):
        naks = [(subscriber.MRU, struct.pack("!H", LINE_MRU)) for kind, value in options
                if kind == subscriber.MRU and value != struct.pack("!H", LINE_MRU)]
        self.endpoint = dict(options).get(OPTION_ENDPOINT)
        more, rejects = super().refuse_lcp(options)
        return naks + more, [option for option in rejects if option[0] not in (OPTION_MRRU, OPTION_ENDPOINT)]

    def send_ppp(self, protocol, data, again=False):
        """Network protocols go through the bundle, in one fragment."""
        if protocol in (subscriber.IPCP, subscriber.IP):
            data = struct.pack("!IH", (BEGIN | END) << 24 | self.sequence, protocol) + data
            self.sequence = (self.sequence + 1) & 0xffffff
            protocol = MP
        super().send_ppp(protocol, data, again)

    def receive(self, frame):
        if frame[12:14] == b"\x88\x64" and int.from_bytes(frame[20:22], "big") == MP:
            end = 20 + int.from_bytes(frame[18:20], "big")
            flags = frame[22]
            self.fragments = (b"" if flags & BEGIN else self.fragments) + frame[26:end]
            if not flags & END:
                return
            packet = self.fragments if not self.fragments[0] & 1 else b"\0" + self.fragments
            frame = frame[:18] + struct.pack("!H", len(packet)) + packet
        super().receive(frame)

    def show(self):
        """The client's view, in words."""
        return (f"{self.user}: {self.state}, address {self.address}\n"
                f"bundle of 1 link, PPPoE session {self.session}, MRRU {MRRU}\n"
                f"endpoint discriminators: ours [1] {USER}, theirs [{self.endpoint[0]}] {self.endpoint[1:].decode()}")


def start(lab):
    """(LNS, LAC), set up as the example says."""
    lab.lac.ip(f"address add {LAC_IP} peer {LNS_IP} dev eth0")
    lab.lns.ip(f"address add {LNS_IP} peer {LAC_IP} dev eth0", f"address add {LOOPBACK}/32 dev lo")
    addresses = types.SimpleNamespace(lac=lab.lac, lns=lab.lns, LAC=LAC_IP, LNS=LNS_IP)
    open_tunnel = {f'tunnel-password = "{roles.TUNNEL_SECRET}"': "tunnel-authentication = false"}
    lns = roles.start_lns(addresses, changes=open_tunnel | {
        'local = "203.0.113.1"': f'local = "{LOOPBACK}"', 'first = "203.0.113.10"': f'first = "{POOL[0]}"',
        'last = "203.0.113.254"': f'last = "{POOL[-1]}"'},
        options=f"mtu {MRU}\nmru {MRU}\nmultilink\nmrru {MRRU}\n" + endpoint_option(USER),
        secrets=f'"{USER}" LNS "{PASSWORD}" *\n')
    lac = roles.start_lac(addresses, changes=open_tunnel | {'"example.com"': '"cisco.com"'},
                          options=f"mru {MRU}\nmultilink\nmrru {MRRU}\n" + endpoint_option("LAC"))
    return lns, lac


def dial(lab):
    """The client; (its access line, itself) when IPCP is up."""
    access = subscriber.Access(lab.client)
    client = MultilinkSubscriber(access)
    client.dial()
    access.run(lambda: client.state in ("up", "closed"), "the client is up", 30)
    return access, client


def lcp(value):
    """{option: value}, with the MRU that is meant where there is none."""
    return {subscriber.MRU: struct.pack("!H", LINE_MRU)} | dict(subscriber.options_of(value))


def facts(lns, client, access, core):
    """[(what must be so, whether it is)], from the captures on both sides of the LAC."""
    def of(capture, side, code, name="LCP"):
        return [packet for packet in capture.packets(Ppp, protocol=name, code=code) if packet.src in side]

    here, lac_mac = (decode.mac_text(client.mac),), (Topology.LAC_MAC,)
    mru = {value: struct.pack("!H", value) for value in (MRU, LINE_MRU)}
    mrru = struct.pack("!H", MRRU)
    first, *_, last = of(access, lac_mac, "ConfReq")[:2]
    iccn, = core.packets(Control, message="ICCN")
    sent, received = lcp(iccn.value(27)), lcp(iccn.value(28))
    requests = [lcp(packet.data) for packet in of(core, (LNS_IP,), "ConfReq")]
    naks = [lcp(packet.data) for packet in of(access, here, "ConfNak")]
    challenges = of(core, (LNS_IP,), "Challenge", "CHAP")
    bundle, = await_condition(lambda: lns.show("ppp", "multilink")["bundles"], "a bundle at the LNS")
    return [
        (f"the LAC asked for MRU {MRU}, CHAP and MRRU {MRRU}", lcp(first.data)[1] == mru[MRU] and
         lcp(first.data)[3] == b"\xc2\x23\5" and lcp(first.data)[OPTION_MRRU] == mrru),
        (f"the client made it MRU {LINE_MRU}", naks[0] == {1: mru[LINE_MRU]} and lcp(last.data)[1] == mru[LINE_MRU]),
        (f"AVP 27 has MRU {LINE_MRU}, MRRU {MRRU} and the LAC's endpoint discriminator",
         sent[1] == mru[LINE_MRU] and sent[OPTION_MRRU] == mrru and sent[OPTION_ENDPOINT] == b"\1LAC"),
        (f"AVP 28 has MRRU {MRRU} and the client's endpoint discriminator, and no MRU",
         subscriber.MRU not in dict(subscriber.options_of(iccn.value(28))) and received[OPTION_MRRU] == mrru and received[OPTION_ENDPOINT] == ENDPOINT),
        (f"the LNS refused it: MRU {LINE_MRU} above ours {MRU}",
         f"MRU {LINE_MRU} above ours {MRU}" in lns.log()),
        (f"the LNS asked for MRU {MRU} with MRRU {MRRU}, and for {LINE_MRU} after the client's Nak",
         len(requests) > 1 and [request[1] for request in (requests[0], requests[-1])] == [mru[MRU], mru[LINE_MRU]] and
         requests[0][OPTION_MRRU] == mrru and len(naks) > 1),
        ("the LNS challenged the client itself, as LNS", bool(challenges) and challenges[0].data.endswith(b"LNS")),
        (f"the LNS has a bundle of {USER} with one link of the LAC {LAC_IP}",
         bundle["user"] == USER and [m["lac_ip"] for m in bundle["members"]] == [LAC_IP] and
         bundle["mrru"] == bundle["peer_mrru"] == MRRU),
        (f"IPCP is up with {client.address} of the pool {POOL[0]} to {POOL[-1]}",
         client.state == "up" and client.address in POOL and bundle["remote_ip"] == client.address),
    ]
