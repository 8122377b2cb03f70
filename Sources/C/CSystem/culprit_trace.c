#define _GNU_SOURCE
#include "culprit_system.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// What runs between fork and exec, or instead of an exec, may only make async-signal-safe calls.

// Closes all descriptors from `first` on. close_range(2) is there since Linux 5.9.
static void close_from(unsigned first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
  struct rlimit limit;
  unsigned end = 65536;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end) end = (unsigned)limit.rlim_cur;
  for (unsigned number = first; number < end; number++) close((int)number);
}

static void set_all_signals(void (*disposition)(int)) {
  struct sigaction action = {.sa_handler = disposition};
  // SIGKILL and SIGSTOP can't be changed, and those that threads use aren't offered.
  for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// Waits for a byte on `order`: then all is well. Where its other end closes without one, who started
// us is dead, and the group is ended with us.
static _Noreturn void guard_group(int order, int patience_milliseconds) {
  setpgid(0, 0);
  prctl(PR_SET_NAME, "culprit-reaper");
  // Nobody but its own word ends it: the group gets SIGTERM, and it is in the group.
  set_all_signals(SIG_IGN);
  if (order != 0) dup2(order, 0);
  close_from(1);
  char byte;
  ssize_t count;
  while ((count = read(0, &byte, 1)) < 0 && errno == EINTR) {
  }
  if (count == 1) _exit(0);
  kill(0, SIGTERM);
  struct timespec rest = {.tv_sec = patience_milliseconds / 1000,
                          .tv_nsec = patience_milliseconds % 1000 * 1000000L};
  nanosleep(&rest, NULL);
  kill(0, SIGKILL);
  _exit(0);
}

pid_t culprit_start_reaper(int patience_milliseconds, int *order) {
  int ends[2];
  if (culprit_pipe(ends) < 0) return -errno;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    guard_group(ends[0], patience_milliseconds);
  }
  int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(ends[0]);
  if (child < 0) {
    close(ends[1]);
    return -reason;
  }
  // Both do it, so that the group is there whoever comes first.
  setpgid(child, child);
  *order = ends[1];
  return child;
}

// The child of culprit_spawn_in_group, which has its parent's memory until it execs: it changes
// nothing there but `*reason`.
static _Noreturn void join_and_become(const char *path, char *const arguments[],
                                      char *const environment[], int output, int error,
                                      pid_t group, pid_t parent, volatile int *reason) {
  if (setpgid(0, group) < 0) goto failed;
  // It goes by the thread that forked, so it is set before that one is looked for: if it has ended
  // meanwhile, so do we.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
  if (getppid() != parent) _exit(127);
  set_all_signals(SIG_DFL);
  // The descriptors may be any, those that are to be replaced too.
  int input = open("/dev/null", O_RDONLY);
  if (input >= 0) input = fcntl(input, F_DUPFD, 3);
  output = fcntl(output, F_DUPFD, 3);
  error = fcntl(error, F_DUPFD, 3);
  if (input < 0 || output < 0 || error < 0) goto failed;
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) goto failed;
  close_from(3);
  execve(path, arguments, environment);
failed:
  *reason = errno;
  _exit(127);
}

pid_t culprit_spawn_in_group(const char *path, char *const arguments[], char *const environment[],
                             int output, int error, pid_t group) {
  // A handler of ours must not run in the child, on memory that is ours.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  volatile int reason = 0;
  pid_t parent = getpid();
  pid_t child = vfork();
  if (child == 0) {
    join_and_become(path, arguments, environment, output, error, group, parent, &reason);
  }
  if (child < 0) reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (reason == 0) return child;
  // It never became the program: there is only its end to be taken.
  if (child > 0) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
  }
  return -reason;
}

int culprit_widen_pipe(int descriptor, int bytes) {
  int size = fcntl(descriptor, F_SETPIPE_SZ, bytes);
  return size < 0 ? -errno : size;
}
