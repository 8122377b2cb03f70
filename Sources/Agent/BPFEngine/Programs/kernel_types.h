// The few kernel types that our programs look at, with the few fields. CO-RE relocates every
// access to where the running kernel has the field (preserve_access_index), so order and size
// here mean nothing. Names and types are those of include/linux/sched.h and its neighbours.
#ifndef CULPRIT_KERNEL_TYPES_H
#define CULPRIT_KERNEL_TYPES_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_io_accounting {
  __u64 rchar, wchar, syscr, syscw;
  __u64 read_bytes, write_bytes, cancelled_write_bytes;
};

struct task_delay_info {
  __u64 blkio_delay, swapin_delay;
};

struct sched_entity {
  __u64 exec_start, sum_exec_runtime, prev_sum_exec_runtime;
};

struct culprit_atomic {
  int counter;
};

// With CONFIG_SCHED_INFO: of every distribution.
struct sched_info {
  __u64 last_arrival;
};

struct signal_struct {
  struct culprit_atomic live;
  int nr_threads;
};

struct thread_info {
  __u32 cpu;
};

struct task_struct {
  struct thread_info thread_info;
  unsigned int __state;  // since 5.14; `state` before
  int exit_state;
  unsigned int flags;
  int pid, tgid;
  __u64 start_boottime;
  struct task_struct *real_parent, *group_leader;
  struct signal_struct *signal;
  struct task_io_accounting ioac;
  struct task_delay_info *delays;
  struct sched_entity se;
  struct sched_info sched_info;
  char comm[16];
  struct files_struct *files;
  struct io_uring_task *io_uring;
};

struct task_struct___before_5_14 {
  volatile long state;
};

// arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h
struct pt_regs___x86 {
  unsigned long orig_ax, di, bx;
  __u16 cs;
};
struct pt_regs___arm64 {
  __s32 syscallno;
  __u64 orig_x0, pstate;
};

struct seq_file {};

struct bpf_iter_meta {
  struct seq_file *seq;
  __u64 session_id, seq_num;
};

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};

#pragma clang attribute pop

// kernel/bpf/task_iter.c: a loop over all tasks inside a program, since Linux 6.7.
struct bpf_iter_task {
  __u64 __opaque[3];
} __attribute__((aligned(8)));
enum { BPF_TASK_ITER_ALL_THREADS = 1 };

// include/uapi/linux/bpf.h
enum bpf_map_type {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_RINGBUF = 27,
  BPF_MAP_TYPE_TASK_STORAGE = 29,
};
// Asked for by name, as the kernel's BTF has it: a helper of 5.15.
enum bpf_func_id { BPF_FUNC_task_pt_regs = 175 };
enum {
  BPF_RB_NO_WAKEUP = 1, BPF_F_NO_PREALLOC = 1, BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
  BPF_F_MMAPABLE = 1 << 10,
};

#endif
