#define _GNU_SOURCE
#include "culprit_system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

static void rest(int milliseconds) {
  struct timespec time = {.tv_sec = milliseconds / 1000,
                          .tv_nsec = milliseconds % 1000 * 1000000L};
  nanosleep(&time, NULL);
}

// Hears bytes on `order` as long as who started us is alive and well: a last one, 0, says that it is
// over. Where they stay out for too long, or the other end closes without that one, the group is
// ended, with us in it.
static _Noreturn void guard_group(int order, int silence_milliseconds, int patience_milliseconds) {
  setpgid(0, 0);
  prctl(PR_SET_NAME, "culprit-reaper");
  // Nobody but its own word ends it: the group gets SIGTERM, and it is in the group.
  set_all_signals(SIG_IGN);
  if (order != 0) dup2(order, 0);
  close_from(1);
  // The disk that our program is on may hang just then: what is needed is touched, and kept.
  kill(0, 0);
  rest(0);
  mlockall(MCL_CURRENT | MCL_ONFAULT);
  struct pollfd watched = {.fd = 0, .events = POLLIN};
  char bytes[64];
  for (;;) {
    if (poll(&watched, 1, silence_milliseconds) <= 0) break;
    ssize_t count = read(0, bytes, sizeof bytes);
    if (count <= 0) break;
    if (memchr(bytes, 0, (size_t)count) != NULL) _exit(0);
  }
  kill(0, SIGTERM);
  rest(patience_milliseconds);
  kill(0, SIGKILL);
  _exit(1);
}

pid_t culprit_start_reaper(int silence_milliseconds, int patience_milliseconds, int *order) {
  int ends[2];
  if (culprit_pipe(ends) < 0) return -errno;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    guard_group(ends[0], silence_milliseconds, patience_milliseconds);
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

// Says what failed, as `exec: errno 2`, to whoever reads its complaints.
static void complain(int output, int reason) {
  char text[] = "exec: errno 0000\n";
  for (int place = 15; place > 11; place--, reason /= 10) text[place] = (char)('0' + reason % 10);
  ssize_t written = write(output, text, sizeof text - 1);
  (void)written;
}

static _Noreturn void join_and_become(const char *path, char *const arguments[],
                                      char *const environment[], int output, int error,
                                      pid_t group, pid_t parent) {
  // The descriptors may be any, those that are to be replaced too.
  int input = open("/dev/null", O_RDONLY);
  if (input >= 0) input = fcntl(input, F_DUPFD, 3);
  output = fcntl(output, F_DUPFD, 3);
  error = fcntl(error, F_DUPFD, 3);
  // It goes by the thread that forked, so it is set before that one is looked for: if it has ended
  // meanwhile, so do we.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
  if (getppid() != parent) _exit(127);
  if (setpgid(0, group) < 0) goto failed;
  set_all_signals(SIG_DFL);
  if (input < 0 || output < 0 || error < 0) goto failed;
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) goto failed;
  error = 2;
  close_from(3);
  execve(path, arguments, environment);
failed:
  complain(error, errno);
  _exit(127);
}

// Not vfork(2), nor anything else that waits until the program runs: the disk that it is on may
// hang, and those that were started before would be left to themselves.
pid_t culprit_spawn_in_group(const char *path, char *const arguments[], char *const environment[],
                             int output, int error, pid_t group) {
  // A handler of ours is not for the child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) join_and_become(path, arguments, environment, output, error, group, parent);
  int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return child < 0 ? -reason : child;
}

int culprit_widen_pipe(int descriptor, int bytes) {
  int size = fcntl(descriptor, F_SETPIPE_SZ, bytes);
  return size < 0 ? -errno : size;
}
