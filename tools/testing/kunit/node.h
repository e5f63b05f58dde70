/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_KUNIT_NODE_H
#define _ACCEL_KUNIT_NODE_H

struct file;

struct file *accel_test_open(const char *path, int flags);
void accel_test_close(struct file *file);
int accel_test_ioctl(struct file *file, unsigned int cmd, void __user *arg);
int accel_test_poll(struct file *file);
void accel_test_shut_down(struct file *file);
void __user *accel_test_user_page(void);

#endif /* _ACCEL_KUNIT_NODE_H */
