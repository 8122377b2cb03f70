#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/// A descriptor that nobody has.
static const int no_descriptor = 999999;

struct caller {
  const struct options *options;
  int number;
  pthread_t thread;
};

static void must(int64_t result, const char *what) {
  if (result < 0) fail(what, NULL);
}

/// One round on one file: open, write, pwrite, pread, fsync where it is wanted, close; and two calls
/// that fail.
static void call_once(const struct options *options, const char *path, char *buffer) {
  size_t block = (size_t)options->block;
  int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) fail("open", path);
  must(write(descriptor, buffer, block), "write");
  must(pwrite(descriptor, buffer, block, 0), "pwrite");
  must(pread(descriptor, buffer, block, 0), "pread");
  if (options->mode == TRANSFER_FSYNC) must(fsync(descriptor), "fsync");
  if (options->unlink) must(unlink(path), "unlink");
  must(close(descriptor), "close");
  if (read(no_descriptor, buffer, 1) >= 0 || errno != EBADF) fail("read of no file", NULL);
  if (open("/no/such/file", O_RDONLY) >= 0 || errno != ENOENT) fail("open of no file", NULL);
}

static void *call(void *argument) {
  struct caller *caller = argument;
  const struct options *options = caller->options;
  char *buffer = calloc(1, (size_t)options->block);
  char path[4096];
  if (buffer == NULL) fail("memory", NULL);
  for (int64_t round = 0; round < options->rounds; round++) {
    snprintf(path, sizeof path, "%s.%d.%d", options->file, caller->number,
             (int)(round % options->children));
    call_once(options, path, buffer);
  }
  free(buffer);
  return NULL;
}

void run_calls(const struct options *options) {
  if (options->file == NULL) {
    errno = EINVAL;
    fail("--file", "is missing");
  }
  await_go(options);
  struct caller *callers = calloc((size_t)options->threads, sizeof *callers);
  if (callers == NULL) fail("memory", NULL);
  for (int number = 0; number < options->threads; number++) {
    callers[number] = (struct caller){.options = options, .number = number};
    if (pthread_create(&callers[number].thread, NULL, call, &callers[number]) != 0) {
      fail("pthread_create", NULL);
    }
  }
  for (int number = 0; number < options->threads; number++) {
    pthread_join(callers[number].thread, NULL);
  }
  free(callers);
  int64_t bytes = options->threads * options->rounds * options->block;
  struct report report;
  report_begin(&report, "calls");
  report_number(&report, "written", 2 * bytes);
  report_number(&report, "read", bytes);
  report_number(&report, "threads", options->threads);
  report_end(&report);
  await_end(options);
}

void run_ring(const struct options *options) {
  await_go(options);
  // struct io_uring_params, all of it zero.
  char parameters[120] = {0};
  int ring = (int)syscall(SYS_io_uring_setup, 1, parameters);
  if (ring < 0) fail("io_uring_setup", NULL);
  struct report report;
  report_begin(&report, "ring");
  report_end(&report);
  await_end(options);
}

void run_bpf_program(const struct options *options) {
  if (options->word_count != 1) {
    errno = EINVAL;
    fail("a program's id", "is missing");
  }
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_id = (__u32)strtoul(options->words[0], NULL, 10);
  int program = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attributes, sizeof attributes);
  if (program < 0 && errno != ENOENT) fail("bpf", options->words[0]);
  puts(program < 0 ? "gone" : "loaded");
}
