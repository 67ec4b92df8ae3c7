# SPDX-License-Identifier: GPL-2.0-or-later
"""RADIUS accounting of forwarded sessions: what a real FreeRADIUS reads in its records, when servers are gone, and when vpdnd ends."""
import time

from radius import Radius, answer, attributes
from radius_vpdnd import (BACKUP, CORP, STATS, Session, fixture_accounted, fixture_freeradius,  # noqa: F401 pylint: disable=unused-import
                          fixture_scripted, fixture_start, octets)
from waiting import await_condition


def test_radius_accounting(accounted, freeradius):
    """Accounting-On, Start and Stop: ids, ends of the tunnel, Call Serial Number, the kernel's counters beyond 32 bits, cause."""
    server, daemon, counters = accounted(freeradius({"example.com": CORP + ["Class = 0x676f6c64"]}))
    server.await_accounting("Accounting-On")
    begun = time.monotonic()
    session = Session(daemon)
    start = server.await_accounting("Start")
    for name, value in {"User-Name": "alice@example.com", "NAS-Identifier": "lac1", "NAS-IP-Address": "127.0.0.1", "NAS-Port-Id": "eth1.100",
                        "Service-Type": "Framed-User", "Framed-Protocol": "PPP", "Tunnel-Type:0": "L2TP", "Tunnel-Medium-Type:0": "IPv4",
                        "Tunnel-Server-Endpoint:0": "192.0.2.2", "Tunnel-Client-Endpoint:0": "192.0.2.1", "Tunnel-Client-Auth-Id:0": "LAC",
                        "Tunnel-Server-Auth-Id:0": "LNS", "Acct-Tunnel-Connection": "4711", "Acct-Delay-Time": "0", "Class": "0x676f6c64",
                        "ADSL-Agent-Circuit-Id": octets("dslam7 atm 0/3:8.35"), "Calling-Station-Id": "02:00:5e:00:53:01"}.items():
        assert start[name] == value, (name, start)
    assert "Acct-Session-Time" not in start and "Acct-Input-Octets" not in start
    counters(STATS.format((2 << 32) + 5, 7))
    time.sleep(1.1)
    session.cleared()
    stop = server.await_accounting("Stop")
    for name, value in {"Acct-Session-Id": start["Acct-Session-Id"], "Acct-Input-Octets": "5", "Acct-Input-Gigawords": "2", "Acct-Output-Octets": "7",
                        "Acct-Output-Gigawords": "0", "Acct-Input-Packets": "10", "Acct-Output-Packets": "20",
                        "Acct-Terminate-Cause": "Host-Request", "Class": "0x676f6c64", "Acct-Tunnel-Connection": "4711"}.items():
        assert stop[name] == value, (name, stop)
    assert 1 <= int(stop["Acct-Session-Time"]) <= time.monotonic() - begun
    session.close()
    other = Session(daemon, "bob@example.com")
    second = server.await_accounting("Start", 2)
    assert second["Acct-Session-Id"] != start["Acct-Session-Id"]
    other.access.close()                                # carrier is lost
    daemon.module.expect("L2TP_CALL_CLEAR", CALL_REF=other.ref)
    other.cleared(by=1)
    assert server.await_accounting("Stop", 2)["Acct-Terminate-Cause"] == "Lost-Carrier"
    other.close()
    await_condition(lambda: daemon.source("radius")["acct_taken"] == 5, lambda: daemon.source("radius"))
    assert f"127.0.0.1:{server.acct}" in daemon.table("show", "aaa")
    assert 'vpdn_accounting_records_total{source="radius",result="taken"} 5' in daemon.table("metrics")
    row = daemon.source("radius")
    assert (row["acct_lost"], row["acct_waiting"]) == (0, 0)


def test_radius_session_ids(accounted):
    """Ids of a vpdnd that was started again are others, for the same call."""
    server, daemon, _ = accounted()
    ids = []
    for _ in range(2):
        session = Session(daemon)
        ids.append(server.await_accounting("Start", len(ids) + 1)["Acct-Session-Id"])
        session.cleared()
        server.await_accounting("Stop", len(ids))
        session.close()
        daemon.stop()
        _, daemon, _ = accounted(server)
    assert len(set(ids)) == 2


