// Counts the system calls of chosen processes: which, on what file, how long, with what result.
//
// Every call of every process on the host comes by here while a trace runs. A thread is told by where
// its registers are saved, which the tracepoints hand over: no question to the kernel is needed to
// see that it is none of ours. For those that are traced the usual call costs two looks at the clock
// and no other question: which file a descriptor means is remembered, until something was closed.

#include "trace_files.h"

char LICENSE[] SEC("license") = "GPL";

enum { PF_EXITING = 4, no_total = -1, user32_segment = 0x23, compat_state = 0x10 };
enum { x32_bit = 0x40000000 };

/// Whether the code that made a call is a 32-bit program's. (A 64-bit program that uses the old
/// `int 0x80` isn't told from others.)
static __always_inline int is_32_bit(void *registers) {
  if (bpf_core_field_exists(((struct pt_regs___x86 *)0)->orig_ax))
    return ((struct pt_regs___x86 *)registers)->cs == user32_segment;
  if (bpf_core_field_exists(((struct pt_regs___arm64 *)0)->syscallno))
    return (((struct pt_regs___arm64 *)registers)->pstate & compat_state) != 0;
  return 0;
}

/// The call's number as our tables have it.
static __always_inline __u32 call_numbered(__u64 *ctx, __s64 number) {
  __u32 call = (__u32)number & ~x32_bit;
  if (call >= CULPRIT_TRACE_CALLS) call = CULPRIT_TRACE_CALLS - 1;
  if (is_32_bit((void *)ctx[0])) call += CULPRIT_TRACE_CALLS;
  return call;
}

/// 32-bit programs pass it in another register, on x86.
static __always_inline __s32 first_argument(__u64 *ctx, __u32 call) {
  if (bpf_core_field_exists(((struct pt_regs___x86 *)0)->orig_ax)) {
    struct pt_regs___x86 *registers = (struct pt_regs___x86 *)ctx[0];
    return call < CULPRIT_TRACE_CALLS ? (__s32)registers->di : (__s32)registers->bx;
  }
  if (bpf_core_field_exists(((struct pt_regs___arm64 *)0)->syscallno))
    return (__s32)((struct pt_regs___arm64 *)ctx[0])->orig_x0;
  return -1;
}

/// The call that a task is in or has just left, by its registers.
static __always_inline __s64 number_of_call(__u64 *ctx) {
  if (bpf_core_field_exists(((struct pt_regs___x86 *)0)->orig_ax))
    return (__s64)((struct pt_regs___x86 *)ctx[0])->orig_ax;
  if (bpf_core_field_exists(((struct pt_regs___arm64 *)0)->syscallno))
    return ((struct pt_regs___arm64 *)ctx[0])->syscallno;
  return -1;
}

/// The traced thread that this is; 0 of all others.
static __always_inline __u32 own_number(__u64 *ctx) {
  __u64 registers = ctx[0];
  struct culprit_trace_place *place = place_of(registers, 0);
  if (place->registers == registers) return place->thread;
  if (!shared.is_displaced) return 0;
  for (__u32 probe = 1; probe < place_probes; probe++) {
    place = place_of(registers, probe);
    if (place->registers == registers) return place->thread;
  }
  return 0;
}

static __always_inline __u64 version_of(const struct culprit_trace_thread *thread) {
  __u64 version = (__u64)shared.epoch << 32;
  if (thread->traits & CULPRIT_TRACE_ON_DESCRIPTOR)
    version |= shared.closes[thread->closes_place & (CULPRIT_TRACE_CLOSES_PLACES - 1)];
  return version;
}

static __always_inline __u64 shortcut_key(__u32 call, __s32 descriptor) {
  return (__u64)call << 32 | (__u32)descriptor;
}

static __always_inline struct culprit_trace_shortcut *shortcut_of(
    struct culprit_trace_thread *thread) {
  __u32 place = thread->call + (__u32)thread->descriptor * 5;
  return &thread->shortcuts[place & (CULPRIT_TRACE_SHORTCUTS - 1)];
}

static __always_inline void note_closing(struct culprit_trace_thread *thread) {
  __sync_fetch_and_add(&shared.closes[thread->closes_place & (CULPRIT_TRACE_CLOSES_PLACES - 1)], 1);
}

