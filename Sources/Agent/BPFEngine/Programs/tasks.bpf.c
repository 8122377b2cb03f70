// Reads every task of the host in one walk, and says only what changed or waits.
//
// A record is written whole or not at all: where the reader's buffer is full, the kernel throws
// the record away and shows the same task again, so what was seen last is kept only after the
// write succeeded.

#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "culprit_records.h"

char LICENSE[] SEC("license") = "GPL";

/// What a task's counters were when we last spoke of it.
struct seen {
  __u64 cpu_nanoseconds;
  __u64 io[CULPRIT_IO_COUNTERS];
  __u64 block_delay, swap_delay;
  /// The walk that it was last written in.
  __u64 walk;
  /// 0 in a task that came after the first walk and wasn't written yet.
  __u64 is_known;
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct seen);
} seen_tasks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, struct culprit_task_record);
} scratch SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct culprit_control);
} control SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, CULPRIT_END_BUFFER_BYTES);
} ends SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, CULPRIT_RECORD_BUFFER_BYTES);
} records SEC(".maps");

static const __u32 zero = 0, one = 1;

// include/linux/sched.h; the same since 4.14, TASK_FROZEN and FREEZABLE since 6.1, TASK_RTLOCK_WAIT since 5.15.
enum {
  TASK_INTERRUPTIBLE = 1, TASK_UNINTERRUPTIBLE = 2, TASK_STOPPED = 4, TASK_TRACED = 8,
  EXIT_DEAD = 0x10, EXIT_ZOMBIE = 0x20, TASK_PARKED = 0x40, TASK_NOLOAD = 0x400,
  TASK_RTLOCK_WAIT = 0x1000, TASK_FREEZABLE = 0x2000, TASK_FROZEN = 0x8000, PF_KTHREAD = 0x200000,
};

/// The letter of /proc/PID/stat: task_state_index() of include/linux/sched.h.
///
/// A global function: the verifier looks at it once, by itself, and follows no letter that it
/// returns down every path to come.
__noinline int state_letter_of(__u32 state, __u32 ended) {
  if (ended & EXIT_DEAD) return 'X';
  if (ended & EXIT_ZOMBIE) return 'Z';
  if (state & (TASK_FROZEN | TASK_RTLOCK_WAIT)) return 'D';
  if (state & TASK_UNINTERRUPTIBLE) return state & TASK_NOLOAD ? 'I' : 'D';
  if (state & TASK_PARKED) return 'P';
  if (state & TASK_TRACED) return 't';
  if (state & TASK_STOPPED) return 'T';
  if (state & TASK_INTERRUPTIBLE) return 'S';
  return 'R';
}

static __always_inline __u8 state_letter(struct task_struct *task, __u8 *place) {
  __u32 state;
  if (bpf_core_field_exists(task->__state)) {
    state = task->__state;
  } else {
    struct task_struct___before_5_14 *old = (void *)task;
    state = (__u32)BPF_CORE_READ(old, state);
  }
  return *place = (__u8)state_letter_of(state, (__u32)task->exit_state);
}

static void read_counters(struct task_struct *task, struct seen *now) {
  now->cpu_nanoseconds = task->se.sum_exec_runtime;
  now->io[0] = task->ioac.rchar;
  now->io[1] = task->ioac.wchar;
  now->io[2] = task->ioac.syscr;
  now->io[3] = task->ioac.syscw;
  now->io[4] = task->ioac.read_bytes;
  now->io[5] = task->ioac.write_bytes;
  now->io[6] = task->ioac.cancelled_write_bytes;
  // NULL as long as delay accounting is off, and for tasks that started before it was on: then what
  // is read through it is 0.
  struct task_delay_info *delays = task->delays;
  now->block_delay = delays->blkio_delay;
  now->swap_delay = bpf_core_field_exists(delays->swapin_delay) ? delays->swapin_delay : 0;
}