def interim_s(server, daemon):
    """After how many seconds of a session its first Interim-Update came: one interval, whatever the machine does, and not two."""
    session = Session(daemon)
    start = server.await_accounting("Start")
    interim = server.await_accounting("Interim-Update")
    assert interim["Acct-Session-Id"] == start["Acct-Session-Id"]
    session.cleared()
    server.await_accounting("Stop")
    session.close()
    return int(interim["Acct-Session-Time"])


def test_radius_interim(accounted):
    """An Interim-Update after its interval, with what was counted until then."""
    server, daemon, counters = accounted(extra="interim-interval = 20", speed=10)
    counters(STATS.format(100, 200))
    assert 19 <= interim_s(server, daemon) < 40
    interim = server.accounting("Interim-Update")[0]
    assert (interim["Acct-Input-Octets"], interim["Acct-Output-Octets"]) == ("100", "200")
    assert "Acct-Terminate-Cause" not in interim


def test_radius_interim_of_accept(accounted, freeradius):
    """Acct-Interim-Interval of the Access-Accept is the session's, when none is configured here (RFC 2869 2.1)."""
    users = {"example.com": CORP + ["Acct-Interim-Interval = 60"]}
    assert 59 <= interim_s(*accounted(freeradius(users), speed=20)[:2]) < 120
    assert 19 <= interim_s(*accounted(freeradius(users), extra="interim-interval = 20", speed=10)[:2]) < 40


def test_radius_interim_of_accept_too_short(accounted, freeradius):
    """One of less than a minute, which RFC 2869 forbids, is not used; the decision says so."""
    server, daemon, _ = accounted(freeradius({"example.com": CORP + ["Acct-Interim-Interval = 59"]}), speed=20)
    session = Session(daemon)
    server.await_accounting("Start")
    time.sleep(4)
    session.cleared()
    assert int(server.await_accounting("Stop")["Acct-Session-Time"]) >= 75
    session.close()
    assert not server.accounting("Interim-Update")
    assert "not used: Acct-Interim-Interval 59, less than 60" in daemon.source("radius")["text"]


def test_radius_accounting_down(accounted, freeradius):
    """No server: sessions come and go all the same, and their records follow in order when it is back, with their delay."""
    server = freeradius()
    server.stop()
    server, daemon, _ = accounted(server, order="local", backup='domain = "example.com"')
    session = Session(daemon)
    session.cleared()
    session.plugin.expect("SUBSCRIBER_RELEASE")
    session.close()
    await_condition(lambda: daemon.source("radius")["acct_waiting"] == 3, lambda: daemon.source("radius"))
    server.start()
    stop = server.await_accounting("Stop")
    assert [r["Acct-Status-Type"] for r in server.accounting() if r["Acct-Status-Type"] != "Accounting-On"] == ["Start", "Stop"]
    assert int(stop["Acct-Delay-Time"]) >= 1
    await_condition(lambda: daemon.source("radius")["acct_waiting"] == 0, lambda: daemon.source("radius"))


def test_radius_accounting_of_long_names(accounted, freeradius):
    """The largest of everything fits into one record."""
    big = ["Class = 0x" + "41" * 253, "Class += 0x" + "42" * 253]
    server, daemon, _ = accounted(freeradius({"x" * 200: CORP + big}))
    line = [("ACCESS_INTERFACE", "i" * 63), ("CIRCUIT_ID", "c" * 255), ("REMOTE_ID", "r" * 255)]
    session = Session(daemon, "a" * 52 + "@" + "x" * 200, line=line, peer_name="\x01" * 64)
    start = server.await_accounting("Start")
    assert start["User-Name"] == "a" * 52 + "@" + "x" * 200
    assert len(start["Tunnel-Server-Auth-Id:0"]) > 200 and start["ADSL-Agent-Circuit-Id"] == "0x" + "63" * 247
    session.cleared()
    server.await_accounting("Stop")
    session.close()
    assert daemon.source("radius")["acct_lost"] == 0


