#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/// What O_DIRECT wants of addresses, offsets and lengths, on any device of today.
static const int64_t direct_alignment = 4096;

/// The part of the file that one thread moves.
struct part {
  const struct options *options;
  bool writes;
  int64_t start, length;
  pid_t tid;
  pthread_t thread;
  pthread_barrier_t *done, *end;
};

int open_for(const struct options *options, int flags, int64_t *block) {
  if (options->file == NULL) {
    errno = EINVAL;
    fail("--file", "is missing");
  }
  *block = options->block;
  if (options->mode == TRANSFER_DIRECT) {
    flags |= O_DIRECT;
    *block = (*block + direct_alignment - 1) / direct_alignment * direct_alignment;
  }
  int descriptor = open(options->file, flags | O_CLOEXEC, 0644);
  if (descriptor < 0) fail("open", options->file);
  return descriptor;
}

static char *make_buffer(int64_t block) {
  char *buffer = NULL;
  if (posix_memalign((void **)&buffer, (size_t)direct_alignment, (size_t)block) != 0) {
    fail("memory", NULL);
  }
  memset(buffer, 'c', (size_t)block);
  return buffer;
}

static void move_range(int descriptor, bool writes, int64_t start, int64_t length, int64_t block) {
  char *buffer = make_buffer(block);
  for (int64_t done = 0; done < length;) {
    size_t size = (size_t)(length - done < block ? length - done : block);
    ssize_t moved = writes ? pwrite(descriptor, buffer, size, start + done)
                           : pread(descriptor, buffer, size, start + done);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) fail(writes ? "write" : "read (the file is too short?)", NULL);
    done += moved;
  }
  free(buffer);
}

void write_range(int descriptor, int64_t start, int64_t length, int64_t block) {
  move_range(descriptor, true, start, length, block);
}

