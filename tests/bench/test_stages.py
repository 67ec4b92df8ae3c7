# SPDX-License-Identifier: GPL-2.0-or-later
"""What the bench reads from vpdnd's metrics, from the wires and from the kernel's trace. Needs no lab."""
import pytest

import stages

METRICS = """# HELP vpdn_call_stage_seconds Time that setting up a call took, by stage.
vpdn_call_stage_seconds_bucket{{role="lac",direction="dial-in",stage="decision",le="+Inf"}} 3
vpdn_call_stage_seconds_sum{{role="lac",direction="dial-in",stage="decision"}} {decision[0]}
vpdn_call_stage_seconds_count{{role="lac",direction="dial-in",stage="decision"}} {decision[1]}
vpdn_call_stage_seconds_sum{{role="lac",direction="dial-out",stage="bridge"}} 7.000000
vpdn_call_stage_seconds_count{{role="lac",direction="dial-out",stage="bridge"}} 7
vpdn_call_stage_seconds_sum{{role="lac",direction="dial-in",stage="bridge"}} 0.000000
vpdn_call_stage_seconds_count{{role="lac",direction="dial-in",stage="bridge"}} 0
vpdn_tunnel_setup_seconds_sum{{opened_by="us"}} {tunnel[0]}
vpdn_tunnel_setup_seconds_count{{opened_by="us"}} {tunnel[1]}
vpdn_tunnel_setup_seconds_sum{{opened_by="peer"}} 9.000000
vpdn_tunnel_setup_seconds_count{{opened_by="peer"}} 9
"""


def test_metrics_are_of_what_came_in_between():
    before = stages.of_metrics(METRICS.format(decision=("0.100000", 2), tunnel=("0.050000", 1)))
    after = stages.of_metrics(METRICS.format(decision=("0.106000", 5), tunnel=("0.050000", 1)))
    assert before == {"decision": [0.1, 2], "bridge": [0, 0], "tunnel": [0.05, 1]}
    assert stages.between(before, after) == {"decision": pytest.approx(2)}     # no tunnel was opened, nothing bridged
    assert stages.between({}, after) == {"decision": pytest.approx(21.2), "tunnel": pytest.approx(50)}


def test_steps_are_since_the_message_before():
    times = {"ICRP": 10.030, "response": 10.000, "ICRQ": 10.010}
    assert stages.steps(times, ("response", "ICRQ", "ICRP")) == {"ICRQ": pytest.approx(10), "ICRP": pytest.approx(20)}
    with pytest.raises(AssertionError, match="ICCN, success"):
        stages.steps(times, ("response", "ICRQ", "ICRP", "ICCN", "success"))


