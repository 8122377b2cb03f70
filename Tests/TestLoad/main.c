#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

char **own_arguments;

static const struct {
  const char *name;
  void (*run)(const struct options *options);
  const char *usage;
} verbs[] = {
    {"write", run_write,
     "--file F --bytes N [--block N] [--direct|--fsync|--buffered] [--threads T] [--rounds N]"},
    {"read", run_read, "--file F --bytes N [--block N] [--direct|--drop-cache] [--threads T]"},
    {"reader-thread", run_reader_thread, "as read, by one thread that isn't the leader"},
    {"delete-dirty", run_delete_dirty, "--file F --bytes N [--by-child]"},
    {"calls", run_calls,
     "--file F --block N [--rounds N] [--threads T] [--children FILES] [--fsync] [--unlink]"},
    {"refused", run_refused, "--rounds N: calls of getpriority(2) that a seccomp filter refuses"},
    {"passes", run_passes,
     "--rounds N [--file F [--block N]]: for each byte on stdin; reads and writes of one byte that go "
     "nowhere, or writes to F with an fsync after each"},
    {"ring", run_ring, "an io_uring that nobody uses"},
    {"bpf-program", run_bpf_program, "ID: says whether it is loaded or gone"},
    {"fork", run_fork,
     "--children N --bytes B --file F [--parallel P] [--gap-ms M] "
     "[--waited|--ignored|--orphaned]"},
    {"sleepers", run_sleepers, "--children N"},
    {"active", run_active, "--children N --hz H [--bytes B] [--file F] [--seconds S]"},
    {"workers", run_workers, "--children N --hammers M --file F [--hz H] [--block N]"},
    {"worker", run_worker, "--number N --file F [--fsync] [--hz H] [--block N]"},
    {"hold-posix-lock", run_hold_posix_lock, "FILE"},
    {"wait-posix-lock", run_wait_posix_lock, "FILE"},
    {"hold-flock", run_hold_flock, "FILE"},
    {"wait-flock", run_wait_flock, "FILE"},
    {"rename-comm", run_rename_comm, "NAME (\\n, \\e and \\xHH stand for bytes)"},
    {"exec", run_exec, "[--not-leader] PROGRAM [WORD ...]"},
    {"vfork", run_vfork, ""},
    {"fuse-server", run_fuse_server, "[--seconds S] MOUNTPOINT"},
    {"fuse-mapper", run_fuse_mapper, "--go FILE"},
    {"guard-mount", run_guard_mount, "[--freeze] MOUNTPOINT [CGROUP]"},
};

void fail(const char *what, const char *about) {
  fprintf(stderr, "culprit-test-load: %s%s%s: %s\n", what, about ? " " : "", about ? about : "",
          strerror(errno));
  _exit(1);
}

void await_go(const struct options *options) {
  char byte;
  if (!options->go) return;
  while (read(0, &byte, 1) < 0 && errno == EINTR) {
  }
}

void await_stdin_closed(void) {
  char bytes[64];
  for (;;) {
    ssize_t count = read(0, bytes, sizeof bytes);
    if (count == 0 || (count < 0 && errno != EINTR)) return;
  }
}

void await_end(const struct options *options) {
  if (options->hold) await_stdin_closed();
}

double now_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void sleep_until(double instant) {
  struct timespec time = {.tv_sec = (time_t)instant};
  time.tv_nsec = (long)((instant - (double)time.tv_sec) * 1e9);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {
  }
}

pid_t fork_bound(void) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) fail("fork", NULL);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before this took effect.
    if (getppid() != parent) _exit(1);
  }
  return child;
}

int main(int count, char **words) {
  own_arguments = words;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct options options;
  for (size_t index = 0; count > 1 && index < sizeof verbs / sizeof verbs[0]; index++) {
    if (strcmp(verbs[index].name, words[1]) != 0) continue;
    parse_options(count - 2, words + 2, &options);
    verbs[index].run(&options);
    return 0;
  }
  fprintf(stderr, "usage: culprit-test-load VERB [--go] [--hold] ...\n");
  for (size_t index = 0; index < sizeof verbs / sizeof verbs[0]; index++) {
    fprintf(stderr, "  %s %s\n", verbs[index].name, verbs[index].usage);
  }
  return 2;
}
