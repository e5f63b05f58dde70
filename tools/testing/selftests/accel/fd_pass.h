/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Passing file descriptors from process to process.
 */
#ifndef _ACCEL_SELFTEST_FD_PASS_H
#define _ACCEL_SELFTEST_FD_PASS_H

/* Over a socket of the domain AF_UNIX. */
int fd_send(int socket, int fd);
/* Returns the file descriptor, or an error. */
int fd_receive(int socket);

#endif /* _ACCEL_SELFTEST_FD_PASS_H */
