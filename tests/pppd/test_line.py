# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a call says of the subscriber's line, in the distribution's pppd as a template: the environment of scripts, and the options
about it. What needs PPP in the kernel, radius.so's requests among it: tests/lab/test_line_info.py.
"""
import os
import re
import socket
import struct
import subprocess

import pytest

from native_pppd import FAKE_PPP, PLUGINS, TOP, Pppd
from xl2tpd_ipc import Connection, wait

OPTION_ERROR = 2        # pppd(8)
PPPOE, L2TP = 1, 3      # ACCESS
HOSTILE = b'-x"$(reboot)`id`;\nplugin /tmp/x.so\x1b[2J\xff '
HOSTILE_TEXT = "%2dx%22%24%28reboot%29%60id%60%3b%0aplugin /tmp/x.so%1b%5b2J%ff%20"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The plugin of environment.c."""
    so = str(tmp_path_factory.mktemp("plugin") / "environment.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "environment.c")
    subprocess.run(["gcc", "-Wall", "-Werror", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", so, source], check=True)
    return so


@pytest.fixture
def pppd(tmp_path):
    running = []

    def start(*options):
        running.append(Pppd(tmp_path / ("pppd%d" % len(running)), "nodetach", "noauth", *options, preload=FAKE_PPP))
        return running[-1]

    yield start
    for process in running:
        process.stop()


def template(pppd, tmp_path, *options):
    return pppd("plugin", PLUGINS + "/vpdn-serve.so", "vpdn-template", "corp", "vpdn-template-dir", str(tmp_path), *options)


def of_a_call(pppd, tmp_path, environment, access, *tlvs, later=()):
    """The variables of a call with these TLVs; those of `later` come when it is connected."""
    served = template(pppd, tmp_path, "plugin", environment)
    path = str(tmp_path / "corp.sock")
    wait(lambda: os.path.exists(path), lambda: "the template's socket:\n" + served.log())
    connection = Connection(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    connection.socket.connect(path)
    session, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.say("CALL_START", ("ACCESS", access), *tlvs, seq=1, fds=[session.fileno()])
    assert connection.expect("CALL_STARTED")["PID"] > 0
    if later:
        connection.say("CALL_CONNECTED", *later)
    session.close()
    assert other.recv(2048)[:3] == bytes.fromhex("c02101"), "no LCP"
    other.close()
    while connection.read() is not None:
        pass
    connection.close()
    served.wait_log("environment: that is all")
    log = served.log()
    assert "\x1b" not in log and not re.search("^plugin /tmp", log, re.M)
    return dict(found.split("=", 1) for found in re.findall("environment: <(.*)>$", log, re.M))


def bbf(kind, value):
    """A TLV AVP: RFC 5515."""
    return ("AVP", struct.pack("!HHB", 3561, kind, 0) + value)


def test_environment_of_what_an_lac_says(pppd, tmp_path, environment):
    """Each item once, numbers decimal, text as it is."""
    got = of_a_call(
        pppd, tmp_path, environment, L2TP, ("CALLING_NUMBER", "5551234"), ("CALLED_NUMBER", "614629"), ("SUB_ADDRESS", "7"),
        ("PHYSICAL_CHANNEL", 17), ("NAS_PORT", "Serial0:0"), ("TX_SPEED", 4294967295), ("RX_SPEED", 64000),
        ("CIRCUIT_ID", "olt1 atm 1/2:0.33"), ("REMOTE_ID", "sub"), bbf(130, struct.pack("!Q", 10 ** 10)), bbf(142, struct.pack("!I", 9)),
        bbf(144, b"\2\1\6"), bbf(254, b""), ("AVP", struct.pack("!HHB", 9, 129, 0) + bytes(8)), bbf(131, b"bad"))
    assert {name: got[name] for name in got if name not in ("DEVICE", "PPPD_PID", "PPPLOGNAME", "ORIG_UID", "SPEED", "UNIT")} == {
        "CALLING_NUMBER": "5551234", "CALLED_NUMBER": "614629", "SUB_ADDRESS": "7", "PHYSICAL_CHANNEL": "17", "NAS_PORT": "Serial0:0",
        "TX_CONNECT_SPEED": "4294967295", "RX_CONNECT_SPEED": "64000", "AGENT_CIRCUIT_ID": "olt1 atm 1/2:0.33", "AGENT_REMOTE_ID": "sub",
        "ACTUAL_DATA_RATE_DOWNSTREAM": "10000000000", "ACTUAL_INTERLEAVING_DELAY_DOWNSTREAM": "9", "ACCESS_LOOP_ENCAPSULATION": "020106",
        "IWF_SESSION": ""}


def test_environment_of_a_call_connected_later(pppd, tmp_path, environment):
    """What ICRQ and what ICCN say; of what both say, ICRQ's."""
    got = of_a_call(pppd, tmp_path, environment, L2TP, ("CONNECT_LATER", 1), ("CALLING_NUMBER", "5551234"), ("PHYSICAL_CHANNEL", 17),
                    later=[("TX_SPEED", 64000), ("CIRCUIT_ID", "olt1"), ("PHYSICAL_CHANNEL", 18), bbf(142, struct.pack("!I", 9))])
    assert (got["CALLING_NUMBER"], got["PHYSICAL_CHANNEL"], got["TX_CONNECT_SPEED"], got["AGENT_CIRCUIT_ID"],
            got["ACTUAL_INTERLEAVING_DELAY_DOWNSTREAM"]) == ("5551234", "17", "64000", "olt1", "9")


def test_environment_of_a_hostile_lac(pppd, tmp_path, environment):
    """Every text is harmless, whatever is in it and however long it is, and none makes a variable of another name."""
    texts = ("CALLING_NUMBER", "CALLED_NUMBER", "SUB_ADDRESS", "NAS_PORT")
    got = of_a_call(pppd, tmp_path, environment, L2TP, *((name, HOSTILE) for name in texts[:-1]), ("NAS_PORT", b"\xff" * 300),
                    ("CIRCUIT_ID", b"a\0b\nPATH=/tmp"), ("REMOTE_ID", HOSTILE))
    assert [got[name] for name in texts] == [HOSTILE_TEXT] * 3 + ["%ff" * 300]
    assert (got["AGENT_CIRCUIT_ID"], got["AGENT_REMOTE_ID"]) == ("a%00b%0aPATH=/tmp", HOSTILE_TEXT)
    assert "PATH" not in got


def test_environment_of_a_local_subscriber(pppd, tmp_path, environment):
    """A call of pppoe-server has the same variables."""
    got = of_a_call(pppd, tmp_path, environment, PPPOE, ("ACCESS_INTERFACE", "eth1"), ("PEER_MAC", b"\2\0\0\0\0\1"), ("PPPOE_SESSION", 7),
                    ("CALLING_NUMBER", "02:00:00:00:00:01"), ("PHYSICAL_CHANNEL", 7), ("CIRCUIT_ID", "port 1"))
    assert (got["CALLING_NUMBER"], got["PHYSICAL_CHANNEL"], got["AGENT_CIRCUIT_ID"]) == ("02:00:00:00:00:01", "7", "port 1")
    assert got["MACREMOTE"] == "02:00:00:00:00:01" and "CALLED_NUMBER" not in got and "NAS_PORT" not in got


def test_every_variable_is_in_the_manual():
    with open(os.path.join(TOP, "lib", "line.c")) as code, open(os.path.join(TOP, "man", "pppd-vpdn-serve.8")) as page:
        table, manual = code.read().split("table[] = {")[1].split("};")[0], page.read()
    names = [name.upper().replace("-", "_") for name in re.findall(r'"([a-z-]+)"', table)]
    assert len(names) == 26 and [name for name in names if not re.search(r"\b%s\b" % name, manual)] == []


@pytest.mark.parametrize("value", ["", "Called-Station-Id", "=called-number", "Called-Station-Id=", "Called-Station-Id=dnis", 'a"b=called-number',
                                   "a b=called-number", "x" * 33 + "=called-number"])
def test_wrong_radius_avpair(pppd, tmp_path, value):
    refused = template(pppd, tmp_path, "plugin", "radius.so", "vpdn-radius-avpair", value)
    assert refused.wait() == OPTION_ERROR
    refused.wait_log("vpdn-radius-avpair: .* is not ATTRIBUTE=ITEM, such as Called-Station-Id=called-number")


def test_radius_avpair_needs_radius(pppd, tmp_path):
    """In whichever order plugins and options come."""
    pair = ("vpdn-radius-avpair", "Called-Station-Id=called-number")
    refused = template(pppd, tmp_path, *pair)
    assert refused.wait() == OPTION_ERROR
    refused.wait_log("vpdn-radius-avpair needs the plugin radius.so")
    served = template(pppd, tmp_path, *pair, "plugin", "radius.so")
    wait(lambda: os.path.exists(str(tmp_path / "corp.sock")), lambda: served.log())


@pytest.mark.parametrize("option", ["vpdn-dnis", "vpdn-clid", "vpdn-sub-address"])
def test_numbers_of_a_lac(pppd, option):
    """1 to 64 printable characters; a wrong one says so, and nothing else."""
    for value in ("", "a b", "1" * 65, "1\t", "\xe4"):
        refused = pppd("plugin", PLUGINS + "/vpdn-lac.so", option, value, "dryrun")
        assert refused.wait() == OPTION_ERROR
        refused.wait_log(option + ": .*is not 1 to 64 printable characters without spaces")
    for value in ("614629", "*69#", "1" * 64):
        taken = pppd("plugin", PLUGINS + "/vpdn-lac.so", option, value, "notty", "dryrun")
        assert taken.wait() == 0, taken.log()
