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
  if (last_words[0] == 0) snprintf(last_words, sizeof last_words, "%s", line);
  return 0;
}

static int iterator(struct bpf_object *object, const char *name) {
  struct bpf_program *program = bpf_object__find_program_by_name(object, name);
  struct bpf_link *link = program ? bpf_program__attach_iter(program, NULL) : NULL;
  return link ? bpf_link__fd(link) : -1;
}

/// Returns 0, or errno; the handles' descriptors belong to the child and go with it.
static int load(const void *bytes, size_t length, struct culprit_bpf_handles *handles) {
  libbpf_set_print(listen_to_libbpf);
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "culprit");
  struct bpf_object *object = bpf_object__open_mem(bytes, length, &options);
  if (!object) return errno;
  int code = bpf_object__load(object);
  struct bpf_program *ends = bpf_object__find_program_by_name(object, "end_of_task");
  if (code && ends) {
    // Tracepoint programs may be ruled out where iterators aren't: then without them.
    bpf_object__close(object);
    object = bpf_object__open_mem(bytes, length, &options);
    if (!object) return errno;
    ends = bpf_object__find_program_by_name(object, "end_of_task");
    if (ends) bpf_program__set_autoload(ends, 0);
    ends = NULL;
    code = bpf_object__load(object);
  }
  if (code) return -code;
  handles->read_tasks = iterator(object, "read_tasks");
  handles->look_at_waiting = iterator(object, "look_at_waiting");
  handles->name_addresses = iterator(object, "name_addresses");
  handles->control = bpf_object__find_map_fd_by_name(object, "control");
  handles->ends = bpf_object__find_map_fd_by_name(object, "ends");
  struct bpf_link *link = ends ? bpf_program__attach(ends) : NULL;
  handles->end_of_task = link ? bpf_link__fd(link) : -1;
  if (handles->read_tasks < 0 || handles->look_at_waiting < 0 ||
      handles->name_addresses < 0 || handles->control < 0 || handles->ends < 0)
    return errno ? errno : EINVAL;
  return 0;
}

/// What the child says: a status, and beside it the descriptors.
struct answer {
  int code;
  int has_ends;
  char words[error_limit];
};

static void send_answer(int socket, const struct answer *answer,
                        const struct culprit_bpf_handles *handles) {
  struct iovec part = {(void *)answer, sizeof *answer};
  char control[CMSG_SPACE(handle_count * sizeof(int))];
  memset(control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (answer->code == 0) {
    int count = answer->has_ends ? handle_count : handle_count - 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), handles, count * sizeof(int));
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
  if (!header || header->cmsg_type != SCM_RIGHTS) return 0;
  size_t bytes = header->cmsg_len - CMSG_LEN(0);
  if (bytes > sizeof *handles) bytes = sizeof *handles;
  memcpy(places, CMSG_DATA(header), bytes);
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
    answer.has_ends = own.end_of_task >= 0;
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

struct culprit_bpf_ends {
  struct ring_buffer *buffer;
  culprit_bpf_end end;
  void *context;
};

static int take(void *context, void *data, size_t length) {
  struct culprit_bpf_ends *ends = context;
  if (length >= CULPRIT_RECORD_HEAD) ends->end(ends->context, data);
  return 0;
}

struct culprit_bpf_ends *culprit_bpf_open_ends(int map, culprit_bpf_end end, void *context) {
  struct culprit_bpf_ends *ends = calloc(1, sizeof *ends);
  if (!ends) return NULL;
  ends->end = end;
  ends->context = context;
  ends->buffer = ring_buffer__new(map, take, ends, NULL);
  if (ends->buffer) return ends;
  free(ends);
  return NULL;
}

int culprit_bpf_take_ends(struct culprit_bpf_ends *ends) {
  return ring_buffer__consume(ends->buffer);
}

void culprit_bpf_close_ends(struct culprit_bpf_ends *ends) {
  ring_buffer__free(ends->buffer);
  free(ends);
}