/// Fills in who the task is, and what its counters grew by. Returns whether they grew at all.
static __u64 describe(struct task_struct *task, struct culprit_task_record *record,
                      const struct seen *now, const struct seen *before) {
  struct task_struct *leader = task->group_leader;
  record->stack_bytes = 0;
  record->tgid = task->tgid;
  record->tid = task->pid;
  record->parent = task->real_parent->tgid;
  record->threads = (__u32)task->signal->nr_threads;
  state_letter(task, &record->state);
  state_letter(leader, &record->leader_state);
  // PF_KTHREAD is bit 21, CULPRIT_IS_KERNEL_THREAD bit 0.
  record->flags = task->flags >> 21 & CULPRIT_IS_KERNEL_THREAD;
  if (task->delays) record->flags |= CULPRIT_HAS_DELAYS;
  record->start_nanoseconds = leader->start_boottime;
  record->wait_nanoseconds = 0;
  record->system_call = -1;
  bpf_probe_read_kernel(record->name, sizeof record->name, task->comm);
  bpf_probe_read_kernel(record->leader_name, sizeof record->leader_name, leader->comm);
  __u64 grown = 0;
  record->cpu_nanoseconds = now->cpu_nanoseconds - before->cpu_nanoseconds;
  grown |= record->cpu_nanoseconds;
  for (int index = 0; index < CULPRIT_IO_COUNTERS; index++) {
    record->io[index] = now->io[index] - before->io[index];
    grown |= record->io[index];
  }
  record->block_delay = now->block_delay - before->block_delay;
  record->swap_delay = now->swap_delay - before->swap_delay;
  return grown | record->block_delay | record->swap_delay;
}

/// Where a task in D is: system call, kernel stack, and since when it hasn't run.
static void describe_wait(struct task_struct *task, struct culprit_task_record *record) {
  // When it last got a CPU, by the clock that all CPUs share; we got ours a moment ago. (exec_start
  // won't do: it leaves out interrupts and stolen time, each CPU its own.)
  if (bpf_core_field_exists(task->sched_info.last_arrival)) {
    struct task_struct *self = (void *)bpf_get_current_task();
    __u64 now = BPF_CORE_READ(self, sched_info.last_arrival);
    __u64 since = task->sched_info.last_arrival;
    // What it ran from then on was no waiting yet.
    if (since) since += task->se.sum_exec_runtime - task->se.prev_sum_exec_runtime;
    record->wait_nanoseconds = since && now > since ? now - since : 0;
  }
  if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs) &&
      !(record->flags & CULPRIT_IS_KERNEL_THREAD)) {
    void *registers = (void *)bpf_task_pt_regs(task);
    if (bpf_core_field_exists(((struct pt_regs___x86 *)0)->orig_ax)) {
      record->system_call = (__s64)BPF_CORE_READ((struct pt_regs___x86 *)registers, orig_ax);
    } else if (bpf_core_field_exists(((struct pt_regs___arm64 *)0)->syscallno)) {
      record->system_call = BPF_CORE_READ((struct pt_regs___arm64 *)registers, syscallno);
    }
  }
  long bytes = bpf_get_task_stack(task, record->stack, sizeof record->stack, 0);
  record->stack_bytes = bytes > 0 && bytes <= (long)sizeof record->stack ? (__u32)bytes : 0;
}

/// Returns 0 where the record was written.
static long emit(struct seq_file *seq, struct culprit_task_record *record) {
  __u32 bytes = record->stack_bytes;
  if (bytes > sizeof record->stack) bytes = 0;
  record->stack_bytes = bytes;
  if (seq) return bpf_seq_write(seq, record, CULPRIT_RECORD_HEAD + bytes);
  // Nobody is woken: who asked for the walk reads when it has ended.
  return bpf_ringbuf_output(&records, record, CULPRIT_RECORD_HEAD + bytes, BPF_RB_NO_WAKEUP);
}

/// When, by a CPU's own clock, the last of the tasks that stand on it ran: as the walk found it,
/// and as the two walks before it did.
struct cpu_clock {
  __u64 walk;
  __u64 latest, before, older;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, CULPRIT_CPUS);
  __type(key, __u32);
  __type(value, struct cpu_clock);
} cpu_clocks SEC(".maps");