# As the kernel writes it; process 20 is vpdnd, 30 the template, 31 and 32 its children: one is forwarded, one stays.
TRACE = """# tracer: nop
           vpdnd-20      [001] ...1.    50.000000: sys_recvmsg -> 0x18
            pppd-30      [000] ...1.    50.040000: sys_recvmsg(fd: 6, msg: 7ffc96cbd740, flags: 40000040)
            pppd-30      [000] ...1.    50.040700: sys_recvmsg -> 0x70
            pppd-31      [000] ...1.    50.050000: sys_sendmsg(fd: 6, msg: 7ffc96cb5b80, flags: 4040)
            pppd-31      [000] .N.1.    50.050200: sys_sendmsg -> 0x18
            pppd-31      [001] ...1.    50.115000: sys_sendmsg(fd: f, msg: 7ffc96cada50, flags: 4040)
            pppd-31      [001] .N.1.    50.115100: sys_sendmsg -> 0x27
           vpdnd-20      [001] ...1.    50.115200: sys_recvmsg(fd: 8, msg: 7ffedf48f830, flags: 40000040)
           vpdnd-20      [001] ...1.    50.115300: sys_recvmsg -> 0x27
           vpdnd-20      [001] ...1.    50.115400: sys_sendmsg(fd: 8, msg: 7ffedf487690, flags: 4040)
           vpdnd-20      [001] ...1.    50.115500: sys_sendmsg -> 0x24
            pppd-31      [001] ...1.    50.116700: sys_sendmsg(fd: f, msg: 7ffc96cb5ab0, flags: 4040)
            pppd-31      [001] .N.1.    50.116800: sys_sendmsg -> 0xf2
            pppd-31      [001] ...1.    50.119000: sys_recvmsg(fd: f, msg: 7ffc96cbdb00, flags: 40000040)
            pppd-31      [001] ...1.    50.119100: sys_recvmsg -> 0x24
            pppd-31      [001] ...1.    50.119200: sys_recvmsg(fd: f, msg: 7ffc96cbdb00, flags: 40000040)
            pppd-31      [001] ...1.    50.119300: sys_recvmsg -> 0xfffffffffffffff5
           vpdnd-20      [001] ...1.    50.136000: sys_sendmsg(fd: 8, msg: 7ffedf4876a0, flags: 4040)
           vpdnd-20      [001] ...1.    50.136900: sys_sendmsg -> 0x10
            pppd-31      [001] ...1.    50.137200: sys_recvmsg(fd: f, msg: 7ffc96cbda70, flags: 40000040)
            pppd-31      [001] ...1.    50.137500: sys_recvmsg -> 0x10
            pppd-31      [001] ...1.    50.138000: sys_write(fd: 1, buf: 7ffc96cbd640, count: 35)
            pppd-31      [001] ...1.    50.138100: sys_write -> 0x35
            pppd-31      [001] ...1.    50.139000: sys_sendmsg(fd: 6, msg: 7ffc96cb5a20, flags: 4040)
            pppd-31      [001] ...1.    50.139700: sys_sendmsg -> 0x10
            pppd-31      [001] ...1.    50.152000: sys_sendmsg(fd: f, msg: 7ffc96cb5a00, flags: 4040)
            pppd-31      [001] .N.1.    50.152500: sys_sendmsg -> 0x15
            pppd-32      [001] ...1.    51.000000: sys_sendmsg(fd: f, msg: 7ffc96cada50, flags: 4040)
            pppd-32      [001] .N.1.    51.000100: sys_sendmsg -> 0x27
            pppd-32      [001] ...1.    51.000200: sys_sendmsg(fd: f, msg: 7ffc96cb5ab0, flags: 4040)
            pppd-32      [001] .N.1.    51.000300: sys_sendmsg -> 0xf2
           vpdnd-20      [001] ...1.    51.000400: sys_sendmsg(fd: 8, msg: 7ffedf487690, flags: 4040)
            pppd-32      [000] ...1.    51.000500: sys_recvmsg(fd: f, msg: 7ffc96cbdb00, flags: 40000040)
            pppd-32      [000] ...1.    51.000600: sys_recvmsg -> 0x24
           vpdnd-20      [001] ...1.    51.000700: sys_sendmsg -> 0x24
           vpdnd-20      [001] ...1.    51.001000: sys_sendmsg(fd: 8, msg: 7ffedf4876a0, flags: 4040)
            pppd-32      [000] ...1.    51.001400: sys_recvmsg(fd: f, msg: 7ffc96cbdb00, flags: 40000040)
            pppd-32      [000] ...1.    51.001500: sys_recvmsg -> 0x10
           vpdnd-20      [001] ...1.    51.001600: sys_sendmsg -> 0x10
            pppd-32      [000] ...1.    51.004000: sys_write(fd: d, buf: 564839c4e782, count: 14)
            pppd-32      [000] ...1.    51.004100: sys_write -> 0x14
"""


def test_answers_of_held_calls():
    """The log is no act; the template's and other connections are not vpdnd's answer."""
    forwarded, local = stages.answers(TRACE, 20)
    assert forwarded == {"read": pytest.approx(1.5), "acted": pytest.approx(3), "channel": pytest.approx(16)}
    assert local == {"read": pytest.approx(0.5), "acted": pytest.approx(3)}


def test_system_calls_that_have_not_ended_are_left_out():
    calls = stages.system_calls(TRACE)
    assert calls[0].pid == 30 and calls[0].name == "recvmsg" and calls[0].fd == 6 and calls[0].result == 0x70
    assert [call.result for call in calls if call.fd == 15 and call.name == "recvmsg"] == [0x24, -1, 0x10, 0x24, 0x10]
    assert not stages.system_calls(TRACE.splitlines()[2])


def test_no_answer_no_figure():
    """A trace that ends before the answer was read, or begins after it was sent."""
    lines = TRACE.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if "50.119000" in line)
    assert stages.answers("".join(lines[:first]), 20) == []
    assert stages.answers("".join(line for line in lines if "vpdnd" not in line), 20) == []
