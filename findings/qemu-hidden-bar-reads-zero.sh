#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# QEMU 11.1.3 (Debian's qemu-system-x86 1:11.1.3+ds-1~bpo13+1), machines pc and q35, the device
# "edu", driven by qtest, without a kernel. For who tests in QEMU what a driver does when its PCI
# device is gone, or is behind a bus that is being reset:
#
# - with its memory decoding off, a register of the device reads as 0, where a PC's chipset answers
#   with all ones; and so it does when a bridge above, or a root port, does not forward memory;
# - the configuration space of a device that is not there does read as all ones.
#
# So a driver that takes all ones for "gone", as PCI_POSSIBLE_ERROR() does, takes a device that is
# out of reach for an idle one whose status bits are all clear: a copy "ends" at once, and has moved
# nothing. Only the configuration space, as pci_device_is_present() reads it, tells, or a register
# that is never 0.
#
# Needs apt, root for chroot, and a Debian mirror in apt's configuration.
set -euo pipefail
version=1:11.1.3+ds-1~bpo13+1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
	sed -nE 's@^(deb( \[.*\])?|URIs:) +(https?:[^ ]*/debian)/?( .*)?$@\3@p' | head -n 1)
[ -n "$mirror" ] || { echo "apt's configuration names no Debian mirror" >&2; exit 1; }
key=/usr/share/keyrings/debian-archive-keyring.gpg
for suite in trixie trixie-backports; do
	echo "deb [signed-by=$key] $mirror $suite main"
done >sources.list

# A system of its own, in which nothing is installed, so all that QEMU needs is brought.
mkdir -p root none state/lists/partial cache/archives/partial
touch state/status
options=(-qq -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=-
	-o "Dir::Etc::Preferences=$folder/none" -o "Dir::Etc::PreferencesParts=$folder/none"
	-o "Dir::State=$folder/state" -o "Dir::State::status=$folder/state/status"
	-o "Dir::Cache=$folder/cache" -o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User=root
	-o APT::Install-Recommends=false)
apt-get "${options[@]}" update
apt-get "${options[@]}" --target-release trixie-backports --download-only --yes install \
	"qemu-system-x86=$version" python3-minimal >/dev/null
# The links of a merged /usr, which a package cannot bring to a system that is not there yet.
mkdir -p root/usr/{bin,sbin,lib,lib64} root/tmp
for name in bin sbin lib lib64; do
	ln -s "usr/$name" "root/$name"
done
for package in cache/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C root
done

cat >root/tmp/ask.py <<'END'
import subprocess


class Machine:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-display", "none", "-nodefaults", "-qtest", "stdio",
             "-qtest-log", "none", "-accel", "qtest", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("OK"):
                return int((line.split() + ["0"])[1], 16)
            if line.startswith(("FAIL", "ERR")):
                raise SystemExit(line)
        raise SystemExit("QEMU has ended")

    def select(self, bus, slot, register):
        self.ask(f"outl 0xcf8 {0x80000000 | bus << 16 | slot << 11 | register:#x}")

    def config(self, bus, slot, register):
        self.select(bus, slot, register)
        return self.ask("inl 0xcfc")

    def set_config(self, bus, slot, register, value):
        self.select(bus, slot, register)
        self.ask(f"outl 0xcfc {value:#x}")

    def set_command(self, bus, slot, value):
        self.select(bus, slot, 4)
        self.ask(f"outw 0xcfc {value:#x}")


BAR = 0xFE000000
ON, OFF = 6, 0


def show(name, bridge, *arguments):
    machine = Machine(*arguments)
    bus, slot = (1, 0) if bridge else (0, 4)
    if bridge:
        machine.set_config(0, 4, 0x18, 0x00010100)
        machine.set_config(0, 4, 0x20, 0xFE00FE00)
        machine.set_command(0, 4, ON)
    machine.set_config(bus, slot, 0x10, BAR)
    machine.set_command(bus, slot, ON)
    seen = [machine.ask(f"readl {BAR:#x}")]
    machine.set_command(bus, slot, OFF)
    seen.append(machine.ask(f"readl {BAR:#x}"))
    if bridge:
        machine.set_command(bus, slot, ON)
        machine.set_command(0, 4, OFF)
        seen.append(machine.ask(f"readl {BAR:#x}"))
    seen.append(machine.config(0, 9, 0))
    print(name, *(f"{value:#x}" for value in seen))
    machine.process.kill()


show("pc", False, "-M", "pc", "-device", "edu,addr=4")
show("q35", False, "-M", "q35", "-device", "edu,addr=4")
show("bridge", True, "-M", "pc", "-device", "pci-bridge,id=up,addr=4,chassis_nr=1",
     "-device", "edu,bus=up,addr=0")
show("root-port", True, "-M", "q35", "-device", "pcie-root-port,id=up,addr=4,chassis=1",
     "-device", "edu,bus=up")
END
python=$(cd root/usr/bin && echo python3.*)
seen=$(chroot root "/usr/bin/$python" /tmp/ask.py)
echo "$seen"
# The register itself; hidden; behind a bridge that forwards nothing; an absent device's ids.
[ "$seen" = "pc 0x10000ed 0x0 0xffffffff
q35 0x10000ed 0x0 0xffffffff
bridge 0x10000ed 0x0 0x0 0xffffffff
root-port 0x10000ed 0x0 0x0 0xffffffff" ] || { echo "this has changed" >&2; exit 1; }
