// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints of accelerators. Their callers are in trace.rs.
 */
#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "tracepoints.h"
