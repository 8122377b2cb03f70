#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/// Memory that the children share.
static void *make_shared(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap", NULL);
  return memory;
}

/// A short life: its share of the file, and the end.
static _Noreturn void live_shortly(const struct options *options, int number) {
  int64_t block;
  int descriptor = open_for(options, O_WRONLY, &block);
  write_range(descriptor, (int64_t)number * options->bytes, options->bytes, block);
  if (options->mode == TRANSFER_FSYNC && fsync(descriptor) < 0) fail("fsync", options->file);
  _exit(0);
}

/// Starts child `number`; its pid comes through shared memory where a parent in between forks it.
static void start_child(const struct options *options, int number, volatile pid_t *pids) {
  if (options->children_end != CHILDREN_ORPHANED) {
    pid_t child = fork_bound();
    if (child == 0) live_shortly(options, number);
    pids[number] = child;
    return;
  }
  pid_t middle = fork_bound();
  if (middle == 0) {
    pid_t child = fork();
    if (child == 0) live_shortly(options, number);
    pids[number] = child;
    _exit(child < 0 ? 1 : 0);
  }
  int status;
  if (waitpid(middle, &status, 0) < 0 || status != 0) fail("fork", NULL);
}

/// Waits until fewer than `limit` children live; the code of each must be 0.
static void await_children(int *living, int limit) {
  while (*living >= limit && *living > 0) {
    int status;
    pid_t child = waitpid(-1, &status, 0);
    if (child < 0 && errno == EINTR) continue;
    // Children whose end is ignored are waited for all together, and then there are none.
    if (child < 0 && errno == ECHILD) *living = 0;
    else if (child < 0 || status != 0) fail("a child", "failed");
    else *living -= 1;
  }
}

void run_fork(const struct options *options) {
  volatile pid_t *pids = make_shared((size_t)options->children * sizeof(pid_t));
  int64_t block;
  close(open_for(options, O_WRONLY | O_CREAT, &block));
  // Each child has the end of a pipe until it is gone: not all of them are ours to wait for.
  int living_end[2];
  if (pipe2(living_end, O_CLOEXEC) < 0) fail("pipe", NULL);
  if (options->children_end == CHILDREN_IGNORED) signal(SIGCHLD, SIG_IGN);
  await_go(options);
  double start = now_seconds();
  int living = 0;
  for (int number = 0; number < options->children; number++) {
    await_children(&living, options->parallel);
    start_child(options, number, pids);
    if (options->children_end != CHILDREN_ORPHANED) living += 1;
    if (options->gap_milliseconds > 0) sleep_until(now_seconds() + options->gap_milliseconds / 1e3);
  }
  await_children(&living, 1);
  char byte;
  close(living_end[1]);
  while (read(living_end[0], &byte, 1) < 0 && errno == EINTR) {
  }
  struct report report;
  report_begin(&report, "fork");
  report_number(&report, "written", options->bytes * options->children);
  report_number(&report, "children", options->children);
  report_pids(&report, "pids", (const pid_t *)pids, options->children);
  report_seconds(&report, "seconds", now_seconds() - start);
  report_end(&report);
  await_end(options);
}

void end_herd(const pid_t *pids, int count) {
  for (int index = 0; index < count; index++) kill(pids[index], SIGKILL);
  for (int index = 0; index < count; index++) {
    int status;
    while (waitpid(pids[index], &status, 0) < 0 && errno == EINTR) {
    }
  }
}

void run_sleepers(const struct options *options) {
  pid_t *pids = calloc((size_t)options->children, sizeof *pids);
  if (pids == NULL) fail("memory", NULL);
  double start = now_seconds();
  for (int index = 0; index < options->children; index++) {
    pids[index] = fork_bound();
    if (pids[index] > 0) continue;
    // Only their parent holds stdin and stdout: who waits for their end shall see it.
    close(0);
    close(1);
    for (;;) pause();
  }
  struct report report;
  report_begin(&report, "sleepers");
  report_number(&report, "children", options->children);
  report_pids(&report, "pids", pids, options->children);
  report_seconds(&report, "seconds", now_seconds() - start);
  report_end(&report);
  await_stdin_closed();
  end_herd(pids, options->children);
  free(pids);
}

/// What one of the active did, in shared memory.
struct activity {
  volatile int64_t wakes, written;
};

static _Noreturn void wake_regularly(
    const struct options *options, int number, double start, struct activity *activity,
    volatile int *is_over) {
  close(0);
  close(1);
  int64_t size = options->bytes > 0 ? options->bytes : 64;
  char *buffer = malloc((size_t)size);
  int descriptor = open(options->file ? options->file : "/dev/null", O_WRONLY | O_CLOEXEC);
  if (buffer == NULL || descriptor < 0) fail("open", options->file);
  memset(buffer, 'a', (size_t)size);
  // They wake spread over the period, as strangers would; none at its very end, where rounding would
  // tell whether it still belongs to it.
  double period = 1 / options->hertz;
  double next = start + period * (number + 0.5) / options->children;
  while (!*is_over && (options->seconds == 0 || next < start + options->seconds)) {
    sleep_until(next);
    ssize_t count = pwrite(descriptor, buffer, (size_t)size, (off_t)(number * size));
    if (count > 0) activity->written += count;
    activity->wakes += 1;
    next += period;
  }
  // Its last counters stay readable until the parent has reported and ends it.
  for (;;) pause();
}

void run_active(const struct options *options) {
  int count = options->children;
  pid_t *pids = calloc((size_t)count, sizeof *pids);
  struct activity *activities = make_shared((size_t)count * sizeof *activities);
  volatile int *is_over = make_shared(sizeof *is_over);
  if (pids == NULL) fail("memory", NULL);
  if (options->file != NULL) {
    int64_t block;
    close(open_for(options, O_WRONLY | O_CREAT, &block));
  }
  double start = now_seconds();
  for (int index = 0; index < count; index++) {
    pids[index] = fork_bound();
    if (pids[index] == 0) wake_regularly(options, index, start, &activities[index], is_over);
  }
  struct report begun;
  report_begin(&begun, "active");
  report_pids(&begun, "pids", pids, count);
  report_end(&begun);
  if (options->seconds > 0) sleep_until(start + options->seconds + 2 / options->hertz);
  else await_stdin_closed();
  *is_over = 1;
  // One more period, so that none is in the middle of a write.
  sleep_until(now_seconds() + 1.5 / options->hertz);
  int64_t wakes = 0, written = 0;
  for (int index = 0; index < count; index++) {
    wakes += activities[index].wakes;
    written += activities[index].written;
  }
  struct report report;
  report_begin(&report, "active");
  report_number(&report, "children", count);
  report_number(&report, "wakes", wakes);
  report_number(&report, "written", written);
  report_seconds(&report, "seconds", now_seconds() - start);
  report_end(&report);
  if (options->seconds > 0) await_end(options);
  end_herd(pids, count);
  free(pids);
}
