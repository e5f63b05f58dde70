/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_INODE_H
#define _ACCEL_INODE_H

struct inode;

struct inode *accel_inode_new(void);
void accel_inode_free(struct inode *inode);

#endif /* _ACCEL_INODE_H */
