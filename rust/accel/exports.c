// SPDX-License-Identifier: GPL-2.0
/*
 * Exports the symbols of the Rust crate `accel` to the modules of its drivers.
 *
 * The list is generated from the crate's object file. The types of the symbols
 * are Rust's; for the export only their addresses matter.
 */
#include <linux/export.h>

#define EXPORT_SYMBOL_RUST_GPL(sym) extern int sym; EXPORT_SYMBOL_GPL(sym)

#include "exports_accel_generated.h"
