# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel for the guest: package, decompressed vmlinux, initramfs.

Called by tests/lab/setup. Owns build/lab/kernel. The kernel is the one the
distribution's linux-image-amd64 depends on, because its cloud variant has no
PPP; it is unpacked, never installed. vmlinux is extracted because under TCG the
kernel's own decompression costs seconds at every boot. The initramfs loads all
modules in dependency order, so that the guest needs no modprobe.
"""

import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile
import zlib

from . import BUILD, LAB, LabError, capture, read_text, run_logged, step, write_text

# Modules needed to find the root file system, and those that the tests need. What a
# kernel has built in is not in modules.dep and left out.
BOOT_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
TEST_MODULES = ("ppp_async", "ppp_synctty", "ppp_deflate", "bsd_comp", "sha1_generic", "ppp_mppe",
                "pppoe", "l2tp_ppp", "l2tp_netlink", "veth", "sch_netem", "sch_tbf",
                "sch_ingress", "cls_flower", "act_mirred", "ifb")

# (magic, decoder) of the compressions a bzImage may use, see scripts/extract-vmlinux.
DECODERS = (
    (b"\xfd7zXZ\x00", lambda data: lzma.LZMADecompressor().decompress(data)),
    (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data)),
    (b"\x28\xb5\x2f\xfd", lambda data: subprocess.run(
        ["zstd", "-dc"], input=data, capture_output=True, check=False).stdout),
)


def extract_vmlinux(image):
    """The ELF kernel inside a bzImage (bytes in, bytes out)."""
    for magic, decode in DECODERS:
        for match in re.finditer(re.escape(magic), image):
            try:
                elf = decode(image[match.start():])
            except (lzma.LZMAError, zlib.error):
                continue
            if elf[:4] == b"\x7fELF":
                return elf
    raise LabError("no ELF kernel found inside the kernel image")


def module_name(path):
    """ppp_generic for kernel/drivers/net/ppp/ppp-generic.ko.xz"""
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def load_order(dep_text, wanted, loaded=()):
    """Paths from modules.dep so that each module follows what it depends on."""
    paths, needs, order = {}, {}, list(loaded)
    for line in dep_text.splitlines():
        path, _, rest = line.partition(":")
        paths[module_name(path)] = path
        needs[path] = rest.split()

    def emit(path):
        if path in order:
            return
        for need in reversed(needs[path]):
            emit(need)
        if path not in order:
            order.append(path)

    for name in wanted:
        if name in paths:
            emit(paths[name])
    return order[len(loaded):]


def module_bytes(path):
    """A module as insmod wants it, uncompressed."""
    with open(path, "rb") as file:
        data = file.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


def make_initrd(modules_dir, init, out):
    """Write the initramfs: busybox, init, modules and their order."""
    dep_path = os.path.join(modules_dir, "modules.dep")
    if not os.path.exists(dep_path):
        capture(["busybox", "depmod", "-b", modules_dir[:modules_dir.rindex("/lib/modules/")],
                 os.path.basename(modules_dir)])
    dep_text = read_text(dep_path)
    boot = load_order(dep_text, BOOT_MODULES)
    rest = load_order(dep_text, TEST_MODULES, boot)
    with tempfile.TemporaryDirectory(dir=BUILD) as tree:
        for name in ("bin", "m", "proc", "sys", "dev", "root", "res", "repo", "rw", "new"):
            os.mkdir(os.path.join(tree, name))
        shutil.copy("/bin/busybox", os.path.join(tree, "bin/busybox"))
        shutil.copy(init, os.path.join(tree, "init"))
        os.chmod(os.path.join(tree, "init"), 0o755)
        for order_name, order in (("boot.order", boot), ("rest.order", rest)):
            write_text(os.path.join(tree, order_name),
                       "".join(f"/m/{module_name(path)}.ko\n" for path in order))
            for path in order:
                with open(os.path.join(tree, "m", module_name(path) + ".ko"), "wb") as file:
                    file.write(module_bytes(os.path.join(modules_dir, path)))
        names = subprocess.run(["find", "."], cwd=tree, capture_output=True, check=True).stdout
        with open(out + ".new", "wb") as archive:
            subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], cwd=tree,
                           input=names, stdout=archive, check=True)
    os.rename(out + ".new", out)


def kernel_package():
    """(name, version) of the kernel package that linux-image-amd64 depends on."""
    depends = capture(["apt-cache", "depends", "--important", "linux-image-amd64"])
    match = re.search(r"Depends: (linux-image-\S+-amd64)\s", depends + "\n")
    if not match:
        raise LabError("apt knows no linux-image-amd64")
    package = match.group(1)
    shown = capture(["apt-cache", "show", "--no-all-versions", package])
    return package, re.search(r"^Version: (.*)$", shown, re.M).group(1)


def with_fresh_lists(function, *arguments):
    """Call a function that needs apt's package lists; once more after an update if it fails."""
    try:
        return function(*arguments)
    except LabError:
        with step("bring apt's package lists up to date"):
            capture(["apt-get", "-qq", "update"])
        return function(*arguments)


def unpack(package, tree):
    """Download a package and unpack it into a directory."""
    with tempfile.TemporaryDirectory(dir=BUILD) as download:
        capture(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package],
                cwd=download)
        run_logged(["dpkg-deb", "-x", os.path.join(download, os.listdir(download)[0]), tree],
                   os.path.join(BUILD, "setup.log"))


def prepare():
    """Make vmlinux and initrd when they are missing or old; returns both paths."""
    package, version = with_fresh_lists(kernel_package)
    top = os.path.join(BUILD, "kernel")
    vmlinux, initrd = os.path.join(top, "vmlinux"), os.path.join(top, "initrd")
    identity = f"{package} {version}"
    if read_text(os.path.join(top, "package")) != identity:
        with step(f"fetch and unpack the guest kernel {identity}"):
            shutil.rmtree(top, ignore_errors=True)
            os.makedirs(top)
            with_fresh_lists(unpack, package, os.path.join(top, "tree"))
            boot = os.path.join(top, "tree/boot")
            image = next(name for name in os.listdir(boot) if name.startswith("vmlinuz-"))
            with open(os.path.join(boot, image), "rb") as file:
                elf = extract_vmlinux(file.read())
            with open(vmlinux, "wb") as file:
                file.write(elf)
            write_text(os.path.join(top, "package"), identity)
    tree = os.path.join(top, "tree")
    modules = next(path for path in (os.path.join(tree, "usr/lib/modules"),
                                     os.path.join(tree, "lib/modules")) if os.path.isdir(path))
    init = os.path.join(LAB, "vm/init")
    inputs = hashlib.sha256()
    for path in (init, __file__, "/bin/busybox"):
        with open(path, "rb") as file:
            inputs.update(file.read())
    if read_text(initrd + ".inputs") != inputs.hexdigest() or not os.path.exists(initrd):
        with step("make the initramfs"):
            make_initrd(os.path.join(modules, os.listdir(modules)[0]), init, initrd)
            write_text(initrd + ".inputs", inputs.hexdigest())
    return vmlinux, initrd