/// Finds the total for calls of this kind, or that of calls on other files; `no_total` where there is
/// no room at all.
static __always_inline __u32 total_for(const struct culprit_trace_thread *thread, __u32 number,
                                       __u32 error, __u32 file) {
  int found = find_total(CULPRIT_TRACE_KEY(number, thread->call, error, file));
  if (found < 0)
    found = find_total(CULPRIT_TRACE_KEY(number, thread->call, error, CULPRIT_TRACE_OTHER_FILE));
  __u32 place = (__u32)found;
  struct culprit_trace_total *total = bpf_map_lookup_elem(&totals, &place);
  if (total && total->descriptor < 0) total->descriptor = thread->descriptor;
  return place;
}

/// Finds out what the call that a thread is in is about, and where it is to be counted.
__noinline int resolve(__u32 number) {
  struct culprit_trace_thread *thread = thread_numbered(number);
  if (!thread) return 0;
  __u64 identity = 0;
  __u32 file = CULPRIT_TRACE_NO_FILE;
  struct task_struct *task = bpf_get_current_task_btf();
  thread->closes_place = mix((__u64)BPF_CORE_READ(task, files)) >> 52;
  // From before we look: what is closed meanwhile makes what we found old.
  __u64 version = version_of(thread);
  if (thread->descriptor >= 0) {
    __u64 address = file_of(task, thread->descriptor);
    if (address) {
      identity = identity_of(address);
      file = file_numbered(identity, address);
    }
  }
  if (thread->traits & CULPRIT_TRACE_RING)
    shared.processes[thread->process & (CULPRIT_TRACE_PROCESSES - 1)].uses_ring = 1;
  __u32 place = total_for(thread, number, 0, file);
  thread->version = version;
  thread->identity = identity;
  thread->total = place;
  struct culprit_trace_shortcut *shortcut = shortcut_of(thread);
  // What isn't open is opened without a word of it here: only closing makes a shortcut old.
  shortcut->key = thread->descriptor < 0 || identity
                      ? shortcut_key(thread->call, thread->descriptor)
                      : ~0ULL;
  shortcut->version = version;
  shortcut->identity = identity;
  shortcut->total = place;
  return 0;
}

SEC("tp_btf/sys_enter")
int enter_call(__u64 *ctx) {
  __u32 number = own_number(ctx);
  if (!number) return 0;
  struct culprit_trace_thread *thread = thread_numbered(number);
  if (!thread) return 0;
  __u32 call = call_numbered(ctx, (__s64)ctx[1]);
  __u32 traits = shared.traits[call];
  __s32 descriptor = traits & CULPRIT_TRACE_ON_DESCRIPTOR ? first_argument(ctx, call) : -1;
  thread->call = call;
  thread->traits = traits;
  thread->descriptor = descriptor;
  struct culprit_trace_shortcut *shortcut = shortcut_of(thread);
  __u64 version = version_of(thread);
  if (shortcut->key == shortcut_key(call, descriptor) && shortcut->version == version) {
    thread->version = version;
    thread->identity = shortcut->identity;
    thread->total = shortcut->total;
  } else {
    resolve(number);
  }
  // A close may take long, and others may get the descriptor meanwhile.
  if (traits & CULPRIT_TRACE_CLOSES) note_closing(thread);
  thread->flags = CULPRIT_TRACE_IS_SEEN;
  thread->began_nanoseconds = bpf_ktime_get_ns();
  return 0;
}

/// A call that we didn't see begin. It began before the trace, then it counts from there on; or a filter
/// refused it (seccomp(2)), then it took no time.
static __always_inline int adopt_call(__u64 *ctx, __u32 number, struct culprit_trace_thread *thread,
                                      __u64 now) {
  __u32 flags = thread->flags;
  thread->flags = CULPRIT_TRACE_IS_SEEN;
  if (flags & CULPRIT_TRACE_IS_BORN) return -1;
  thread->call = call_numbered(ctx, number_of_call(ctx));
  thread->traits = shared.traits[thread->call];
  thread->descriptor = thread->traits & CULPRIT_TRACE_ON_DESCRIPTOR ? first_argument(ctx, thread->call) : -1;
  thread->began_nanoseconds = flags & CULPRIT_TRACE_IS_SEEN ? now : thread->since_nanoseconds;
  resolve(number);
  return 0;
}

