#define _GNU_SOURCE
#include "culprit_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { handle_count = sizeof(struct culprit_bpf_handles) / sizeof(int), error_limit = 1024 };

// What libbpf said last: of the verifier's pages the last line that names an error is of use.
static char last_words[error_limit];

static int listen_to_libbpf(enum libbpf_print_level level, const char *format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char line[error_limit];
  vsnprintf(line, sizeof line, format, arguments);
  line[strcspn(line, "\n")] = 0;
  if (last_words[0] == 0) snprintf(last_words, sizeof last_words, "%s", line);
  return 0;
}

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

/// Returns 0, or errno; the handles' descriptors belong to the child and go with it.
static int load(const void *bytes, size_t length, struct culprit_bpf_handles *handles) {
  libbpf_set_print(listen_to_libbpf);
  struct bpf_object *object = NULL;
  unsigned left_out = 0;
  for (; !object && left_out < 1u << optional_count; left_out++)
    object = load_without(bytes, length, left_out);
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

/// What the child says: a status, and beside it the descriptors that there are.
struct answer {
  int code;
  /// A bit for each handle that is there.
  unsigned present;
  char words[error_limit];
};

static void send_answer(int socket, struct answer *answer,
                        const struct culprit_bpf_handles *handles) {
  struct iovec part = {answer, sizeof *answer};
  char control[CMSG_SPACE(handle_count * sizeof(int))];
  memset(control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (answer->code == 0) {
    const int *places = (const int *)handles;
    int sent[handle_count], count = 0;
    for (int index = 0; index < handle_count; index++) {
      if (places[index] < 0) continue;
      answer->present |= 1u << index;
      sent[count++] = places[index];
    }
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), sent, count * sizeof(int));
  }
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {}
}

static int receive_answer(int socket, struct answer *answer, struct culprit_bpf_handles *handles) {
  struct iovec part = {answer, sizeof *answer};
  char control[CMSG_SPACE(handle_count * sizeof(int))];
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                           .msg_controllen = sizeof control};
  ssize_t count;
  do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
  while (count < 0 && errno == EINTR);
  if (count != (ssize_t)sizeof *answer) return -1;
  answer->words[error_limit - 1] = 0;
  int *places = (int *)handles;
  for (int index = 0; index < handle_count; index++) places[index] = -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_type != SCM_RIGHTS) return answer->code ? 0 : -1;
  size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int), taken = 0;
  for (int index = 0; index < handle_count && taken < received; index++)
    if (answer->present >> index & 1)
      memcpy(&places[index], CMSG_DATA(header) + taken++ * sizeof(int), sizeof(int));
  return 0;
}

int culprit_bpf_load(const void *object, size_t length, struct culprit_bpf_handles *handles,
                     char *error, size_t error_length) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    int code = errno;
    snprintf(error, error_length, "socketpair: %s", strerror(code));
    return code;
  }
  pid_t child = fork();
  if (child == 0) {
    struct answer answer = {0};
    struct culprit_bpf_handles own = {0};
    answer.code = load(object, length, &own);
    snprintf(answer.words, sizeof answer.words, "%s", last_words);
    send_answer(sockets[1], &answer, &own);
    _exit(0);
  }
  close(sockets[1]);
  struct answer answer = {0};
  int received = child < 0 ? -1 : receive_answer(sockets[0], &answer, handles);
  int code = errno;
  close(sockets[0]);
  while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  if (received < 0) {
    snprintf(error, error_length, "the loading child ended early: %s", strerror(code));
    return code ? code : ECHILD;
  }
  if (answer.code != 0) {
    snprintf(error, error_length, "%s%s%s", strerror(answer.code),
             answer.words[0] ? ": " : "", answer.words);
    return answer.code;
  }
  return 0;
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
