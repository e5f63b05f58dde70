# SPDX-License-Identifier: GPL-2.0
#
# The commands of this project; Kbuild, beside this file, says how the modules
# are built.

KDIR ?= /lib/modules/$(shell uname -r)/build

kernel-release = $(file < $(KDIR)/include/config/kernel.release)

# As the kernel's own build does it, from the folder that has the sources.
kbuild = $(MAKE) -C $(KDIR) M=$(CURDIR)

.DEFAULT_GOAL := modules

help:
	@echo 'On Debian 12 or 13, from a bare machine (all goes into a cache, ~/.cache/accel):'
	@echo '  demo             - the modules at work in the stock kernel, with two devices'
	@echo '  check            - all tests'
	@echo '  kunit            - the KUnit tests, in User Mode Linux'
	@echo '  shell            - an interactive shell in the guest of the demo, with your modules;'
	@echo "                     ARGS='--device pci-testdev' adds a device, as for qemu -device"
	@echo '  bench            - what calls, devices and their removal cost, beside others'
	@echo '  lint             - the linters of check'
	@echo '  doc              - the documentation, pages and crates; says where it is'
	@echo '  rustdoc          - that of the crates only'
	@echo '  fmt              - formats all Rust sources'
	@echo ''
	@echo 'With a built kernel tree of your own (Linux 7.3 with CONFIG_RUST=y):'
	@echo '  modules          - builds the modules (default target)'
	@echo '  modules_install  - builds and installs them, and what drivers outside of this'
	@echo '                     tree are built against'
	@echo '  clean            - removes what the two above made'
	@echo '  rust-analyzer    - makes rust-project.json, for editors'
	@echo ''
	@echo '  KDIR=DIR         - the kernel tree (/lib/modules/.../build)'
	@echo '  LLVM=1           - when that kernel was built with LLVM'
	@echo '  SAMPLES=1        - builds the samples, too'
	@echo '  TESTS=1          - builds the drivers for tests, too'
	@echo ''
	@echo 'Set-up:'
	@echo '  ACCEL_CACHE=DIR  - the cache'
	@echo '  ACCEL_MIRROR=URL - the Debian mirror (that of apt)'
	@echo '  KERNEL_VERSION=V - the stock kernel, as in 7.3.4+deb13-amd64 (the newest)'

demo:
	@scripts/demo.sh

check:
	@scripts/check.sh

kunit:
	@scripts/kunit.sh

shell:
	@scripts/shell.sh $(ARGS)

bench:
	@scripts/bench.sh

lint:
	@scripts/check.sh lint

doc: rustdoc
	@scripts/pages.sh

rustdoc:
	@scripts/setup.sh stock
	@scripts/rustdoc.sh

fmt:
	@scripts/fmt.sh

modules: check-kdir
	$(kbuild) modules

# What was built for somebody who asked for samples and tests is not installed
# for somebody who does not.
modules_install: modules
	$(kbuild) modules_install
	@scripts/install-devel.sh "$(or $(MO),$(CURDIR))" \
		"$(INSTALL_MOD_PATH)/lib/modules/$(or $(KERNELRELEASE),$(kernel-release))"

clean:
	$(kbuild) clean

rust-analyzer: check-kdir
	$(kbuild) rust-analyzer
	@scripts/rust_analyzer.py rust-project.json

check-kdir:
	@scripts/check-kdir.sh "$(KDIR)"

.PHONY: help demo check kunit shell bench lint doc rustdoc fmt modules modules_install \
	clean rust-analyzer check-kdir
