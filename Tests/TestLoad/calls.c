#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
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

static double cpu_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/// A pass of calls that do as little as calls can: what watching them costs shows nowhere more.
static void pass_idly(int64_t rounds, int source, int sink) {
  char byte;
  for (int64_t round = 0; round < rounds; round++) {
    if (read(source, &byte, 1) != 1 || write(sink, &byte, 1) != 1) fail("one byte", NULL);
  }
}

static void pass_syncing(const struct options *options, int file, const char *buffer) {
  for (int64_t round = 0; round < options->rounds; round++) {
    must(pwrite(file, buffer, (size_t)options->block, 0), "pwrite");
    must(fsync(file), "fsync");
  }
}

void run_passes(const struct options *options) {
  int source = open("/dev/zero", O_RDONLY | O_CLOEXEC), sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
  int64_t block = 0;
  int file = options->file ? open_for(options, O_WRONLY | O_CREAT, &block) : -1;
  char *buffer = calloc(1, (size_t)options->block), go;
  if (source < 0 || sink < 0 || buffer == NULL) fail("files", NULL);
  while (read(0, &go, 1) == 1) {
    double began = now_seconds(), cpu = cpu_seconds();
    if (file < 0) pass_idly(options->rounds, source, sink);
    else pass_syncing(options, file, buffer);
    struct report report;
    report_begin(&report, "passes");
    report_seconds(&report, "seconds", now_seconds() - began);
    report_seconds(&report, "cpu", cpu_seconds() - cpu);
    report_end(&report);
  }
}

void run_refused(const struct options *options) {
  await_go(options);
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
  for (int64_t round = 0; round < options->rounds; round++) {
    if (syscall(SYS_getpriority, 0, 0) >= 0 || errno != EPERM) fail("a filter", NULL);
  }
  struct report report;
  report_begin(&report, "refused");
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