def test_radius_accounting_down_interim(accounted, freeradius):
    """While nobody takes records, those of one session do not pile up until Starts and Stops are lost for them: the last Interim-Update
    is kept, and none beside the Stop."""
    server = freeradius()
    server.stop()
    server, daemon, counters = accounted(server, extra="interim-interval = 10", order="local", backup='domain = "example.com"', speed=10)
    session = Session(daemon)
    counters(STATS.format(100, 200))
    await_condition(lambda: daemon.source("radius")["acct_waiting"] == 3, lambda: daemon.source("radius"))
    counters(STATS.format(300, 400))
    time.sleep(3)
    assert daemon.source("radius")["acct_waiting"] == 3     # Accounting-On, Start, Interim-Update
    session.cleared()
    session.plugin.expect("SUBSCRIBER_RELEASE")
    session.close()
    assert daemon.source("radius")["acct_waiting"] == 3     # Accounting-On, Start, Stop
    server.start()
    assert server.await_accounting("Stop")["Acct-Input-Octets"] == "300"
    assert [r["Acct-Status-Type"] for r in server.accounting() if r["Acct-Status-Type"] != "Accounting-On"] == ["Start", "Stop"]
    assert daemon.source("radius")["acct_lost"] == 0


def test_radius_accounting_lost(accounted, freeradius):
    """Records that nobody can take any more are lost, which is said once and counted."""
    server = freeradius()
    server.stop()
    server, daemon, _ = accounted(server, order="local", backup='domain = "example.com"')
    await_condition(lambda: daemon.source("radius")["acct_waiting"] == 1, lambda: daemon.source("radius"))
    daemon.reload("sources = { local }\n" + BACKUP.format(keys='domain = "example.com"'))
    await_condition(lambda: daemon.source("radius").get("acct_lost") == 1, lambda: daemon.source("radius"))
    assert daemon.text().count("accounting records are lost: vpdn.conf has no RADIUS servers any more") == 1


# ---- vpdnd ends ----

def terminate(daemon, *sessions, seconds):
    """Seconds until it has ended, whose sessions xl2tpd confirms as over."""
    began = time.monotonic()
    daemon.process.terminate()
    for session in sessions:
        daemon.module.expect("L2TP_CALL_CLEAR", CALL_REF=session.ref)
        session.cleared(by=1)
    daemon.process.wait(15)
    took = time.monotonic() - began
    assert seconds[0] <= took <= seconds[1], (took, daemon.text())
    for session in sessions:
        session.close()


def kinds(server):
    return [r["Acct-Status-Type"] for r in server.accounting()]


def test_radius_accounting_at_stop(accounted):
    """vpdnd that is stopped says Stop of its sessions, and Accounting-Off when these are taken; it waits for nothing else."""
    server, daemon, _ = accounted()
    sessions = [Session(daemon, f"user{i}@example.com", serial=i) for i in range(3)]
    server.await_accounting("Start", 3)
    terminate(daemon, *sessions, seconds=(0, 1.9))
    assert kinds(server) == ["Accounting-On"] + 3 * ["Start"] + 3 * ["Stop"] + ["Accounting-Off"]
    assert server.await_accounting("Stop")["Acct-Terminate-Cause"] == "Admin-Reboot"
    on, off = server.accounting("Accounting-On")[0], server.accounting("Accounting-Off")[0]
    assert (off["NAS-Identifier"], off["NAS-IP-Address"], off["Acct-Session-Id"]) == ("lac1", "127.0.0.1", on["Acct-Session-Id"])
    assert "Acct-Terminate-Cause" not in off and "Acct-Session-Time" not in off
    assert "accounting records" not in daemon.text()


def test_radius_accounting_at_stop_after_failure(accounted, freeradius):
    """What waited for a server that is back gets to it at the end, without the rest of the wait for the next try."""
    server = freeradius()
    server.stop()
    server, daemon, _ = accounted(server, order="local", backup='domain = "example.com"')
    session = Session(daemon)
    await_condition(lambda: daemon.source("radius")["acct_waiting"] == 2, lambda: daemon.source("radius"))
    server.start()
    terminate(daemon, session, seconds=(0, 1.9))
    assert sorted(kinds(server)[:2]) == ["Accounting-On", "Start"] and kinds(server)[2:] == ["Stop", "Accounting-Off"]
    assert "accounting records" not in daemon.text()


