// One thread, one epoll, one non-blocking session per host; a host's `step` runs whenever its
// socket can be read (or written, where libssh2 waits for that), and goes on until libssh2 says
// EAGAIN. Written plainly on purpose: it is what culprit is measured against.

#define _GNU_SOURCE
#include "culprit_peer_loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum phase { CONNECTING, HANDSHAKE, AUTHENTICATION, OPENING, STARTING, READING };

struct host {
  int descriptor;
  enum phase phase;
  uint32_t events;  // what epoll waits for now
  LIBSSH2_SESSION *session;
  LIBSSH2_CHANNEL *channel;
};

struct loop {
  const struct culprit_peer_options *options;
  struct culprit_peer_totals *totals;
  struct host *hosts;
  int epoll;
  size_t next;        // the first host not begun
  size_t handshakes;  // hosts begun that don't read yet
  size_t alive;
};

static volatile sig_atomic_t stopped;
static char first_failure[256];

void culprit_peer_stop(void) { stopped = 1; }

const char *culprit_peer_first_failure(void) { return first_failure; }

static void release(struct loop *loop, struct host *host) {
  if (host->descriptor < 0) return;
  if (host->phase != READING) loop->handshakes--;
  loop->alive--;
  // Shut first: libssh2's own farewells then fail at once instead of waiting for the peer.
  shutdown(host->descriptor, SHUT_RDWR);
  if (host->channel) libssh2_channel_free(host->channel);
  if (host->session) libssh2_session_free(host->session);
  close(host->descriptor);
  host->descriptor = -1;
}

static void lose(struct loop *loop, struct host *host, const char *what) {
  static const char *const phases[] = {"connect", "handshake", "authentication",
                                       "channel", "command",   "read"};
  if (!first_failure[0]) {
    char *text = "";
    if (host->session) libssh2_session_last_error(host->session, &text, NULL, 0);
    snprintf(first_failure, sizeof first_failure, "%s: %s: %s %s",
             loop->options->addresses[host - loop->hosts], phases[host->phase], what, text);
  }
  loop->totals->failed++;
  release(loop, host);
}

static int begin(struct loop *loop, struct host *host) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(loop->options->port)};
  inet_pton(AF_INET, loop->options->addresses[host - loop->hosts], &address.sin_addr);
  host->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (host->descriptor < 0) return -errno;
  int on = 1;
  setsockopt(host->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  host->phase = CONNECTING;
  host->events = EPOLLOUT;
  loop->handshakes++;
  loop->alive++;
  if (connect(host->descriptor, (struct sockaddr *)&address, sizeof address) < 0 &&
      errno != EINPROGRESS) {
    lose(loop, host, strerror(errno));
    return 0;
  }
  struct epoll_event event = {.events = host->events, .data.ptr = host};
  return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, host->descriptor, &event) < 0 ? -errno : 0;
}

// The next phase, or a libssh2 error. EAGAIN comes back as it is.
static int advance(const struct culprit_peer_options *options, struct host *host) {
  int result = 0;
  switch (host->phase) {
    case CONNECTING: {
      socklen_t length = sizeof result;
      getsockopt(host->descriptor, SOL_SOCKET, SO_ERROR, &result, &length);
      if (result != 0) return LIBSSH2_ERROR_SOCKET_NONE;
      host->session = libssh2_session_init();
      if (!host->session) return LIBSSH2_ERROR_ALLOC;
      libssh2_session_set_blocking(host->session, 0);
      return 0;
    }
    case HANDSHAKE:
      return libssh2_session_handshake(host->session, host->descriptor);
    case AUTHENTICATION:
      return libssh2_userauth_publickey_fromfile(host->session, options->user, NULL,
                                                 options->identity, NULL);
    case OPENING:
      host->channel = libssh2_channel_open_session(host->session);
      return host->channel ? 0 : libssh2_session_last_errno(host->session);
    case STARTING:
      return libssh2_channel_exec(host->channel, options->command);
    case READING:
      return 0;
  }
  return 0;
}

// 0 for EAGAIN, negative when the host is gone.
static ssize_t drain(struct culprit_peer_totals *totals, struct host *host) {
  char buffer[4096];
  ssize_t count;
  while ((count = libssh2_channel_read(host->channel, buffer, sizeof buffer)) > 0) {
    totals->bytes += (uint64_t)count;
    for (const char *at = buffer, *end = buffer + count;
         (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
      totals->lines++;
    }
  }
  if (count == LIBSSH2_ERROR_EAGAIN) return 0;
  return count == 0 ? LIBSSH2_ERROR_CHANNEL_CLOSED : count;
}

static void await(struct loop *loop, struct host *host) {
  int directions = host->session ? libssh2_session_block_directions(host->session) : 0;
  uint32_t events = (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) ? EPOLLOUT : 0;
  if (!events || (directions & LIBSSH2_SESSION_BLOCK_INBOUND)) events |= EPOLLIN;
  if (events == host->events) return;
  struct epoll_event event = {.events = events, .data.ptr = host};
  if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, host->descriptor, &event) == 0) host->events = events;
}

static void step(struct loop *loop, struct host *host) {
  int result = 0;
  while (host->phase != READING && (result = advance(loop->options, host)) == 0) {
    host->phase++;
    if (host->phase == READING) {
      loop->handshakes--;
      loop->totals->connected++;
    }
  }
  if (result == 0) result = (int)drain(loop->totals, host);
  if (result < 0 && result != LIBSSH2_ERROR_EAGAIN) {
    char number[32];
    snprintf(number, sizeof number, "libssh2 error %d", result);
    lose(loop, host, number);
  } else {
    await(loop, host);
  }
}

static int run(struct loop *loop) {
  struct epoll_event events[64];
  while (!stopped) {
    while (loop->next < loop->options->count && loop->handshakes < loop->options->window) {
      int result = begin(loop, &loop->hosts[loop->next++]);
      if (result < 0) return result;
    }
    if (loop->alive == 0 && loop->next == loop->options->count) return 0;
    int count = epoll_wait(loop->epoll, events, 64, -1);
    if (count < 0 && errno != EINTR) return -errno;
    for (int i = 0; i < count; i++) step(loop, events[i].data.ptr);
  }
  return 0;
}

static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int culprit_peer_loop(const struct culprit_peer_options *options,
                      struct culprit_peer_totals *totals) {
  memset(totals, 0, sizeof *totals);
  raise_descriptor_limit();
  if (libssh2_init(0) != 0) return -ENOMEM;
  struct loop loop = {.options = options, .totals = totals, .epoll = epoll_create1(EPOLL_CLOEXEC)};
  if (loop.epoll < 0) return -errno;
  loop.hosts = calloc(options->count ? options->count : 1, sizeof *loop.hosts);
  if (!loop.hosts) return -ENOMEM;
  for (size_t i = 0; i < options->count; i++) loop.hosts[i].descriptor = -1;
  int result = run(&loop);
  for (size_t i = 0; i < options->count; i++) release(&loop, &loop.hosts[i]);
  free(loop.hosts);
  close(loop.epoll);
  libssh2_exit();
  return result;
}
