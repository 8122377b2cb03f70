#define _GNU_SOURCE
#include "loading.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { error_limit = 1024 };

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

/// What the child says: a status, and beside it the descriptors that there are.
struct answer {
  int code;
  /// A bit for each handle that is there.
  unsigned present;
  char words[error_limit];
};

static void send_answer(int socket, struct answer *answer, const int *handles, int handle_count) {
  struct iovec part = {answer, sizeof *answer};
  char control[CMSG_SPACE(handle_limit * sizeof(int))];
  memset(control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (answer->code == 0) {
    int sent[handle_limit], count = 0;
    for (int index = 0; index < handle_count; index++) {
      if (handles[index] < 0) continue;
      answer->present |= 1u << index;
      sent[count++] = handles[index];
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

static int receive_answer(int socket, struct answer *answer, int *handles, int handle_count) {
  struct iovec part = {answer, sizeof *answer};
  char control[CMSG_SPACE(handle_limit * sizeof(int))];
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                           .msg_controllen = sizeof control};
  ssize_t count;
  do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
  while (count < 0 && errno == EINTR);
  if (count != (ssize_t)sizeof *answer) return -1;
  answer->words[error_limit - 1] = 0;
  for (int index = 0; index < handle_count; index++) handles[index] = -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_type != SCM_RIGHTS) return answer->code ? 0 : -1;
  size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int), taken = 0;
  for (int index = 0; index < handle_count && taken < received; index++)
    if (answer->present >> index & 1)
      memcpy(&handles[index], CMSG_DATA(header) + taken++ * sizeof(int), sizeof(int));
  return 0;
}

int load_in_child(const struct loading *loading, int *handles, int count, char *error,
                  size_t error_length) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    int code = errno;
    snprintf(error, error_length, "socketpair: %s", strerror(code));
    return code;
  }
  pid_t child = fork();
  if (child == 0) {
    struct answer answer = {0};
    int own[handle_limit];
    for (int index = 0; index < handle_limit; index++) own[index] = -1;
    libbpf_set_print(listen_to_libbpf);
    answer.code = loading->load(loading, own);
    snprintf(answer.words, sizeof answer.words, "%s", last_words);
    send_answer(sockets[1], &answer, own, count);
    _exit(0);
  }
  close(sockets[1]);
  struct answer answer = {0};
  int received = child < 0 ? -1 : receive_answer(sockets[0], &answer, handles, count);
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