/// The kernel's numbers of errors end at 4095, those that there are at 531.
static __always_inline int is_error(__s64 result) { return (__u64)result > -1024ULL; }

/// ERESTARTSYS to ERESTART_RESTARTBLOCK of include/linux/errno.h; ENOIOCTLCMD among them is nobody's
/// result.
static __always_inline int is_restart(__s64 result) { return result <= -512 && result >= -516; }

/// The total of a call that didn't end like most: it failed, or opened a file, or the tables were
/// changed under it.
__noinline int resolve_result(__u32 number, __s64 result) {
  struct culprit_trace_thread *thread = thread_numbered(number);
  if (!thread) return no_total;
  // A call that a signal interrupted, and that the kernel begins again, hasn't failed.
  __u32 error = is_error(result) && !is_restart(result) ? (__u32)-result : 0;
  __u64 identity = thread->identity, address = 0;
  if (thread->traits & CULPRIT_TRACE_OPENS && result >= 0 && thread->descriptor < 0) {
    address = file_of(bpf_get_current_task_btf(), (__s32)result);
    identity = address ? identity_of(address) : 0;
  }
  __u32 file = identity ? file_numbered(identity, address) : CULPRIT_TRACE_NO_FILE;
  return (int)total_for(thread, number, error, file);
}

/// The first bucket is below a microsecond, bucket n from 2^(n-1) microseconds.
static __always_inline __u32 bucket_of(__u64 nanoseconds) {
  if (nanoseconds < 1000) return 0;
  __u64 rest = nanoseconds / 1000;
  __u32 bucket = 1;
  if (rest >> 32) return CULPRIT_TRACE_LATENCIES - 1;
  if (rest >> 16) bucket += 16, rest >>= 16;
  if (rest >> 8) bucket += 8, rest >>= 8;
  if (rest >> 4) bucket += 4, rest >>= 4;
  if (rest >> 2) bucket += 2, rest >>= 2;
  if (rest >> 1) bucket += 1;
  return bucket < CULPRIT_TRACE_LATENCIES ? bucket : CULPRIT_TRACE_LATENCIES - 1;
}

static __always_inline void lose_call(__u32 process) {
  __sync_fetch_and_add(&shared.processes[process & (CULPRIT_TRACE_PROCESSES - 1)].lost_calls, 1);
}

static __always_inline void count_call(struct culprit_trace_thread *thread, __u32 place,
                                       __u64 nanoseconds, __u64 bytes) {
  struct culprit_trace_total *total = bpf_map_lookup_elem(&totals, &place);
  if (!total) return lose_call(thread->process);
  total->count += 1;
  total->bytes += bytes;
  total->nanoseconds += nanoseconds;
  if (nanoseconds > total->slowest_nanoseconds) total->slowest_nanoseconds = nanoseconds;
  total->latencies[bucket_of(nanoseconds) & (CULPRIT_TRACE_LATENCIES - 1)] += 1;
}

SEC("tp_btf/sys_exit")
int leave_call(__u64 *ctx) {
  __u32 number = own_number(ctx);
  if (!number) return 0;
  struct culprit_trace_thread *thread = thread_numbered(number);
  if (!thread) {
    lose_call(number);
    return 0;
  }
  __u64 now = bpf_ktime_get_ns();
  if (!thread->began_nanoseconds && adopt_call(ctx, number, thread, now)) return 0;
  __s64 result = (__s64)ctx[1];
  __u64 nanoseconds = now - thread->began_nanoseconds;
  thread->began_nanoseconds = 0;
  __u32 place = thread->total;
  if (is_error(result) || thread->traits & CULPRIT_TRACE_OPENS ||
      thread->version >> 32 != shared.epoch)
    place = (__u32)resolve_result(number, result);
  if (thread->traits & CULPRIT_TRACE_CLOSES) note_closing(thread);
  int moves = thread->traits & CULPRIT_TRACE_MOVES_BYTES && result > 0;
  count_call(thread, place, nanoseconds, moves ? (__u64)result : 0);
  return 0;
}