/// Whether a task sleeps since before the walk before this one: then nothing of it can have
/// changed, and what we remember of it needn't be looked up, which is most of what it costs.
///
/// `exec_start` is the task's CPU's clock when it last ran, and that clock only goes forward: who
/// ran after a walk has a later one than all whom that walk found on this CPU. A walk takes time,
/// so what was found by the last one isn't sure, and the one before it counts.
static __always_inline int is_quiet(struct task_struct *task, __u64 walk) {
  __u32 cpu = task->thread_info.cpu;
  struct cpu_clock *clock = bpf_map_lookup_elem(&cpu_clocks, &cpu);
  if (!clock) return 0;
  if (clock->walk != walk) {
    clock->walk = walk;
    clock->older = clock->before;
    clock->before = clock->latest;
    clock->latest = 0;
  }
  __u64 last_ran = task->se.exec_start;
  if (last_ran > clock->latest) clock->latest = last_ran;
  __u32 state = task->__state & ~TASK_FREEZABLE;
  // 0 in one that was moved to another CPU in its sleep.
  return last_ran && last_ran <= clock->older &&
         (state == TASK_INTERRUPTIBLE || state == (TASK_UNINTERRUPTIBLE | TASK_NOLOAD));
}

/// What a walk is for.
struct visit {
  struct seq_file *seq;
  __u64 walk;
  __u64 baseline_nanoseconds;
};

/// Writes a task that ran, moved bytes or is in D. Returns -1 where it found no room.
static __always_inline int visit_task(struct task_struct *task, const struct visit *visit,
                                      struct culprit_task_record *record) {
  struct seen now;
  read_counters(task, &now);
  now.walk = visit->walk;
  now.is_known = 1;
  struct seen *before = bpf_task_storage_get(&seen_tasks, task, 0, 0);
  if (!before) {
    before = bpf_task_storage_get(&seen_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!before) return 0;
    // What a task did before our first look isn't of this tick; what a new one did, is.
    if (task->start_boottime < visit->baseline_nanoseconds) {
      *before = now;
      before->walk = 0;
    }
  }
  // Written before this walk ran out of room and was continued.
  if (visit->walk && before->walk == visit->walk) return 0;
  __u8 state = state_letter(task, &record->state);
  __u64 grown = (now.cpu_nanoseconds ^ before->cpu_nanoseconds) |
                (now.block_delay ^ before->block_delay) | (now.swap_delay ^ before->swap_delay);
  for (int index = 0; index < CULPRIT_IO_COUNTERS; index++)
    grown |= now.io[index] ^ before->io[index];
  int is_new_process = !before->is_known && task->pid == task->tgid;
  if (!grown && state != 'D' && !is_new_process) return 0;
  describe(task, record, &now, before);
  if (state == 'D') describe_wait(task, record);
  if (emit(visit->seq, record)) return -1;
  *before = now;
  return 0;
}

/// A tick, by the kernel's own walk: Linux 5.11 to 6.6.
SEC("iter/task")
int read_tasks(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task) return 0;
  struct culprit_control *setting = bpf_map_lookup_elem(&control, &zero);
  struct culprit_task_record *record = bpf_map_lookup_elem(&scratch, &zero);
  if (!setting || !record) return 0;
  if (ctx->meta->seq_num == 0) setting->walk_nanoseconds = bpf_ktime_get_boot_ns();
  struct visit visit = {.seq = ctx->meta->seq,
                        .baseline_nanoseconds = setting->baseline_nanoseconds};
  if (visit_task(task, &visit, record)) return 0;
  // The first of a walk begins the count anew, a task that is shown again isn't counted twice.
  if (ctx->meta->seq_num == 0) setting->process_count = 0;
  setting->process_count += task->pid == task->tgid && !(task->exit_state & EXIT_DEAD);
  return 0;
}

extern int bpf_iter_task_new(struct bpf_iter_task *walk, struct task_struct *task,
                             unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *walk) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *walk) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

