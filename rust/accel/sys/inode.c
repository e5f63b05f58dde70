// SPDX-License-Identifier: GPL-2.0
/*
 * Inodes that belong to a device rather than to a file: the address space of
 * such an inode holds what the files of that device have mapped.
 *
 * The file system that they are on is mounted as long as there is one of them,
 * and nobody can open anything on it.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "inode.h"

/* "acce" */
#define ACCEL_MAGIC 0x61636365

static struct vfsmount *accel_mount;
static int accel_inodes;

static int accel_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, ACCEL_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type accel_fs_type = {
	.name		 = "accelerator",
	.owner		 = THIS_MODULE,
	.init_fs_context = accel_init_fs_context,
	.kill_sb	 = kill_anon_super,
};

/* Returns an inode, to be given to accel_inode_free(), or an error pointer. */
struct inode *accel_inode_new(void)
{
	struct inode *inode;
	int ret;

	ret = simple_pin_fs(&accel_fs_type, &accel_mount, &accel_inodes);
	if (ret)
		return ERR_PTR(ret);
	inode = alloc_anon_inode(accel_mount->mnt_sb);
	if (IS_ERR(inode))
		simple_release_fs(&accel_mount, &accel_inodes);
	return inode;
}

void accel_inode_free(struct inode *inode)
{
	iput(inode);
	simple_release_fs(&accel_mount, &accel_inodes);
}
