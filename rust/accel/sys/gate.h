/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_GATE_H
#define _ACCEL_GATE_H

#include <linux/srcu.h>

struct device;

int accel_gate_init(struct srcu_struct *accel_gate);
struct srcu_ctr __percpu *accel_gate_enter(struct srcu_struct *gate);
void accel_gate_leave(struct srcu_struct *gate, struct srcu_ctr __percpu *section);
void accel_gate_drain(struct srcu_struct *gate, struct device *dev);
void accel_gate_assert_none_held(void);
void accel_gate_might_drain(struct srcu_struct *gate);
void accel_gate_fault_might_drain(struct srcu_struct *gate);

#endif /* _ACCEL_GATE_H */
