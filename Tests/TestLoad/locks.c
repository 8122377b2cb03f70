#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static int open_lock_file(const struct options *options) {
  if (options->word_count != 1) {
    errno = EINVAL;
    fail("a lock wants", "one FILE");
  }
  int descriptor = open(options->words[0], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) fail("open", options->words[0]);
  return descriptor;
}

static void take_posix_lock(const struct options *options, int command) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int descriptor = open_lock_file(options);
  while (fcntl(descriptor, command, &lock) < 0) {
    if (errno != EINTR) fail("fcntl", options->words[0]);
  }
}

static void take_flock(const struct options *options, int operation) {
  int descriptor = open_lock_file(options);
  while (flock(descriptor, operation) < 0) {
    if (errno != EINTR) fail("flock", options->words[0]);
  }
}

/// Says that it has the lock, and since how long it wanted it.
static void report_lock(const struct options *options, const char *verb, double start) {
  struct report report;
  report_begin(&report, verb);
  report_text(&report, "file", options->words[0]);
  report_seconds(&report, "seconds", now_seconds() - start);
  report_end(&report);
}

void run_hold_posix_lock(const struct options *options) {
  double start = now_seconds();
  take_posix_lock(options, F_SETLK);
  report_lock(options, "hold-posix-lock", start);
  await_stdin_closed();
}

void run_wait_posix_lock(const struct options *options) {
  double start = now_seconds();
  take_posix_lock(options, F_SETLKW);
  report_lock(options, "wait-posix-lock", start);
  await_end(options);
}

void run_hold_flock(const struct options *options) {
  double start = now_seconds();
  take_flock(options, LOCK_EX | LOCK_NB);
  report_lock(options, "hold-flock", start);
  await_stdin_closed();
}

void run_wait_flock(const struct options *options) {
  double start = now_seconds();
  take_flock(options, LOCK_EX);
  report_lock(options, "wait-flock", start);
  await_end(options);
}
