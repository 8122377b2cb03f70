// What the BPF programs and the agent say to each other.
#ifndef CULPRIT_RECORDS_H
#define CULPRIT_RECORDS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define CULPRIT_IO_COUNTERS 7
#define CULPRIT_STACK_DEPTH 64
#define CULPRIT_ADDRESSES 128
/// CPUs beyond these cost more.
#define CULPRIT_CPUS 1024
#define CULPRIT_END_BUFFER_BYTES (256 * 1024)
#define CULPRIT_RECORD_BUFFER_BYTES (256 * 1024)

#define CULPRIT_IS_KERNEL_THREAD 1
#define CULPRIT_HAS_DELAYS 2
/// It was the last thread of its process.
#define CULPRIT_HAS_ENDED 4

/// A task; counters are what they grew by since it was last spoken of.
struct culprit_task_record {
  __u32 stack_bytes;
  __s32 tgid, tid, parent;
  __u32 threads;
  __u32 flags;
  __u8 state, leader_state;
  __u8 unused[6];
  /// Of the process's first thread, since boot.
  __u64 start_nanoseconds;
  __u64 cpu_nanoseconds;
  /// rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes.
  __u64 io[CULPRIT_IO_COUNTERS];
  __u64 block_delay, swap_delay;
  /// Since it last ran; of tasks in D.
  __u64 wait_nanoseconds;
  /// -1 where it is in none.
  __s64 system_call;
  char name[16], leader_name[16];
  /// The innermost first; `stack_bytes` of it are there.
  __u64 stack[CULPRIT_STACK_DEPTH];
};

#define CULPRIT_RECORD_HEAD __builtin_offsetof(struct culprit_task_record, stack)

/// What the agent asks of a walk of ours, and what it is told.
struct culprit_walk {
  /// Its number, from 1. A walk that found too little room is continued under the same.
  __u64 walk;
  /// Whoever began before this moment since boot did things that nobody looked at: of a task that
  /// isn't remembered, counters are only remembered.
  __u64 baseline_nanoseconds;
  /// Whether only tasks in D are wanted, and nothing is to be remembered.
  __u32 only_waiting;
  /// Of these, so many have been written already.
  __u32 skip;
  /// Processes that it came by.
  __u32 process_count;
  /// Tasks for which there was no room.
  __u32 left_out;
};

/// What the agent tells the programs, and they it.
struct culprit_control {
  /// As in the walk; the largest number before the first one has ended.
  __u64 baseline_nanoseconds;
  /// When the last walk began, nanoseconds since boot.
  __u64 walk_nanoseconds;
  __u64 lost_ends;
  __u32 address_count;
  /// Processes that the last walk came by.
  __u32 process_count;
  __u64 addresses[CULPRIT_ADDRESSES];
};

#endif
