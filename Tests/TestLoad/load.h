// culprit-test-load: loads and stalls of which the truth is known, for the tests. Each verb does one
// thing and prints one line of JSON that says exactly what it did.
#ifndef CULPRIT_TEST_LOAD_H
#define CULPRIT_TEST_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/// How the bytes of a transfer go to the file.
enum transfer_mode {
  TRANSFER_BUFFERED,
  /// Buffered, then one fsync(2) per thread (or child).
  TRANSFER_FSYNC,
  /// O_DIRECT.
  TRANSFER_DIRECT,
  /// Buffered reads, after the file was written out and dropped from the page cache.
  TRANSFER_DROP_CACHE,
};

/// How the children of `fork` end: what becomes of their counters differs.
enum children_end {
  /// The parent waits for each, which adds the child's counters to its own.
  CHILDREN_WAITED,
  /// The parent ignores SIGCHLD: nobody gets their counters.
  CHILDREN_IGNORED,
  /// Their parent ends first: init or the subreaper waits for them.
  CHILDREN_ORPHANED,
};

/// The words after the verb.
struct options {
  const char *file;
  /// Bytes in all; for `fork` and `active` bytes per child or wake-up.
  int64_t bytes;
  int64_t block;
  int threads;
  int children;
  /// Children of `fork` that live at once.
  int parallel;
  int gap_milliseconds;
  double hertz;
  /// 0: until stdin closes.
  double seconds;
  enum transfer_mode mode;
  enum children_end children_end;
  /// The threads stay until the end of the hold, so that their counters are those of live tasks.
  bool keep_threads;
  /// All the work is done by threads, even where there is only one.
  bool not_leader;
  /// `delete-dirty`: a child deletes the file.
  bool by_child;
  /// `guard-mount`: nothing may be written until stdin closes.
  bool freeze;
  /// `calls`: each file is deleted before it is closed.
  bool unlink;
  /// Reads a byte from stdin before it starts.
  bool go;
  /// Stays until stdin closes, after the report.
  bool hold;
  /// Rounds of `write` or `read`; 0: until killed.
  int64_t rounds;
  /// Which of the workers it is, from 0 on.
  int number;
  /// How many of the workers write and sync without pause.
  int hammers;
  /// What stands after the options.
  char **words;
  int word_count;
};

// main.c
/// Says what failed, with errno, and ends the process with code 1.
_Noreturn void fail(const char *what, const char *about);
/// Blocks until stdin has a byte (where `--go` was given).
void await_go(const struct options *options);
/// Blocks until stdin closes (where `--hold` was given).
void await_end(const struct options *options);
/// Blocks until stdin closes.
void await_stdin_closed(void);
/// CLOCK_MONOTONIC.
double now_seconds(void);
/// Sleeps to an instant of CLOCK_MONOTONIC.
void sleep_until(double instant);
/// fork(2) whose child ends with its parent.
pid_t fork_bound(void);
/// The arguments of the program itself, for those that start it again.
extern char **own_arguments;

// options.c
void parse_options(int count, char **words, struct options *options);

// report.c
/// Collects a line of JSON and writes it with one write(2).
struct report {
  char *text;
  size_t length;
  FILE *stream;
};
void report_begin(struct report *report, const char *verb);
void report_number(struct report *report, const char *name, int64_t value);
void report_seconds(struct report *report, const char *name, double value);
void report_text(struct report *report, const char *name, const char *value);
void report_pids(struct report *report, const char *name, const pid_t *pids, int count);
void report_end(struct report *report);

// transfer.c
int open_for(const struct options *options, int flags, int64_t *block);
void write_range(int descriptor, int64_t start, int64_t length, int64_t block);
void run_write(const struct options *options);
void run_read(const struct options *options);
void run_reader_thread(const struct options *options);
void run_delete_dirty(const struct options *options);

// herd.c
void run_fork(const struct options *options);
void run_sleepers(const struct options *options);
void run_active(const struct options *options);
/// Ends children by the pids that they were started with.
void end_herd(const pid_t *pids, int count);

// workers.c
void run_worker(const struct options *options);
void run_workers(const struct options *options);

// locks.c
void run_hold_posix_lock(const struct options *options);
void run_wait_posix_lock(const struct options *options);
void run_hold_flock(const struct options *options);
void run_wait_flock(const struct options *options);

// calls.c
void run_calls(const struct options *options);
void run_refused(const struct options *options);
void run_ring(const struct options *options);
void run_passes(const struct options *options);
void run_bpf_program(const struct options *options);

// names.c
void run_rename_comm(const struct options *options);
void run_exec(const struct options *options);
void run_vfork(const struct options *options);

// guard.c
void run_guard_mount(const struct options *options);

// fuse.c
void run_fuse_server(const struct options *options);
void run_fuse_mapper(const struct options *options);

#endif
