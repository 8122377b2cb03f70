// What Swift can't call: variadic functions and macros of libc.
#ifndef CULPRIT_SYSTEM_H
#define CULPRIT_SYSTEM_H

// No _GNU_SOURCE here: it changes types (fd_set) that Glibc's module has too.
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/types.h>

/// open(2) with a mode; -1 and errno on failure. O_CLOEXEC is always set.
int culprit_open(const char *path, int flags, mode_t mode);

/// Sets O_NONBLOCK; -1 and errno on failure.
int culprit_set_nonblocking(int descriptor);

/// Starts `arguments[0]` (looked up in PATH) in a process group of its own, with stdin from
/// /dev/null and stdout and stderr to the two descriptors, every signal at its default, and
/// PR_SET_PDEATHSIG = SIGKILL where `dies_with_parent`. Returns the pid, or -errno.
pid_t culprit_spawn(char *const arguments[], int output, int error, int dies_with_parent);

/// The descriptors of a pipe, both O_CLOEXEC; -1 and errno on failure.
int culprit_pipe(int descriptors[2]);

#endif
