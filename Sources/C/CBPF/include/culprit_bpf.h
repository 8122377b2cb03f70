// libbpf, as far as Swift needs it: loading our programs in a child, reading their maps.
#ifndef CULPRIT_BPF_H
#define CULPRIT_BPF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "culprit_records.h"

/// What a load leaves behind: descriptors, all O_CLOEXEC. As long as they are open the programs
/// stay loaded; nothing is pinned.
struct culprit_bpf_handles {
  /// Links of the iterators, for culprit_bpf_walk.
  int read_tasks, look_at_waiting, name_addresses;
  /// Maps.
  int control, ends, records;
  /// The walk of ours, for culprit_bpf_run; -1 before Linux 6.7.
  int walk_tasks;
  /// -1 where the kernel doesn't let us see tasks end.
  int end_of_task;
};

/// Loads the programs of a compiled object in a child, which hands the descriptors over
/// (SCM_RIGHTS): reading the kernel's BTF takes 13 MB, which our caller never sees. Returns 0,
/// or errno with a sentence in `error`.
int culprit_bpf_load(const void *object, size_t length, struct culprit_bpf_handles *handles,
                     char *error, size_t error_length);

/// A new walk of an iterator: a descriptor to read(2) records from; -1 and errno on failure.
int culprit_bpf_walk(int link);

/// Runs the walk of ours; its records stand in their buffer then. Returns 0, or -1 and errno.
int culprit_bpf_run(int program, struct culprit_walk *walk);

/// Reads or writes the only element of the control map; -1 and errno on failure.
int culprit_bpf_get(int control, struct culprit_control *value);
int culprit_bpf_set(int control, const struct culprit_control *value);

/// A buffer that programs write records into.
struct culprit_bpf_ring;
typedef void (*culprit_bpf_record)(void *context, const struct culprit_task_record *record,
                                   size_t length);
/// NULL and errno on failure.
struct culprit_bpf_ring *culprit_bpf_open_ring(int map, culprit_bpf_record record, void *context);
/// Gives all there are to `record`, without waiting. Returns their number, or -errno.
int culprit_bpf_take(struct culprit_bpf_ring *ring);
void culprit_bpf_close_ring(struct culprit_bpf_ring *ring);

#endif
