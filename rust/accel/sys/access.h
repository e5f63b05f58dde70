/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_ACCESS_H
#define _ACCEL_ACCESS_H

struct vm_area_struct;

int accel_vma_access(struct vm_area_struct *vma, unsigned long address, void *buf, int len,
		     int write);

#endif /* _ACCEL_ACCESS_H */