/// A tick or a look, by a loop of ours: it follows the list of tasks, where the kernel's walk looks
/// up every pid, and costs a third. Since Linux 6.7.
SEC("syscall")
int walk_tasks(struct culprit_walk *ctx) {
  struct culprit_task_record *record = bpf_map_lookup_elem(&scratch, &zero);
  struct culprit_control *setting = bpf_map_lookup_elem(&control, &zero);
  if (!record || !setting) return 0;
  setting->walk_nanoseconds = bpf_ktime_get_boot_ns();
  struct visit visit = {.walk = ctx->walk, .baseline_nanoseconds = ctx->baseline_nanoseconds};
  int only_waiting = ctx->only_waiting;
  struct bpf_iter_task walk;
  struct task_struct *task;
  bpf_rcu_read_lock();
  bpf_iter_task_new(&walk, 0, BPF_TASK_ITER_ALL_THREADS);
  while ((task = bpf_iter_task_next(&walk))) {
    if (only_waiting) {
      if (state_letter(task, &record->state) != 'D') continue;
      if (ctx->skip) {
        ctx->skip--;
        continue;
      }
      struct seen now;
      read_counters(task, &now);
      describe(task, record, &now, &now);
      describe_wait(task, record);
      ctx->left_out += emit(0, record) != 0;
      continue;
    }
    ctx->process_count += task->pid == task->tgid;
    if (is_quiet(task, visit.walk)) continue;
    ctx->left_out += visit_task(task, &visit, record) != 0;
  }
  bpf_iter_task_destroy(&walk);
  bpf_rcu_read_unlock();
  return 0;
}

/// A fast look by the kernel's own walk: tasks in D only.
SEC("iter/task")
int look_at_waiting(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (!task) return 0;
  struct culprit_task_record *record = bpf_map_lookup_elem(&scratch, &one);
  if (!record || state_letter(task, &record->state) != 'D') return 0;
  struct seen now;
  read_counters(task, &now);
  describe(task, record, &now, &now);
  describe_wait(task, record);
  emit(ctx->meta->seq, record);
  return 0;
}

/// Names of kernel addresses, a line each. %pB isn't held back by kptr_restrict.
SEC("iter/task")
int name_addresses(struct bpf_iter__task *ctx) {
  if (ctx->meta->seq_num != 0) return 0;
  struct culprit_control *setting = bpf_map_lookup_elem(&control, &zero);
  if (!setting) return 0;
  static const char format[] = "%pB\n";
  for (__u32 index = 0; index < CULPRIT_ADDRESSES; index++) {
    if (index >= setting->address_count) break;
    __u64 address = setting->addresses[index];
    bpf_seq_printf(ctx->meta->seq, format, sizeof format, &address, sizeof address);
  }
  return 0;
}

/// A task's last words: what it did since it was last spoken of.
SEC("tp_btf/sched_process_exit")
int end_of_task(__u64 *ctx) {
  struct task_struct *task = (struct task_struct *)ctx[0];
  struct culprit_control *setting = bpf_map_lookup_elem(&control, &zero);
  if (!setting || setting->baseline_nanoseconds == ~0ULL) return 0;
  struct seen now, before = {};
  read_counters(task, &now);
  now.walk = 0;
  now.is_known = 1;
  // Remembered in any case: a walk may still find the zombie.
  struct seen *seen = bpf_task_storage_get(&seen_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (seen) before = *seen;
  if (!before.is_known && task->start_boottime < setting->baseline_nanoseconds) before = now;
  struct culprit_task_record *record = bpf_ringbuf_reserve(&ends, CULPRIT_RECORD_HEAD, 0);
  if (!record) {
    __sync_fetch_and_add(&setting->lost_ends, 1);
    return 0;
  }
  __u64 grown = describe(task, record, &now, &before);
  // A thread that ends among others is of interest only where it did something.
  int is_last = task->signal->live.counter == 0;
  if (!grown && !is_last) {
    bpf_ringbuf_discard(record, 0);
    return 0;
  }
  if (is_last) record->flags |= CULPRIT_HAS_ENDED;
  if (seen) *seen = now;
  bpf_ringbuf_submit(record, 0);
  return 0;
}
