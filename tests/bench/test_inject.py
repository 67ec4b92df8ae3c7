# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdn-load's injector: the frames that arrive at the other end of a veth pair, and its counters."""
import ctypes
import os
import socket
import struct
import subprocess
import time

import pytest

NEAR, FAR = f"bench-near-{os.getpid()}", f"bench-far-{os.getpid()}"
MAC, CLIENT = "02:00:00:00:be:ef", "02:76:70:00:00:07"
INNER = ("--src", "192.0.2.1", "--dst", "198.51.100.1")
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3


@pytest.fixture(scope="module")
def link():
    """A veth pair between two network namespaces; a packet socket at its far end."""
    subprocess.run(["ip", "netns", "add", NEAR], check=True)
    subprocess.run(["ip", "netns", "add", FAR], check=True)
    subprocess.run(["ip", "-n", NEAR, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", FAR], check=True)
    for netns, name in ((NEAR, "v0"), (FAR, "v1")):
        # no router solicitations between the frames that are counted
        disable = f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6"
        subprocess.run(["ip", "netns", "exec", netns, "sh", "-c", f"[ ! -e {disable} ] || echo 1 >{disable}"], check=True)
        subprocess.run(["ip", "-n", netns, "link", "set", name, "up"], check=True)
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", encoding="ascii") as home, open(f"/run/netns/{FAR}", encoding="ascii") as there:
        assert libc.setns(there.fileno(), CLONE_NEWNET) == 0
        try:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            sock.bind(("v1", ETH_P_ALL))
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0
    sock.settimeout(5)
    yield sock
    sock.close()
    subprocess.run(["ip", "netns", "del", NEAR], check=True)
    subprocess.run(["ip", "netns", "del", FAR], check=True)


@pytest.fixture
def inject(load, link):
    """inject("ip", ...): the report, and the first frames that have arrived."""
    def run(kind, *more, frames=2, rate=2000, seconds=0.5, size=64):
        link.setblocking(False)
        try:
            while True:
                link.recv(2048)
        except BlockingIOError:
            link.settimeout(5)
        report = load("inject", kind, "-i", "v0", "--dst-mac", MAC, *INNER, "--size", size, "--time", seconds, "--rate", rate, "--count",
                      f"/run/netns/{FAR}:v1", *more, netns=NEAR).report()
        return report, [link.recv(2048) for _ in range(frames)]
    return run


def checked(packet):
    """An IPv4 packet whose header's checksum is right: (protocol, source, destination, payload)."""
    words = struct.unpack("!10H", packet[:20])
    total = sum(words)
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF and packet[0] == 0x45
    assert words[1] == len(packet), "total length"
    return packet[9], socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), packet[20:]


def inner(packet, size):
    protocol, source, destination, udp = checked(packet)
    assert (protocol, source, destination, len(packet)) == (17, "192.0.2.1", "198.51.100.1", size)
    assert struct.unpack("!HHHH", udp[:8]) == (7, 7, size - 20, 0)


def undisturbed(run, good):
    """What run() gives when nothing else has taken its processor away: one of twenty is good."""
    return next((got for got in (run() for _ in range(20)) if good(got)), None)


def test_inject_ip(inject):
    report, frames = undisturbed(lambda: inject("ip", "--src-mac", CLIENT), lambda got: got[0]["sent"] >= 900)
    assert frames[0][:14] == bytes.fromhex((MAC + CLIENT).replace(":", "") + "0800")
    inner(frames[0][14:], 64)
    assert report["frame"] == len(frames[0]) == 78
    assert report["sent"] <= 1000 and report["received"] == report["sent"] and report["loss"] == report["errors"] == 0
    assert report["sent_pps"] == pytest.approx(report["sent"] / report["seconds"], rel=0.01)


def test_inject_pppoe(inject):
    report, frames = inject("pppoe", "--session", f"258/{CLIENT}", "--session", 3, "--src-mac", MAC, size=1300)
    for frame, session, mac in zip(frames, (258, 3), (CLIENT, MAC)):
        assert frame[:14] == bytes.fromhex((MAC + mac).replace(":", "") + "8864")
        assert struct.unpack("!BBHHH", frame[14:22]) == (0x11, 0, session, 1302, 0x21)
        inner(frame[22:], 1300)
    assert report["frame"] == 1322 and report["received"] == report["sent"] > 0


def test_inject_l2tp(inject):
    report, frames = inject("l2tp", "--outer-src", "203.0.113.1", "--outer-dst", "203.0.113.2", "--sport", 1234, "--dport", 1701, "--tunnel", 77,
                            "--session", 9, frames=1)
    protocol, source, destination, udp = checked(frames[0][14:])
    assert (protocol, source, destination) == (17, "203.0.113.1", "203.0.113.2")
    assert struct.unpack("!HHHHHHHHH", udp[:18]) == (1234, 1701, len(udp), 0, 2, 77, 9, 0xFF03, 0x21)
    inner(udp[18:], 64)
    assert report["received"] == report["sent"] > 0


def test_inject_short_frames_are_padded(inject):
    report, frames = inject("ip", frames=1, size=28)
    assert (report["frame"], len(frames[0])) == (60, 60)


def test_inject_as_fast_as_it_goes(inject):
    report, _ = inject("ip", rate=0, seconds=0.5, frames=0)
    assert report["received"] == report["sent"] > 10000


def test_inject_streams_take_turns(load, link):
    """Two streams, there and back again: each has its turns, and what came of each is told apart."""
    link.setblocking(False)
    first = ("ip", "-i", "v0", "--dst-mac", MAC, *INNER, "--size", 64, "--time", 0.2, "--slice", 0.05, "--count", f"/run/netns/{FAR}:v1")
    second = ("pppoe", "-i", "v0", "--dst-mac", MAC, *INNER, "--size", 1300, "--session", 9, "--rate", 1000)

    def run():
        report = load("inject", *first, ",", *second, netns=NEAR).report()
        ip, pppoe = report["streams"]
        assert (ip["frame"], pppoe["frame"]) == (78, 1322)
        assert report["received"] == ip["sent"] + pppoe["sent"] and report["loss"] == 0
        assert pppoe["received_pps"] == pytest.approx(pppoe["sent_pps"])
        assert pppoe["sent"] <= 1000 * pppoe["seconds"] and all(pps <= 1000 for pps in pppoe["slices"])
        return ip, pppoe

    assert undisturbed(run, lambda got: all(len(stream["slices"]) == 4 and stream["seconds"] == pytest.approx(0.2, rel=0.2) for stream in got)
                       and all(pps > 10000 for pps in got[0]["slices"]) and all(pps >= 500 for pps in got[1]["slices"])
                       and got[0]["received_pps"] == pytest.approx(sum(got[0]["slices"]) / 4, rel=0.1))


def asleep(pid):
    """Until that process waits for its time to pass."""
    end = time.monotonic() + 5
    while True:
        with open(f"/proc/{pid}/syscall", encoding="ascii") as f:
            if f.read().split()[0] in ("35", "230"):        # nanosleep, clock_nanosleep
                return
        assert time.monotonic() < end
        time.sleep(0.01)


def test_count(load, link):
    run = load("count", "-i", "v1", "--netns", f"/run/netns/{FAR}", "--time", 5)
    asleep(run.process.pid)
    sent = load("inject", "ip", "-i", "v0", "--dst-mac", MAC, *INNER, "--size", 64, "--time", 0.5, "--rate", 1000, netns=NEAR).report()["sent"]
    report = run.report()
    assert (report["interface"], report["received"], report["octets"], report["dropped"]) == ("v1", sent, sent * 78, 0)


@pytest.mark.parametrize("arguments, text", [
    (("inject", "pppoe", "-i", "v0", "--dst-mac", MAC, *INNER, "--size", 64), "which --session?"),
    (("inject", "ip", "-i", "none", "--dst-mac", MAC, *INNER, "--size", 64), "none: interface: No such device"),
    (("inject", "ip", "-i", "v0", "--dst-mac", "02:00", *INNER, "--size", 64), "--dst-mac 02:00: not a value of this option"),
    (("inject", "ip", "-i", "v0", "--size", "64x"), "--size 64x: not a value"),
    (("pppoe", "-i", "v0", "-n", "0"), "--calls 0: not a value"),
    (("pppoe", "-i", "v0", "--release", "cdn"), "--release: not of this kind of call"),
    (("pppoe", "-i", "v0", "--user", "%d%d"), "one %d at most"),
    (("l2tp", "-l", "127.0.0.1"), "from where to where?"),
    (("inject", "ip", "-i", "v0", "--size"), "--size wants a value"),
    (("inject", "ip", "-i", "v0", "--dst-mac", MAC, *INNER, "--size", 64, ",", "pppoe", "-i", "v0", "--dst-mac", MAC, *INNER, "--size", 64),
     "which --session?"),
    (("inject", *(("ip", "-i", "v0", "--dst-mac", MAC, *INNER, "--size", 64, ",") * 4), "ip"), "that many streams"),
    (("count", "-i", "v1", "--netns", "/nowhere"), "/nowhere: No such file"),
    (("drink",), "pppoe, l2tp, inject or count?"),
])
def test_usage(load, link, arguments, text):
    run = load(*arguments, netns=NEAR)
    assert text in run.report(2)
