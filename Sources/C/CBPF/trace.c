#define _GNU_SOURCE
#include "culprit_bpf_trace.h"
#include "loading.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { handle_count = sizeof(struct culprit_trace_handles) / sizeof(int) };

static struct bpf_map *map_of_section(struct bpf_object *object, const char *suffix) {
  struct bpf_map *map;
  bpf_object__for_each_map(map, object) {
    const char *name = bpf_map__name(map);
    size_t length = strlen(name), end = strlen(suffix);
    if (length >= end && strcmp(name + length - end, suffix) == 0) return map;
  }
  return NULL;
}

static int set_entries(struct bpf_object *object, const char *name, uint32_t entries) {
  struct bpf_map *map = bpf_object__find_map_by_name(object, name);
  return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

/// Tables get their sizes before anything is loaded.
static int set_sizes(struct bpf_object *object, const struct culprit_trace_sizes *sizes) {
  struct bpf_map *constants = map_of_section(object, ".rodata.sizes");
  struct bpf_map *names = bpf_object__find_map_by_name(object, "names");
  if (!constants || !names) return -ENOENT;
  int code = bpf_map__set_initial_value(constants, sizes, sizeof *sizes);
  if (!code) code = set_entries(object, "threads", sizes->threads);
  if (!code) code = set_entries(object, "totals", 2 * sizes->totals);
  if (!code) code = set_entries(object, "files", 2 * sizes->files);
  if (!code) code = bpf_map__set_value_size(names, 2 * sizes->name_bytes);
  return code;
}

static int program(struct bpf_object *object, const char *name) {
  struct bpf_program *program = bpf_object__find_program_by_name(object, name);
  return program ? bpf_program__fd(program) : -1;
}

static int load(const struct loading *loading, int *places) {
  struct culprit_trace_handles *handles = (struct culprit_trace_handles *)places;
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "culprit_trace");
  struct bpf_object *object = bpf_object__open_mem(loading->object, loading->length, &options);
  if (!object) return errno ? errno : EINVAL;
  int code = set_sizes(object, loading->sizes);
  if (!code) code = bpf_object__load(object);
  if (code) return -code;
  handles->enter_call = program(object, "enter_call");
  handles->leave_call = program(object, "leave_call");
  handles->begin_thread = program(object, "begin_thread");
  handles->end_thread = program(object, "end_thread");
  handles->find_threads = program(object, "find_threads");
  struct bpf_map *shared = map_of_section(object, ".bss");
  handles->shared = shared ? bpf_map__fd(shared) : -1;
  handles->threads = bpf_object__find_map_fd_by_name(object, "threads");
  handles->totals = bpf_object__find_map_fd_by_name(object, "totals");
  handles->files = bpf_object__find_map_fd_by_name(object, "files");
  handles->names = bpf_object__find_map_fd_by_name(object, "names");
  handles->members = bpf_object__find_map_fd_by_name(object, "members");
  for (int index = 0; index < handle_count; index++)
    if (places[index] < 0) return ENOENT;
  return 0;
}

int culprit_trace_load(const void *object, size_t length, const struct culprit_trace_sizes *sizes,
                       struct culprit_trace_handles *handles, char *error, size_t error_length) {
  const struct loading loading = {
      .load = load, .object = object, .length = length, .sizes = sizes};
  return load_in_child(&loading, (int *)handles, handle_count, error, error_length);
}

/// The kernel rounds a map up to whole pages.
static size_t whole_pages(size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return (bytes + page - 1) / page * page;
}

struct mapping {
  int descriptor;
  size_t bytes;
  void **start;
};
enum { mapping_count = 5 };

static void list_mappings(const struct culprit_trace_handles *handles,
                          const struct culprit_trace_sizes *sizes,
                          struct culprit_trace_tables *tables,
                          struct mapping list[mapping_count]) {
  list[0] = (struct mapping){handles->shared, sizeof *tables->shared, (void **)&tables->shared};
  list[1] = (struct mapping){handles->threads, sizes->threads * sizeof *tables->threads,
                             (void **)&tables->threads};
  list[2] = (struct mapping){handles->totals, 2 * sizes->totals * sizeof *tables->totals,
                             (void **)&tables->totals};
  list[3] = (struct mapping){handles->files, 2 * sizes->files * sizeof *tables->files,
                             (void **)&tables->files};
  list[4] = (struct mapping){handles->names, 2 * (size_t)sizes->name_bytes,
                             (void **)&tables->names};
}

int culprit_trace_map(const struct culprit_trace_handles *handles,
                      const struct culprit_trace_sizes *sizes,
                      struct culprit_trace_tables *tables) {
  struct mapping list[mapping_count];
  memset(tables, 0, sizeof *tables);
  list_mappings(handles, sizes, tables, list);
  for (int index = 0; index < mapping_count; index++) {
    void *start = mmap(NULL, whole_pages(list[index].bytes), PROT_READ | PROT_WRITE, MAP_SHARED,
                       list[index].descriptor, 0);
    if (start == MAP_FAILED) {
      int code = errno;
      culprit_trace_unmap(sizes, tables);
      errno = code;
      return -1;
    }
    *list[index].start = start;
  }
  return 0;
}

void culprit_trace_unmap(const struct culprit_trace_sizes *sizes,
                         struct culprit_trace_tables *tables) {
  struct mapping list[mapping_count];
  const struct culprit_trace_handles none = {0};
  list_mappings(&none, sizes, tables, list);
  for (int index = 0; index < mapping_count; index++) {
    if (*list[index].start) munmap(*list[index].start, whole_pages(list[index].bytes));
    *list[index].start = NULL;
  }
}

int culprit_trace_attach(int program) { return bpf_raw_tracepoint_open(NULL, program); }

int culprit_trace_add(int members, pid_t pid, uint32_t process) {
  // As struct membership of trace_tables.h.
  const uint32_t key = (uint32_t)pid, value[2] = {process, 0};
  return bpf_map_update_elem(members, &key, value, BPF_ANY) ? -1 : 0;
}

int culprit_trace_find(int find_threads) {
  int link = bpf_link_create(find_threads, 0, BPF_TRACE_ITER, NULL);
  if (link < 0) return -1;
  int walk = bpf_iter_create(link);
  close(link);
  if (walk < 0) return -1;
  char none[64];
  ssize_t count;
  do count = read(walk, none, sizeof none);
  while (count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN)));
  int code = errno;
  close(walk);
  errno = code;
  return count < 0 ? -1 : 0;
}

void culprit_trace_turn(struct culprit_trace_tables *tables, uint32_t epoch) {
  __atomic_store_n(&tables->shared->epoch, epoch, __ATOMIC_SEQ_CST);
  // A program runs inside a read-side section of RCU, and the call waits until all of these are over.
  // It isn't there on a kernel with nohz_full: programs take microseconds.
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0) usleep(50 * 1000);
}

uint64_t culprit_trace_missed(int program) {
  struct bpf_prog_info info;
  memset(&info, 0, sizeof info);
  __u32 length = sizeof info;
  return bpf_obj_get_info_by_fd(program, &info, &length) ? 0 : info.recursion_misses;
}
