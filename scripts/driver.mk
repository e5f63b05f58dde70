# SPDX-License-Identifier: GPL-2.0
#
# For the Kbuild file of a driver that is built outside of the tree of the
# framework, against what modules_install has put beside this file:
#
#	include $(ACCEL)/driver.mk
#	obj-m := my_npu.o
#	RUSTFLAGS_my_npu.o := $(accel-rustflags)

accel-devel := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

# The crate `accel`.
accel-rustflags := -L $(accel-devel) --extern accel

# What accel.ko exports.
KBUILD_EXTRA_SYMBOLS += $(accel-devel)/Module.symvers