/// Where a thread's registers are saved, as a number: of pointers the verifier lets us make none.
static __always_inline __u64 registers_of(struct task_struct *task) {
  void *pointer = (void *)bpf_task_pt_regs(task);
  __u64 address = 0;
  bpf_probe_read_kernel(&address, sizeof address, &pointer);
  return address;
}

static __always_inline __u64 ids_of(struct task_struct *task) {
  return (__u64)(__u32)task->tgid << 32 | (__u32)task->pid;
}

SEC("tp_btf/sched_process_fork")
int begin_thread(__u64 *ctx) {
  struct task_struct *parent = (struct task_struct *)ctx[0];
  struct task_struct *child = (struct task_struct *)ctx[1];
  __u32 tgid = (__u32)parent->tgid, child_tgid = (__u32)child->tgid;
  struct membership *member = bpf_map_lookup_elem(&members, &tgid);
  if (!member) return 0;
  __u32 process = member->process & (CULPRIT_TRACE_PROCESSES - 1);
  if (child_tgid != tgid) {
    struct membership own = {.process = process, .is_child = 1};
    if (bpf_map_update_elem(&members, &child_tgid, &own, 0)) {
      __sync_fetch_and_add(&shared.processes[process].lost_threads, 1);
      return 0;
    }
    __sync_fetch_and_add(&shared.processes[process].children, 1);
    __sync_fetch_and_add(&shared.processes[process].alive, 1);
  }
  add_thread(registers_of(child), ids_of(child), process, CULPRIT_TRACE_IS_BORN,
             (__u64)BPF_CORE_READ(child, files));
  return 0;
}

SEC("tp_btf/sched_process_exit")
int end_thread(__u64 *ctx) {
  struct task_struct *task = (struct task_struct *)ctx[0];
  __u64 now = bpf_ktime_get_ns();
  // First of all: of threads that end at the same time the first may take the process away, and
  // whoever gets this stack next must not be taken for one that is traced.
  __u32 number = (__u32)remove_place(registers_of(task));
  struct culprit_trace_thread *thread = number ? thread_numbered(number) : 0;
  if (thread) {
    struct culprit_trace_process *own =
        &shared.processes[thread->process & (CULPRIT_TRACE_PROCESSES - 1)];
    // exit(2), which never returns.
    if (thread->began_nanoseconds) {
      __u32 place = (__u32)resolve_result(number, 0);
      count_call(thread, place, now - thread->began_nanoseconds, 0);
      thread->began_nanoseconds = 0;
    }
    thread->registers = 0;
    give_room(own, number, thread);
  }
  __u32 tgid = (__u32)task->tgid;
  struct membership *member = bpf_map_lookup_elem(&members, &tgid);
  if (!member) return 0;
  struct culprit_trace_process *process =
      &shared.processes[member->process & (CULPRIT_TRACE_PROCESSES - 1)];
  // With its last thread a process ends.
  if (task->signal->live.counter == 0) {
    if (!member->is_child) process->end_nanoseconds = now;
    if (!bpf_map_delete_elem(&members, &tgid)) __sync_fetch_and_sub(&process->alive, 1);
  }
  return 0;
}

/// Finds the threads of the processes that were asked for; those that begin later say so themselves.
SEC("iter/task")
int find_threads(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task) return 0;
  __u32 tgid = (__u32)task->tgid;
  struct membership *member = bpf_map_lookup_elem(&members, &tgid);
  if (!member || task->flags & PF_EXITING) return 0;
  struct culprit_trace_process *process =
      &shared.processes[member->process & (CULPRIT_TRACE_PROCESSES - 1)];
  if (!member->is_child) process->start_nanoseconds = task->group_leader->start_boottime;
  __u32 flags = is_32_bit((void *)bpf_task_pt_regs(task)) ? CULPRIT_TRACE_IS_32_BIT : 0;
  if (bpf_core_field_exists(task->io_uring) && task->io_uring) process->uses_ring = 1;
  __u64 registers = registers_of(task);
  add_thread(registers, ids_of(task), member->process, flags, (__u64)BPF_CORE_READ(task, files));
  // It may have ended before it was there to be found.
  if (task->flags & PF_EXITING) remove_place(registers);
  return 0;
}
