#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/// What each worker has done so far, one number for each, in a file beside the one that they work on:
/// whoever wants to know whether they go on reads it there.
static volatile int64_t *open_counts(const struct options *options, int flags, int count) {
  char *path;
  if (options->file == NULL) {
    errno = EINVAL;
    fail("--file", "is missing");
  }
  if (asprintf(&path, "%s.counts", options->file) < 0) fail("memory", NULL);
  int descriptor = open(path, O_RDWR | O_CLOEXEC | flags, 0644);
  if (descriptor < 0) fail("open", path);
  size_t size = (size_t)count * sizeof(int64_t);
  if (flags != 0 && ftruncate(descriptor, (off_t)size) < 0) fail("ftruncate", path);
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) fail("mmap", path);
  close(descriptor);
  free(path);
  return memory;
}

/// A worker writes a block of all sorts of bytes, over and over, in a place of its own: with
/// `--fsync` as fast as the disk takes it, else a few times a second and into a file of its own.
void run_worker(const struct options *options) {
  bool hammers = options->mode == TRANSFER_FSYNC;
  volatile int64_t *counts = open_counts(options, 0, options->number + 1);
  char *path = NULL;
  if (!hammers && asprintf(&path, "%s.calm", options->file) < 0) fail("memory", NULL);
  const char *file = hammers ? options->file : path;
  int descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) fail("open", file);
  size_t size = (size_t)(hammers ? options->block : 64);
  unsigned char *buffer = malloc(size);
  if (buffer == NULL) fail("memory", NULL);
  for (size_t index = 0; index < size; index++) buffer[index] = (unsigned char)(index * 31);
  for (;;) {
    off_t place = (off_t)options->number * (off_t)size;
    if (pwrite(descriptor, buffer, size, place) < 0) fail("write", file);
    if (hammers && fsync(descriptor) < 0) fail("fsync", file);
    counts[options->number]++;
    if (!hammers) sleep_until(now_seconds() + 1 / options->hertz);
  }
}

/// Starts the workers as programs of their own, so that each has a command line that says what it is.
void run_workers(const struct options *options) {
  int count = options->children;
  pid_t *pids = calloc((size_t)count, sizeof *pids);
  if (pids == NULL) fail("memory", NULL);
  open_counts(options, O_CREAT | O_TRUNC, count);
  for (int index = 0; index < count; index++) {
    pids[index] = fork_bound();
    if (pids[index] > 0) continue;
    char number[16], hertz[32], block[32];
    snprintf(number, sizeof number, "%d", index);
    snprintf(hertz, sizeof hertz, "%g", options->hertz);
    snprintf(block, sizeof block, "%lld", (long long)options->block);
    close(0);
    close(1);
    const char *mode = index < options->hammers ? "--fsync" : "--buffered";
    execl(own_arguments[0], own_arguments[0], "worker", mode, "--number", number, "--hz", hertz,
          "--block", block, "--file", options->file, (char *)NULL);
    fail("exec", own_arguments[0]);
  }
  struct report report;
  report_begin(&report, "workers");
  report_number(&report, "children", count);
  report_pids(&report, "pids", pids, count);
  report_end(&report);
  await_stdin_closed();
  end_herd(pids, count);
}