def test_radius_accounting_at_stop_refused(accounted, freeradius):
    """A server that is not there does not hold the end up; what is lost is said."""
    server, daemon, _ = accounted(freeradius(), order="local", backup='domain = "example.com"')
    session = Session(daemon)
    server.await_accounting("Start")
    server.stop()
    terminate(daemon, session, seconds=(0, 1.9))
    assert daemon.text().count("2 accounting records were not taken by a server") == 1      # Stop, Accounting-Off


def test_radius_accounting_at_stop_silent(accounted, scripted):
    """A server that says nothing any more: Accounting-Off goes out behind the Stop all the same, and after 5 seconds vpdnd has ended."""
    alive = [True]
    server = scripted(lambda request: [answer(request, 5, mac=False)] if alive[0] else [])
    plain = Radius(server.address, (server.auth, server.acct))
    plain.conf = lambda: Radius.conf(plain, "timeout = 2 retries = 10")
    _, daemon, _ = accounted(plain, order="local", backup='domain = "example.com"')
    session = Session(daemon)
    await_condition(lambda: daemon.source("radius")["acct_taken"] == 2, lambda: daemon.source("radius"))
    alive[0] = False
    began = len(server.requests)
    terminate(daemon, session, seconds=(4.5, 6.5))
    status = [dict(attributes(r))[40][3] for r in server.requests[began:]]
    assert status[0] == 2 and 8 in status and set(status) == {2, 8}, status
    assert daemon.text().count("2 accounting records were not taken by a server") == 1


def test_radius_accounting_at_stop_slow_server(accounted, scripted):
    """One Stop that is not taken does not keep Accounting-Off, which says what it would have said, from the server."""
    def behave(request):
        found = dict(attributes(request))
        return [] if found[40][3] == 2 and found[1] == b"bob@example.com" else [answer(request, 5, mac=False)]

    server = scripted(behave)
    plain = Radius(server.address, (server.auth, server.acct))
    plain.conf = lambda: Radius.conf(plain, "timeout = 2 retries = 10")
    _, daemon, _ = accounted(plain, order="local", backup='domain = "example.com"')
    sessions = [Session(daemon), Session(daemon, "bob@example.com", serial=2)]
    await_condition(lambda: daemon.source("radius")["acct_taken"] == 3, lambda: daemon.source("radius"))
    terminate(daemon, *sessions, seconds=(4.5, 6.5))
    assert [dict(attributes(r))[40][3] for r in server.requests].count(8) == 1
    assert daemon.text().count("1 accounting records were not taken by a server") == 1


def test_radius_accounting_at_stop_without_xl2tpd(accounted):
    """xl2tpd does not confirm that the sessions are over: their Stops and Accounting-Off go out nevertheless."""
    server, daemon, _ = accounted()
    session = Session(daemon)
    server.await_accounting("Start")
    terminate(daemon, seconds=(1.9, 4))
    assert kinds(server) == ["Accounting-On", "Start", "Stop", "Accounting-Off"]
    assert "1 sessions were not confirmed as over" in daemon.text()
    session.close()


def test_radius_accounting_at_second_signal(accounted, scripted):
    """Who cannot wait sends a second signal."""
    server = scripted(lambda request: [])
    _, daemon, _ = accounted(server, order="local", backup='domain = "example.com"')
    await_condition(lambda: server.requests, "Accounting-On")
    began = time.monotonic()
    daemon.process.terminate()
    daemon.await_log("stopping on signal")
    daemon.process.terminate()
    daemon.process.wait(10)
    assert time.monotonic() - began < 1.5


# ---- hostile ----

def test_radius_accounting_forged(scripted, accounted):
    """Nobody but the server can take a record: an Accounting-Response that is not signed leaves it in the queue."""
    server, daemon, _ = accounted(scripted(lambda request: [answer(request, 5, mac=False, secret="guessed")]), order="local",
                                  backup='domain = "example.com"')
    await_condition(lambda: daemon.source("radius")["acct_servers"][0]["wrong_answers"] >= 1, lambda: daemon.source("radius"))
    assert daemon.source("radius")["acct_taken"] == 0
    assert server.requests[0][0] == 4
