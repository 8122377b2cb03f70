// What the tracing programs and the agent say to each other: tables that both have mapped.
//
// A table that grows with what is traced has two halves: the programs fill the one that
// `culprit_trace_shared.epoch` names by its lowest bit, while the agent reads and clears the other.
#ifndef CULPRIT_TRACE_H
#define CULPRIT_TRACE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/// Numbers of calls: those of the machine itself, then those of its 32-bit programs. A number beyond
/// counts as the last of its kind.
#define CULPRIT_TRACE_CALLS 1024
#define CULPRIT_TRACE_LATENCIES 32
#define CULPRIT_TRACE_PROCESSES 512
/// Places of threads; four times as many as there may be threads.
#define CULPRIT_TRACE_PLACES 65536
#define CULPRIT_TRACE_THREADS 16384
/// A power of two.
#define CULPRIT_TRACE_SHORTCUTS 16
/// Path components that are kept, the last ones.
#define CULPRIT_TRACE_DEPTH 128
/// Bytes of a name of a file, terminators and all.
#define CULPRIT_TRACE_NAME 4096

/// How large the tables are; the agent says so before it loads the programs.
struct culprit_trace_sizes {
  /// Less than CULPRIT_TRACE_THREADS: they are numbered from 1.
  __u32 threads;
  /// Of a half; powers of two.
  __u32 totals, files;
  /// Of a half; more than CULPRIT_TRACE_NAME.
  __u32 name_bytes;
};

/// What a call does, by its number.
enum {
  /// Its first argument is a descriptor.
  CULPRIT_TRACE_ON_DESCRIPTOR = 1,
  /// It returns a new descriptor.
  CULPRIT_TRACE_OPENS = 2,
  /// It may make a descriptor mean another file, or none.
  CULPRIT_TRACE_CLOSES = 4,
  /// It returns how many bytes it moved.
  CULPRIT_TRACE_MOVES_BYTES = 8,
  /// It is about an io_uring.
  CULPRIT_TRACE_RING = 16,
};

/// The key of a total: whether it is one (1 bit), thread (14), call (11), error (10), file (28).
#define CULPRIT_TRACE_KEY(thread, call, error, file) \
  (1ULL << 63 | (__u64)(thread) << 49 | (__u64)(call) << 38 | (__u64)(error) << 28 | (file))
#define CULPRIT_TRACE_NO_FILE 0
/// Files that there was no room for.
#define CULPRIT_TRACE_OTHER_FILE 0xFFFFFFF

/// Calls that are told as one: of a thread, of a number, on a file, with one result.
struct culprit_trace_total {
  /// 0 where the place is free.
  __u64 key;
  __u64 count, bytes;
  __u64 nanoseconds, slowest_nanoseconds;
  /// Of the first of these calls; -1 where it was on none.
  __s32 descriptor;
  __u32 unused[5];
  /// As TracedCall.latencies.
  __u32 latencies[CULPRIT_TRACE_LATENCIES];
};

enum {
  CULPRIT_TRACE_PATH = 0,
  CULPRIT_TRACE_SOCKET = 1,
  CULPRIT_TRACE_PIPE = 2,
  /// `anon_inode:` and its name.
  CULPRIT_TRACE_ANONYMOUS = 3,
  /// Of a file system that nobody has mounted: its name, then the file system's.
  CULPRIT_TRACE_UNMOUNTED = 4,
};

/// A file that calls were made on.
struct culprit_trace_file {
  /// 0 where the place is free.
  __u64 identity;
  __u64 inode;
  /// In the half's names: components, the last one first, each with a NUL behind it.
  __u32 name_offset, name_bytes;
  __u32 kind;
  /// `is_named` is 0 until it has its name; `is_cut`: its first components are missing.
  __u16 is_named, is_cut;
};

/// Where the total of a call on a descriptor was found last.
struct culprit_trace_shortcut {
  /// The call and the descriptor.
  __u64 key;
  /// The epoch, and how often descriptors were closed before.
  __u64 version;
  __u64 identity;
  __u32 total, unused;
};

enum {
  /// It was born a moment ago: what it returns from first is its parent's call.
  CULPRIT_TRACE_IS_BORN = 1,
  /// It has made a call, or returned from one.
  CULPRIT_TRACE_IS_SEEN = 2,
  /// It is one of a 32-bit program.
  CULPRIT_TRACE_IS_32_BIT = 4,
};

/// A thread that is traced. Only its own calls write to it.
struct culprit_trace_thread {
  /// Where the kernel saves its registers; 0 once it has ended.
  __u64 registers;
  /// Of the call it is in, CLOCK_MONOTONIC; 0 in none.
  __u64 began_nanoseconds;
  __u64 version;
  /// What it is on; 0: no file.
  __u64 identity;
  __u32 total;
  __u32 call;
  __s32 descriptor;
  __u32 traits;
  __u32 flags;
  /// Which count of closed descriptors is its own.
  __u32 closes_place;
  /// When it was found or born.
  __u64 since_nanoseconds;
  __s32 tgid, tid;
  __u32 process;
  __u32 next_free;
  // Whole cache lines: neighbours are written to by other CPUs.
  __u64 unused[6];
  struct culprit_trace_shortcut shortcuts[CULPRIT_TRACE_SHORTCUTS];
};

/// A process that was asked for, with those it begets.
struct culprit_trace_process {
  /// Threads that have ended, whose room its next one takes: how often that was changed, and the
  /// number of the last one, counted from 1.
  __u64 free_threads;
  /// Calls that there was no room for.
  __u64 lost_calls;
  /// Of its first thread, since boot; 0 where the process wasn't found.
  __u64 start_nanoseconds;
  /// When its last thread ended, CLOCK_MONOTONIC; 0 while it lives.
  __u64 end_nanoseconds;
  /// Threads that were found or born, and of these processes those that were born and those that
  /// live.
  __u32 threads, children, alive;
  __u32 uses_ring;
  /// Threads that there was no room for.
  __u32 lost_threads, unused;
};

/// Where a thread is found by its registers.
struct culprit_trace_place {
  __u64 registers;
  /// Counted from 1; of one that there was no room for, its process and the bit above.
  __u32 thread, unused;
};
#define CULPRIT_TRACE_HAS_NO_ROOM 0x80000000

/// Counts of closed descriptors; tables of descriptors share them by a hash.
#define CULPRIT_TRACE_CLOSES_PLACES 4096

/// What has one place only.
struct culprit_trace_shared {
  /// From 2.
  __u32 epoch;
  /// Whether a thread ever stood at another place than its first.
  __u32 is_displaced;
  __u32 threads;
  /// Of each half.
  __u32 totals[2], files[2], name_bytes[2];
  /// Threads that not even their calls could be counted of.
  __u32 unseen_threads;
  __u32 unused[5];
  __u8 traits[2 * CULPRIT_TRACE_CALLS];
  struct culprit_trace_process processes[CULPRIT_TRACE_PROCESSES];
  __u32 closes[CULPRIT_TRACE_CLOSES_PLACES];
  struct culprit_trace_place places[CULPRIT_TRACE_PLACES];
};

#endif
