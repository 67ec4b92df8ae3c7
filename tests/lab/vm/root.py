# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's root directory.

Called by tests/lab/setup. Owns build/lab/base (slow: mmdebstrap, without
anything under test) and build/lab/root (a copy of it with the packages under test
installed by apt, so that the lab runs what users install and a missing dependency
shows). Both are rebuilt only when their inputs change.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess

from . import (BUILD, REPO, LabError, capture, package_list, read_text, run_logged, step,
               write_text)

LOG = os.path.join(BUILD, "setup.log")
# Documentation is of no use in the guest, except what a package calls an example.
DPKG_OPTIONS = ("path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/examples*",
                "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*")


def apt_sources():
    """This machine's own Debian package sources as sources.list lines."""
    codename = re.search(r"^VERSION_CODENAME=(.*)$", read_text("/etc/os-release"), re.M)
    rows = capture(["apt-get", "indextargets", "--format",
                    "$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)",
                    "Created-By: Packages", "Architecture: amd64"])
    suites = {}
    for row in rows.splitlines():
        origin, release_name, uri, release, component = row.split("|")
        if origin == "Debian" and codename and release_name.startswith(codename.group(1)) \
                and not uri.startswith("cdrom:"):
            suites.setdefault((uri, release), set()).add(component)
    if not suites:
        raise LabError("apt on this machine has no Debian package source with an index; "
                       "run apt-get update")
    return "".join(f"deb {uri} {release} {' '.join(sorted(parts))}\n"
                   for (uri, release), parts in suites.items())


def apt_options():
    """How this machine's apt fetches (proxies, date checks), as option strings."""
    dump = capture(["apt-config", "dump", "--no-empty"])
    wanted = re.compile(r'^(Acquire::(?:http|https|ftp|Check-Valid-Until|Check-Date|Retries)\b\S*)'
                        r' "(.*)";$', re.M)
    return [f"{key}={value}" for key, value in wanted.findall(dump)]


def replace_tree(new, old):
    """Put a finished directory in the place of an older one."""
    if os.path.isdir(old):
        shutil.rmtree(old)
    os.rename(new, old)


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def prepare_base():
    """Make build/lab/base when it is missing or its inputs changed; returns its identity."""
    packages, sources = package_list("packages.guest"), apt_sources()
    identity = digest(" ".join(packages), sources, " ".join(DPKG_OPTIONS))
    base = os.path.join(BUILD, "base")
    if read_text(base + ".identity") == identity and os.path.isdir(base):
        return identity
    codename = sources.split()[2].split("-")[0]
    with step(f"make the guest's base system with mmdebstrap ({len(packages)} packages)"):
        shutil.rmtree(base + ".new", ignore_errors=True)
        argv = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--format=directory",
                "--include=" + ",".join(packages)]
        argv += [f"--aptopt={option}" for option in
                 apt_options() + ["Apt::Install-Recommends=false", "Acquire::Languages=none"]]
        argv += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
        with open(os.path.join(BUILD, "sources.list"), "w+", encoding="utf-8") as file:
            file.write(sources)
            file.seek(0)
            run_logged(argv + [codename, base + ".new", "-"], LOG, stdin=file)
        replace_tree(base + ".new", base)
        write_text(base + ".identity", identity)
    return identity


def repository_packages(repository):
    """The repository's index, and {name: version} of what is to be tested."""
    index = read_text(os.path.join(repository, "Packages"))
    if index is None:
        raise LabError(f"no package repository in {repository}; run make debs")
    found = {}
    for paragraph in index.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.M))
        if "Package" in fields and not fields["Package"].endswith("-dbgsym"):
            found[fields["Package"]] = fields["Version"]
    return index, found


VARIANTS = {"": "dist", "san": "dist-san", "stock": None, "ppp252": "dist"}
PPP252 = os.path.join(REPO, "build/ppp-trixie")


def variant_path(variant):
    return os.path.join(BUILD, "-".join(filter(None, ("root", variant))))