/// Writes the file out and takes it from the page cache: reads come from the disk again.
static void drop_cache(const struct options *options) {
  int descriptor = open(options->file, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("open", options->file);
  if (fsync(descriptor) < 0) fail("fsync", options->file);
  errno = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  if (errno != 0) fail("posix_fadvise", options->file);
  close(descriptor);
}

static void *move_part(void *argument) {
  struct part *part = argument;
  const struct options *options = part->options;
  int64_t block;
  part->tid = gettid();
  int descriptor = open_for(options, part->writes ? O_WRONLY : O_RDONLY, &block);
  for (int64_t round = 0; options->rounds == 0 || round < options->rounds; round++) {
    if (round > 0 && options->mode == TRANSFER_DROP_CACHE) drop_cache(options);
    move_range(descriptor, part->writes, part->start, part->length, block);
    if (part->writes && options->mode == TRANSFER_FSYNC && fsync(descriptor) < 0) {
      fail("fsync", options->file);
    }
  }
  close(descriptor);
  if (part->done != NULL) pthread_barrier_wait(part->done);
  if (part->end != NULL) pthread_barrier_wait(part->end);
  return NULL;
}

/// A file must be there and long enough before readers start.
static void check_length(const struct options *options) {
  struct stat status;
  errno = EINVAL;
  if (options->file == NULL || stat(options->file, &status) < 0) fail("stat", options->file);
  if (status.st_size < options->bytes) fail("too short:", options->file);
}

static void split(const struct options *options, struct part *parts) {
  int64_t unit = direct_alignment;
  int64_t units = options->bytes / unit;
  int64_t start = 0;
  for (int index = 0; index < options->threads; index++) {
    int64_t share = units / options->threads + (index < units % options->threads ? 1 : 0);
    bool is_last = index + 1 == options->threads;
    parts[index].start = start;
    parts[index].length = is_last ? options->bytes - start : share * unit;
    start += parts[index].length;
  }
}

static void start_threads(
    struct part *parts, int count, pthread_barrier_t *done, pthread_barrier_t *end, bool keep) {
  pthread_barrier_init(done, NULL, (unsigned)count + 1);
  pthread_barrier_init(end, NULL, (unsigned)count + 1);
  for (int index = 0; index < count; index++) {
    parts[index].done = done;
    parts[index].end = keep ? end : NULL;
    if (pthread_create(&parts[index].thread, NULL, move_part, &parts[index]) != 0) {
      fail("pthread_create", NULL);
    }
  }
  pthread_barrier_wait(done);
}

static void transfer(const struct options *options, const char *verb, bool writes, bool threaded) {
  int count = options->threads;
  struct part *parts = calloc((size_t)count, sizeof *parts);
  pid_t *tids = calloc((size_t)count, sizeof *tids);
  if (parts == NULL || tids == NULL) fail("memory", NULL);
  split(options, parts);
  for (int index = 0; index < count; index++) {
    parts[index].options = options;
    parts[index].writes = writes;
  }
  if (writes) {
    int64_t block;
    close(open_for(options, O_WRONLY | O_CREAT, &block));
  } else {
    check_length(options);
    if (options->mode == TRANSFER_DROP_CACHE) drop_cache(options);
  }
  await_go(options);
  pthread_barrier_t done, end;
  double start = now_seconds();
  if (threaded) start_threads(parts, count, &done, &end, options->keep_threads);
  else move_part(&parts[0]);
  double seconds = now_seconds() - start;
  if (threaded && !options->keep_threads) {
    for (int index = 0; index < count; index++) pthread_join(parts[index].thread, NULL);
  }
  for (int index = 0; index < count; index++) tids[index] = parts[index].tid;
  struct report report;
  report_begin(&report, verb);
  report_number(&report, writes ? "written" : "read", options->bytes * options->rounds);
  report_number(&report, "threads", count);
  report_pids(&report, "tids", tids, count);
  report_seconds(&report, "seconds", seconds);
  report_end(&report);
  await_end(options);
  if (threaded && options->keep_threads) pthread_barrier_wait(&end);
  free(parts);
  free(tids);
}

void run_write(const struct options *options) {
  transfer(options, "write", true, options->threads > 1 || options->not_leader);
}

void run_read(const struct options *options) {
  transfer(options, "read", false, options->threads > 1 || options->not_leader);
}

void run_reader_thread(const struct options *options) {
  struct options one = *options;
  one.threads = 1;
  transfer(&one, "reader-thread", false, true);
}

void run_delete_dirty(const struct options *options) {
  int64_t block;
  int descriptor = open_for(options, O_WRONLY | O_CREAT | O_TRUNC, &block);
  pid_t deleter = getpid();
  int go[2];
  if (pipe2(go, O_CLOEXEC) < 0) fail("pipe", NULL);
  // The child is there before the bytes, so that a tick in between sees both.
  if (options->by_child) {
    deleter = fork_bound();
    if (deleter == 0) {
      char byte;
      close(go[1]);
      close(descriptor);
      if (read(go[0], &byte, 1) == 1 && unlink(options->file) < 0) fail("unlink", options->file);
      close(1);
      await_end(options);
      _exit(0);
    }
  }
  close(go[0]);
  await_go(options);
  double start = now_seconds();
  write_range(descriptor, 0, options->bytes, block);
  // The last reference goes with the name: whoever drops it is charged.
  close(descriptor);
  if (!options->by_child && unlink(options->file) < 0) fail("unlink", options->file);
  if (options->by_child && write(go[1], "", 1) != 1) fail("write", NULL);
  while (access(options->file, F_OK) == 0) sleep_until(now_seconds() + 0.001);
  struct report report;
  report_begin(&report, "delete-dirty");
  report_number(&report, "written", options->bytes);
  report_number(&report, "deleter", deleter);
  report_seconds(&report, "seconds", now_seconds() - start);
  report_end(&report);
  await_end(options);
  if (options->by_child) {
    int status;
    waitpid(deleter, &status, 0);
  }
}
