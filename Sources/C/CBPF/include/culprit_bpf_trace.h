// libbpf, as far as traces of system calls need it.
#ifndef CULPRIT_BPF_TRACE_H
#define CULPRIT_BPF_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "culprit_trace.h"

/// What a load leaves behind: descriptors, all O_CLOEXEC. Nothing is pinned.
struct culprit_trace_handles {
  /// Programs.
  int enter_call, leave_call, begin_thread, end_thread, find_threads;
  /// Maps.
  int shared, threads, totals, files, names, members;
};

/// The tables, as they are mapped: the programs write to them at the same time.
struct culprit_trace_tables {
  struct culprit_trace_shared *shared;
  struct culprit_trace_thread *threads;
  /// Both halves, one behind the other.
  struct culprit_trace_total *totals;
  struct culprit_trace_file *files;
  char *names;
};

/// Loads the programs in a child, as culprit_bpf_load does; none of them runs yet. Returns 0, or
/// errno with a sentence in `error`.
int culprit_trace_load(const void *object, size_t length, const struct culprit_trace_sizes *sizes,
                       struct culprit_trace_handles *handles, char *error, size_t error_length);

/// Returns 0, or -1 and errno.
int culprit_trace_map(const struct culprit_trace_handles *handles,
                      const struct culprit_trace_sizes *sizes,
                      struct culprit_trace_tables *tables);
void culprit_trace_unmap(const struct culprit_trace_sizes *sizes,
                         struct culprit_trace_tables *tables);

/// Lets a program run at its tracepoint for as long as the descriptor that is returned is open; -1
/// and errno on failure.
int culprit_trace_attach(int program);

/// Makes a process, and what it begets, count as number `process`. Returns 0, or -1 and errno.
int culprit_trace_add(int members, pid_t pid, uint32_t process);

/// Finds the threads of the processes that were added. Returns 0, or -1 and errno.
int culprit_trace_find(int find_threads);

/// Sets the epoch and returns when no program goes by the one before any more: about 20 ms.
void culprit_trace_turn(struct culprit_trace_tables *tables, uint32_t epoch);

/// How often a program wasn't run though it should have been, since it was loaded.
uint64_t culprit_trace_missed(int program);

#endif