def prepare(variant):
    """Make the root of a variant with the packages under test installed; returns its path.

    Variants: "" what users install, from dist/; "san" the same built with sanitizers,
    from dist-san/; "stock" the distribution's own xl2tpd and pppoe; "ppp252" what users
    install, with Debian 13's ppp and libc6 in place of this Debian's.
    """
    base_identity = prepare_base()
    repository = VARIANTS[variant] and os.path.join(REPO, VARIANTS[variant])
    index, wanted = repository_packages(repository) if repository else ("", {})
    names = sorted(wanted) or ["pppoe", "xl2tpd"]
    root = variant_path(variant)
    identity = digest(base_identity, repository or "", index + (ppp252_identity() if variant == "ppp252" else ""))
    if read_text(root + ".identity") == identity and os.path.isdir(root):
        return root
    with step(f"install {' '.join(names)} into the guest's root"):
        new = root + ".new"
        shutil.rmtree(new, ignore_errors=True)
        run_logged(["cp", "-a", "--reflink=auto", os.path.join(BUILD, "base"), new], LOG)
        if repository:
            write_text(os.path.join(new, "etc/apt/sources.list.d/vpdn.list"),
                       f"deb [trusted=yes] copy:{os.path.realpath(repository)} ./\n")
        # The host's apt works on the directory, so that it fetches as on the host;
        # dpkg and the maintainer scripts run inside.
        apt = ["apt-get", "-qq", "-y", "--no-install-recommends"]
        for option in apt_options() + [
                f"Dir={new}/", "Dir::Bin::dpkg=dpkg", f"DPkg::Chroot-Directory={new}",
                "APT::Architecture=amd64", "Acquire::Languages=none", "APT::Sandbox::User=root",
                f"Dir::Etc::Trusted={new}/etc/apt/trusted.gpg",
                f"Dir::Etc::TrustedParts={new}/etc/apt/trusted.gpg.d"]:
            apt += ["-o", option]
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
        inside = ["unshare", "--mount", "sh", "-c",
                  f'mount -t proc proc "{new}/proc" && exec "$@"', "sh"]
        run_logged(apt + ["update"], LOG, env=environment)
        run_logged(inside + apt + ["install", "--allow-downgrades"] + names, LOG, env=environment)
        check_versions(new, wanted)
        if variant == "ppp252":
            put_ppp252(new)
        replace_tree(new, root)
        write_text(root + ".identity", identity)
    return root


def check_versions(root, wanted):
    """LabError unless the installed packages are the repository's."""
    listing = capture(["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W",
                       "-f", "${Package} ${Version} ${db:Status-Status}\n"])
    installed = {line.split()[0]: line.split()[1:] for line in listing.splitlines()}
    for name, version in wanted.items():
        if installed.get(name) != [version, "installed"]:
            raise LabError(f"{name} {version} was to be installed, found {installed.get(name)}")


def ppp252_identity():
    """The digest of everything that put_ppp252() brings."""
    files = sorted(glob.glob(os.path.join(PPP252, "*.deb")) + glob.glob(os.path.join(PPP252, "pppd/*.so")))
    if not files:
        raise LabError(f"no plugins for ppp 2.5.2 in {PPP252}; run make ppp252")
    return capture(["sha256sum", *files])


def put_ppp252(root):
    """Debian 13's ppp and C library over this Debian's, and our plugins made for that ppp.

    The package vpdn wants the ppp that it was built with, and so apt cannot do it. A later
    C library serves the programs of an earlier Debian.
    """
    shutil.rmtree(os.path.join(root, "usr/lib/pppd"))
    capture(["cp", "-a", *(os.path.join(PPP252, "root", name) for name in ("etc", "usr")), root])
    capture(["cp", *glob.glob(os.path.join(PPP252, "pppd/*.so")), *glob.glob(os.path.join(root, "usr/lib/pppd/*"))])
    # As libc6's own maintainer script does.
    capture(["chroot", root, "ldconfig"])


def boot_label(root):
    """One line that says what is under test; pppd's version is that of its plugins, which it loads by that."""
    pppd, = os.listdir(os.path.join(root, "usr/lib/pppd"))
    listing = subprocess.run(["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W",
                              "-f", "${Package} ${Version}, ", "xl2tpd", "pppoe", "vpdn"],
                             capture_output=True, text=True, check=False).stdout
    return f"pppd {pppd}, {listing.rstrip(', ')}"
