#define _GNU_SOURCE
#include "culprit_system.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

// Fills in `address`; its length, or -ENAMETOOLONG.
static int unix_address(const char *path, struct sockaddr_un *address) {
  size_t length = strlen(path);
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
  memcpy(address->sun_path, path, length + 1);
  return (int)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

static int failed(int descriptor) {
  int reason = errno;
  if (descriptor >= 0) close(descriptor);
  return -reason;
}

int culprit_unix_listen(const char *path, mode_t mode) {
  struct sockaddr_un address;
  int length = unix_address(path, &address);
  if (length < 0) return length;
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  // The file has the mode of the socket's own inode, less the umask: it is never there with a wider
  // one than asked for.
  if (fchmod(descriptor, mode) < 0) return failed(descriptor);
  if (bind(descriptor, (struct sockaddr *)&address, (socklen_t)length) < 0) {
    return failed(descriptor);
  }
  if (chmod(path, mode) < 0) return failed(descriptor);
  return listen(descriptor, 16) < 0 ? failed(descriptor) : descriptor;
}

int culprit_unix_connect(const char *path, int datagram) {
  struct sockaddr_un address;
  int length = unix_address(path, &address);
  if (length < 0) return length;
  int kind = datagram ? SOCK_DGRAM : SOCK_STREAM;
  int descriptor = socket(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  if (connect(descriptor, (struct sockaddr *)&address, (socklen_t)length) < 0) {
    return failed(descriptor);
  }
  return descriptor;
}

int culprit_claim_name(const char *name, culprit_peer_credentials *holder) {
  struct sockaddr_un address;
  // One byte less, for the NUL in front.
  int length = unix_address(name, &address);
  if (length < 0 || (size_t)length >= sizeof address) return -ENAMETOOLONG;
  memmove(address.sun_path + 1, address.sun_path, sizeof address.sun_path - 1);
  address.sun_path[0] = '\0';
  holder->pid = 0;
  holder->user = (uid_t)-1;
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  // Its credentials are those of when it listened, so whoever has the name must listen.
  if (bind(descriptor, (struct sockaddr *)&address, (socklen_t)length) == 0) {
    return listen(descriptor, 128) < 0 ? failed(descriptor) : descriptor;
  }
  int reason = errno;
  if (reason == EADDRINUSE &&
      connect(descriptor, (struct sockaddr *)&address, (socklen_t)length) == 0) {
    culprit_peer(descriptor, holder);
  }
  close(descriptor);
  return -reason;
}

int culprit_accept(int listener) {
  int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  return descriptor < 0 ? -errno : descriptor;
}

int culprit_peer(int socket, culprit_peer_credentials *peer) {
  struct ucred credentials;
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -errno;
  peer->pid = credentials.pid;
  peer->user = credentials.uid;
  peer->group = credentials.gid;
  size = sizeof peer->groups;
  peer->group_count = 0;
  // Since Linux 4.13; before, the file's own mode is all there is.
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &size) == 0) {
    peer->group_count = (int)(size / sizeof peer->groups[0]);
  }
  return 0;
}

void culprit_share_heap(void) {
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, 64 << 10);
#endif
}

int culprit_lock_memory(void) {
  return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 ? -errno : 0;
}

int culprit_start_thread(void *(*body)(void *), void *context, unsigned long stack_bytes) {
  pthread_attr_t attributes;
  int reason = pthread_attr_init(&attributes);
  if (reason != 0) return -reason;
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // Signals are for the main thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  reason = pthread_create(&thread, &attributes, body, context);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return -reason;
}
