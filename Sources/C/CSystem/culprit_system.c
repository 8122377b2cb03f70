#define _GNU_SOURCE
#include "culprit_system.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

int culprit_open(const char *path, int flags, mode_t mode) {
  return open(path, flags | O_CLOEXEC, mode);
}

int culprit_set_nonblocking(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

int culprit_watch_process(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int culprit_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int culprit_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }

int culprit_open_at(int directory, const char *path, int flags) {
  int descriptor = openat(directory, path, flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  return descriptor < 0 ? -errno : descriptor;
}

int culprit_open_quietly_at(int directory, const char *path, int flags) {
  return culprit_open_at(directory, path, flags | O_NOATIME);
}

int culprit_create_at(int directory, const char *path, mode_t mode) {
  int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int descriptor = openat(directory, path, flags, mode);
  return descriptor < 0 ? -errno : descriptor;
}

int culprit_exchange_at(int directory, const char *one, const char *other) {
  long result = syscall(SYS_renameat2, directory, one, directory, other, RENAME_EXCHANGE);
  return result < 0 ? -errno : 0;
}

int culprit_sync_file_system(int descriptor) { return syncfs(descriptor) < 0 ? -errno : 0; }

long culprit_read_entries(int directory, void *buffer, unsigned long size) {
  long count = syscall(SYS_getdents64, directory, buffer, size);
  return count < 0 ? -errno : count;
}

int culprit_is_procfs(int directory) {
  struct statfs status;
  return fstatfs(directory, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

pid_t culprit_thread_id(void) { return (pid_t)syscall(SYS_gettid); }

// Runs between fork and exec, so only async-signal-safe calls.
static void become(char *const arguments[], int input, int output, int error,
                   int dies_with_parent, int report) {
  // A session of its own: a group that kill can name, and no terminal to ask for a passphrase on.
  setsid();
  if (dies_with_parent) prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  if (input < 0) input = open("/dev/null", O_RDONLY);
  if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) goto failed;
  execvp(arguments[0], arguments);
failed:;
  int reason = errno;
  ssize_t written = write(report, &reason, sizeof reason);
  (void)written;
  _exit(127);
}

pid_t culprit_spawn(char *const arguments[], int input, int output, int error,
                    int dies_with_parent) {
  int report[2];
  if (culprit_pipe(report) < 0) return -errno;
  pid_t child = fork();
  if (child == 0) become(arguments, input, output, error, dies_with_parent, report[1]);
  int reason = child < 0 ? errno : 0;
  close(report[1]);
  if (child > 0 && read(report[0], &reason, sizeof reason) != sizeof reason) reason = 0;
  close(report[0]);
  // One that couldn't be started is nobody's to wait for.
  if (child > 0 && reason != 0)
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  return reason == 0 ? child : -reason;
}
