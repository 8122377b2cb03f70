// The tables of a trace, and how what is looked for in them is found or made. Places are claimed by
// compare-and-swap; afterwards each is written to by one thread's calls alone, so nothing is locked.
#ifndef CULPRIT_TRACE_TABLES_H
#define CULPRIT_TRACE_TABLES_H

#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include "culprit_trace.h"

const volatile struct culprit_trace_sizes sizes SEC(".rodata.sizes") = {
    .threads = 1, .totals = 1, .files = 1, .name_bytes = 2 * CULPRIT_TRACE_NAME};

struct culprit_trace_shared shared;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct culprit_trace_thread);
} threads SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct culprit_trace_total);
} totals SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct culprit_trace_file);
} files SEC(".maps");

/// Both halves are one value.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, 4 * CULPRIT_TRACE_NAME);
} names SEC(".maps");

/// Of which of the processes that were asked for a process is part: itself, or one that it comes from.
struct membership {
  __u32 process;
  /// Whether it was begotten by it.
  __u32 is_child;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, CULPRIT_TRACE_THREADS);
  __type(key, __u32);
  __type(value, struct membership);
} members SEC(".maps");

/// Places that are looked at before a table counts as full.
enum { probes = 16, place_probes = 4 };

static __always_inline __u64 mix(__u64 value) { return value * 0x9E3779B97F4A7C15ULL; }

static __always_inline struct culprit_trace_place *place_of(__u64 registers, __u32 probe) {
  // The lower half is enough: and of a pointer it is all that the verifier lets us calculate with.
  __u32 first = (__u32)registers * 0x9E3779B1u >> 16;
  return &shared.places[(first + probe) & (CULPRIT_TRACE_PLACES - 1)];
}

/// The total with this key, as its place in the table; -1 where the table is full.
__noinline int find_total(__u64 key) {
  __u32 half = shared.epoch & 1;
  __u32 first = (__u32)(mix(key) >> 32);
  for (__u32 probe = 0; probe < probes; probe++) {
    __u32 place = half * sizes.totals + ((first + probe) & (sizes.totals - 1));
    struct culprit_trace_total *total = bpf_map_lookup_elem(&totals, &place);
    if (!total) return -1;
    __u64 found = total->key;
    if (!found) {
      found = __sync_val_compare_and_swap(&total->key, 0, key);
      if (!found) {
        __sync_fetch_and_add(&shared.totals[half], 1);
        total->descriptor = -1;
        return (int)place;
      }
    }
    if (found == key) return (int)place;
  }
  return -1;
}

/// The file with this identity, as its place in the table; -1 where the table is full.
__noinline int find_file(__u64 identity) {
  __u32 half = shared.epoch & 1;
  __u32 first = (__u32)(mix(identity) >> 32);
  for (__u32 probe = 0; probe < probes; probe++) {
    __u32 place = half * sizes.files + ((first + probe) & (sizes.files - 1));
    struct culprit_trace_file *file = bpf_map_lookup_elem(&files, &place);
    if (!file) return -1;
    __u64 found = file->identity;
    if (!found) {
      found = __sync_val_compare_and_swap(&file->identity, 0, identity);
      if (!found) __sync_fetch_and_add(&shared.files[half], 1);
    }
    if (!found || found == identity) return (int)place;
  }
  return -1;
}

static __always_inline struct culprit_trace_thread *thread_numbered(__u32 number) {
  __u32 index = number - 1;
  return bpf_map_lookup_elem(&threads, &index);
}

/// Room for a thread of a process: that of one that has ended, or new. 0 where there is none.
static __always_inline __u32 take_room(struct culprit_trace_process *process) {
  for (int attempt = 0; attempt < 4; attempt++) {
    __u64 head = process->free_threads;
    struct culprit_trace_thread *last = thread_numbered((__u32)head);
    if (!last) break;
    // The count in the upper half tells a list that was changed from one that looks the same.
    __u64 next = ((head >> 32) + 1) << 32 | last->next_free;
    if (__sync_val_compare_and_swap(&process->free_threads, head, next) == head)
      return (__u32)head;
  }
  if (shared.threads >= sizes.threads) return 0;
  __u32 number = __sync_fetch_and_add(&shared.threads, 1) + 1;
  return number <= sizes.threads ? number : 0;
}

static __always_inline void give_room(struct culprit_trace_process *process, __u32 number,
                                      struct culprit_trace_thread *thread) {
  for (int attempt = 0; attempt < 4; attempt++) {
    __u64 head = process->free_threads;
    thread->next_free = (__u32)head;
    __u64 next = ((head >> 32) + 1) << 32 | number;
    if (__sync_val_compare_and_swap(&process->free_threads, head, next) == head) return;
  }
}

/// Makes a thread one that is traced. It may be found twice at once, when it begins and by the walk.
__noinline int add_thread(__u64 registers, __u64 ids, __u32 member, __u32 flags, __u64 descriptors) {
  struct culprit_trace_place *place = 0;
  for (__u32 probe = 0; probe < place_probes; probe++)
    if (place_of(registers, probe)->registers == registers) return 0;
  for (__u32 probe = 0; probe < place_probes; probe++) {
    place = place_of(registers, probe);
    if (probe) shared.is_displaced = 1;
    __u64 found = __sync_val_compare_and_swap(&place->registers, 0, registers);
    if (found == registers) return 0;
    if (!found) break;
    place = 0;
  }
  struct culprit_trace_process *process =
      &shared.processes[member & (CULPRIT_TRACE_PROCESSES - 1)];
  if (!place) {
    __sync_fetch_and_add(&shared.unseen_threads, 1);
    return 0;
  }
  __u32 number = take_room(process);
  struct culprit_trace_thread *thread = thread_numbered(number);
  if (!thread) {
    __sync_fetch_and_add(&process->lost_threads, 1);
    place->thread = CULPRIT_TRACE_HAS_NO_ROOM | member;
    return 0;
  }
  thread->registers = registers;
  thread->began_nanoseconds = 0;
  thread->flags = flags;
  thread->closes_place = mix(descriptors) >> 52;
  thread->since_nanoseconds = bpf_ktime_get_ns();
  thread->tgid = (__s32)(ids >> 32);
  thread->tid = (__s32)ids;
  thread->process = member;
  for (int index = 0; index < CULPRIT_TRACE_SHORTCUTS; index++) thread->shortcuts[index].version = 0;
  __sync_fetch_and_add(&process->threads, 1);
  place->thread = number;
  return 0;
}

/// Returns the thread's number, or 0.
__noinline int remove_place(__u64 registers) {
  for (__u32 probe = 0; probe < place_probes; probe++) {
    struct culprit_trace_place *place = place_of(registers, probe);
    if (place->registers != registers) continue;
    __u32 number = place->thread;
    place->thread = 0;
    // The last word: from now on the place is somebody else's.
    __sync_val_compare_and_swap(&place->registers, registers, 0);
    return number & CULPRIT_TRACE_HAS_NO_ROOM ? 0 : (int)number;
  }
  return 0;
}

#endif
