# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual machine: which accelerator, start, boot watchdog, end.

Called by tests/lab/run. One machine at a time on a host, which LOCK_PATH ensures.
q35 and not microvm, which hangs at one boot in six. The accelerator is KVM only
where a probe boot really works: /dev/kvm opens on hosts where a guest then hangs.
"""

import contextlib
import fcntl
import os
import subprocess
import time

from . import BUILD, REPO, LabError, read_text, step, write_text

LOCK_PATH = "/run/lock/vpdn-lab.lock"
PROBE_SECONDS = 8
BOOT_SECONDS = 15

KERNEL_ARGUMENTS = ("console=ttyS0 quiet loglevel=4 mitigations=off nopti nokaslr nowatchdog "
                    "random.trust_cpu=on random.trust_bootloader=on tsc=reliable no_timer_check "
                    "noreplace-smp panic=-1")
ACCELERATORS = {
    "kvm": ["-accel", "kvm", "-cpu", "host"],
    "tcg": ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "Nehalem"],
}


@contextlib.contextmanager
def machine_lock():
    """Hold the machine-wide lock; says so when it has to wait."""
    descriptor = os.open(LOCK_PATH, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("wait for another lab on this machine"):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def base_command(accelerator, memory_mb, arguments):
    kernel = os.path.join(BUILD, "kernel")
    return ["qemu-system-x86_64", "-M", "q35", *ACCELERATORS[accelerator], "-smp", "2",
            "-m", str(memory_mb), "-nodefaults", "-no-user-config", "-nographic", "-no-reboot",
            "-kernel", os.path.join(kernel, "vmlinux"), "-initrd", os.path.join(kernel, "initrd"),
            "-append", f"{KERNEL_ARGUMENTS} {arguments}"]


def share(tag, path, writable=False):
    """Options for a directory of the host that the guest mounts over 9p."""
    readonly = "" if writable else ",readonly=on"
    return ["-fsdev", f"local,id={tag},path={path},security_model=none,multidevs=remap{readonly}",
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]


def kvm_works():
    """Whether a guest boots under KVM here; asked once for each boot of the host."""
    if os.path.exists("/sys/module/kvm_pvm") or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    boot_id = (read_text("/proc/sys/kernel/random/boot_id") or "").strip()
    verdict_path = os.path.join(BUILD, "kvm-verdict")
    verdict = (read_text(verdict_path) or "").split()
    if verdict[:1] != [boot_id]:
        with step("try KVM"):
            try:
                output = subprocess.run(
                    base_command("kvm", 512, "lab.probe=1") + ["-serial", "stdio"],
                    stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS,
                    check=False).stdout
            except subprocess.TimeoutExpired as expired:
                output = expired.stdout or b""
        verdict = [boot_id, "works" if b"LAB-PROBE-OK" in output else "fails"]
        write_text(verdict_path, " ".join(verdict) + "\n")
    return verdict[1] == "works"


class Machine:
    """A running guest. The caller holds machine_lock()."""

    def __init__(self, root, results, memory_mb, interactive):
        self.results = results
        self.console_path = os.path.join(results, ".console")
        self.accelerator = "kvm" if kvm_works() else "tcg"
        serial = "mon:stdio" if interactive else f"file:{self.console_path}"
        self.command = base_command(self.accelerator, memory_mb, "") + ["-serial", serial]
        self.command += share("root", root) + share("repo", REPO) + \
            share("results", results, writable=True)
        self.interactive = interactive
        self.process = None

    def start(self):
        """Boot; one retry when the guest does not mount its root in BOOT_SECONDS."""
        booted = os.path.join(self.results, ".booted")
        for attempt in (1, 2):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(booted)
            self.process = subprocess.Popen(
                self.command, stdin=None if self.interactive else subprocess.DEVNULL)
            deadline = time.monotonic() + BOOT_SECONDS
            while time.monotonic() < deadline and self.process.poll() is None:
                if os.path.exists(booted):
                    return
                time.sleep(0.05)
            self.stop()
            print(f"lab: boot {attempt} gave no sign of life in {BOOT_SECONDS} s", flush=True)
        raise LabError(f"the guest does not boot; its console:\n{self.console_tail()}")

    def running(self):
        return self.process.poll() is None

    def stop(self):
        if self.process and self.running():
            self.process.kill()
        if self.process:
            self.process.wait()

    def console_tail(self):
        """The last lines the guest's kernel printed."""
        text = read_text(self.console_path) or "(nothing)"
        return "\n".join(text.splitlines()[-20:])
