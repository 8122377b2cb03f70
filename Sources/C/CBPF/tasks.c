#include "culprit_bpf.h"
#include "loading.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

enum { handle_count = sizeof(struct culprit_bpf_handles) / sizeof(int) };

static int iterator(struct bpf_object *object, const char *name) {
  struct bpf_program *program = bpf_object__find_program_by_name(object, name);
  struct bpf_link *link = program ? bpf_program__attach_iter(program, NULL) : NULL;
  return link ? bpf_link__fd(link) : -1;
}

/// Programs that newer kernels only can run: we do without those that this one refuses.
static const char *const optional[] = {"walk_tasks", "end_of_task"};
enum { optional_count = sizeof optional / sizeof optional[0] };

/// Opens and loads the object without the optional programs that `left_out` has a bit for.
static struct bpf_object *load_without(const void *bytes, size_t length, unsigned left_out) {
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "culprit");
  struct bpf_object *object = bpf_object__open_mem(bytes, length, &options);
  if (!object) return NULL;
  for (int index = 0; index < optional_count; index++) {
    if (!(left_out >> index & 1)) continue;
    struct bpf_program *program = bpf_object__find_program_by_name(object, optional[index]);
    if (program) bpf_program__set_autoload(program, 0);
  }
  int code = bpf_object__load(object);
  if (code == 0) return object;
  bpf_object__close(object);
  errno = -code;
  return NULL;
}

static int load(const struct loading *loading, int *places) {
  struct culprit_bpf_handles *handles = (struct culprit_bpf_handles *)places;
  struct bpf_object *object = NULL;
  unsigned left_out = 0;
  for (; !object && left_out < 1u << optional_count; left_out++)
    object = load_without(loading->object, loading->length, left_out);
  if (!object) return errno ? errno : EINVAL;
  left_out -= 1;
  handles->read_tasks = iterator(object, "read_tasks");
  handles->look_at_waiting = iterator(object, "look_at_waiting");
  handles->name_addresses = iterator(object, "name_addresses");
  handles->control = bpf_object__find_map_fd_by_name(object, "control");
  handles->ends = bpf_object__find_map_fd_by_name(object, "ends");
  handles->records = bpf_object__find_map_fd_by_name(object, "records");
  if (handles->read_tasks < 0 || handles->look_at_waiting < 0 || handles->name_addresses < 0 ||
      handles->control < 0 || handles->ends < 0 || handles->records < 0)
    return errno ? errno : EINVAL;
  struct bpf_program *walk = bpf_object__find_program_by_name(object, "walk_tasks");
  handles->walk_tasks = left_out & 1 || !walk ? -1 : bpf_program__fd(walk);
  struct bpf_program *end = bpf_object__find_program_by_name(object, "end_of_task");
  struct bpf_link *link = left_out & 2 || !end ? NULL : bpf_program__attach(end);
  handles->end_of_task = link ? bpf_link__fd(link) : -1;
  return 0;
}

int culprit_bpf_load(const void *object, size_t length, struct culprit_bpf_handles *handles,
                     char *error, size_t error_length) {
  const struct loading loading = {.load = load, .object = object, .length = length};
  return load_in_child(&loading, (int *)handles, handle_count, error, error_length);
}

int culprit_bpf_walk(int link) { return bpf_iter_create(link); }

static const __u32 only = 0;

int culprit_bpf_get(int control, struct culprit_control *value) {
  return bpf_map_lookup_elem(control, &only, value) ? -1 : 0;
}

int culprit_bpf_set(int control, const struct culprit_control *value) {
  return bpf_map_update_elem(control, &only, value, BPF_ANY) ? -1 : 0;
}

int culprit_bpf_run(int program, struct culprit_walk *walk) {
  LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = walk, .ctx_size_in = sizeof *walk);
  return bpf_prog_test_run_opts(program, &options) ? -1 : 0;
}

struct culprit_bpf_ring {
  struct ring_buffer *buffer;
  culprit_bpf_record record;
  void *context;
};

static int take(void *context, void *data, size_t length) {
  struct culprit_bpf_ring *ring = context;
  if (length >= CULPRIT_RECORD_HEAD) ring->record(ring->context, data, length);
  return 0;
}

struct culprit_bpf_ring *culprit_bpf_open_ring(int map, culprit_bpf_record record, void *context) {
  struct culprit_bpf_ring *ring = calloc(1, sizeof *ring);
  if (!ring) return NULL;
  ring->record = record;
  ring->context = context;
  ring->buffer = ring_buffer__new(map, take, ring, NULL);
  if (ring->buffer) return ring;
  free(ring);
  return NULL;
}

int culprit_bpf_take(struct culprit_bpf_ring *ring) { return ring_buffer__consume(ring->buffer); }

void culprit_bpf_close_ring(struct culprit_bpf_ring *ring) {
  ring_buffer__free(ring->buffer);
  free(ring);
}
