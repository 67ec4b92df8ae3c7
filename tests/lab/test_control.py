# SPDX-License-Identifier: GPL-2.0-or-later
"""vpdnctl: what it shows, what it does not show, reloading."""

import roles

ADDRESS = roles.POOL_LOCAL


def test_show(dialin):
    """Tunnels, sessions and groups on both sides, for people and as JSON, without secrets."""
    net = dialin()
    roles.dial(net.lab)
    net.lab.client.ping(ADDRESS)
    for role in (net.lac, net.lns):
        session, = role.show("session")["sessions"]
        assert session["user"] == roles.USER
        tunnel, = role.show("tunnel")["tunnels"]
        assert tunnel["peer_ip"] == {net.lac: net.lab.LNS, net.lns: net.lab.LAC}[role]
        for what in ("", "tunnel", "session", "group"):
            for options in ((), ("--json",)):
                text = role.vpdnctl(*options, "show", *filter(None, [what]))
                assert text.strip(), f"show {what} says nothing"
                assert not [secret for secret in net.lab.secrets if secret in text]


def test_reload(dialin):
    """A wrong file is reported with its line and changes nothing; a right one is used."""
    net = dialin()
    path = "/etc/vpdn/vpdn.conf"
    good = net.lab.lac.read(path)
    net.lab.lac.write(path, good.replace("priority = 1", "priority = many", 1))
    complaint = net.lac.vpdnctl("reload", check=False)
    line = good[:good.index("priority = 1")].count("\n") + 1
    assert f"{path}:{line}" in complaint and "many" in complaint
    roles.dial(net.lab)
    net.lab.client.ping(ADDRESS)
    net.lab.lac.write(path, good.replace("example.com", "example.org"))
    net.lac.vpdnctl("reload")
    assert "example.org" in net.lac.vpdnctl("show", "group")
    net.lab.client.ping(ADDRESS)


def test_check(dialin):
    """vpdnctl check needs no running vpdnd and names what is wrong."""
    net = dialin()
    node = net.lab.client
    node.write("/tmp/wrong.conf", "vpdn-group x {\n\tlocal-nam = \"LAC\"\n}\n")
    assert "/tmp/wrong.conf:2" in node.run(["vpdnctl", "check", "/tmp/wrong.conf"], check=False)
    node.run(["vpdnctl", "check", "/usr/share/doc/vpdn/examples/lac-pppoe/etc/vpdn/vpdn.conf"])
