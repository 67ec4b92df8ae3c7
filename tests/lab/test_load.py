# SPDX-License-Identifier: GPL-2.0-or-later
"""Many subscribers, clients that do not wait, and restarts under load."""

import signal

import pytest

import leaks
import roles
from decode import Control
from subscriber import Access

ADDRESS = roles.POOL_LOCAL


def dial_all(access, count, **options):
    """That many subscribers at once, all of them up."""
    subscribers = [access.add(roles.USER, roles.PASSWORD, **options) for _ in range(count)]
    for subscriber in subscribers:
        subscriber.dial()
    return subscribers


def all_up(subscribers):
    return all(subscriber.state == "up" for subscriber in subscribers)


def test_eager_client(dialin):
    """A ConfReq in the instant of the PADS, from 20 at once: none is lost, nobody waits."""
    net = dialin(lac={"options": "lcp-restart 3\n"}, lns={"options": "lcp-restart 3\n"})
    access = Access(net.lab.client)
    subscribers = dial_all(access, 20, restart=3.0)
    access.run(lambda: all_up(subscribers), "20 up", 60)
    access.write_log()
    for subscriber in subscribers:
        assert subscriber.retransmissions == 0, subscriber
        assert len(subscriber.packets("sent", "LCP", code="ConfReq")) == 1, subscriber
        assert len(subscriber.packets("received", "LCP", code="ConfReq")) == 1, subscriber
    for subscriber in subscribers:
        subscriber.ping(ADDRESS)
        subscriber.hang_up()
    net.assert_nothing_left()
    access.close()


@pytest.mark.ppp252
def test_template_restart(dialin):
    """Templates killed and started again: running sessions unharmed, new ones answered."""
    net = dialin()
    access = Access(net.lab.client)
    alice = access.add(roles.USER, roles.PASSWORD)
    bob = access.add(roles.LOCAL_USER, roles.LOCAL_PASSWORD)
    for subscriber in (alice, bob):
        subscriber.dial()
    access.run(lambda: all_up([alice, bob]), "both up")
    for role, name in ((net.lac, "access"), (net.lns, "corp")):
        role.template.stop(signal.SIGKILL)
        alice.ping(ADDRESS)
        bob.ping(roles.LAC_LOCAL)
        refused = access.add(roles.USER, roles.PASSWORD)
        refused.dial()
        access.run(lambda refused=refused: refused.state == "closed", "a clear refusal")
        assert refused.error or refused.session
        role.start_template(name)
        again = access.add(roles.USER, roles.PASSWORD)
        again.dial()
        access.run(lambda again=again: again.state == "up", "a new call up")
        again.ping(ADDRESS)
        again.hang_up()
    alice.ping(ADDRESS)
    bob.ping(roles.LAC_LOCAL)
    alice.hang_up()
    bob.hang_up(padt=False)
    net.lab.lns.await_interfaces("^ppp", 0)
    net.lab.lac.await_interfaces("^ppp", 0)
    access.close()


@pytest.mark.seconds(400)
def test_hundred_sessions(dialin):
    """100 subscribers through one tunnel, all up, all torn down, nothing left."""
    net = dialin()
    access = Access(net.lab.client)
    subscribers = dial_all(access, 100, restart=10.0)
    access.run(lambda: all_up(subscribers), "100 up", 200)
    assert len({subscriber.address for subscriber in subscribers}) == 100
    assert len(net.core.packets(Control, message="SCCRQ")) == 1
    assert leaks.l2tp_counts(net.lab.lac) == leaks.l2tp_counts(net.lab.lns) == (1, 100)
    assert len(net.lab.lns.interfaces("^ppp")) == 100
    assert len(net.lac.show("session")["sessions"]) == 100
    for subscriber in subscribers:
        subscriber.ping(ADDRESS)
    for number, subscriber in enumerate(subscribers):
        subscriber.hang_up(padt=number % 2 == 0)
    access.run(lambda: all(s.state == "closed" for s in subscribers), "100 closed", 60)
    leaks.await_same(*net.before, timeout=120)
    assert not net.lac.show("session")["sessions"] and not net.lns.show("session")["sessions"]
    access.close()
