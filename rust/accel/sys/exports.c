// SPDX-License-Identifier: GPL-2.0
/*
 * Exports the symbols of the Rust crate `accel` to the modules of its drivers.
 *
 * The list is generated from the crate's object file. The types of the symbols
 * are Rust's; for the export only their addresses matter, so they are declared
 * as int.
 */
#include <linux/export.h>

#include "exports_accel_generated.h"
