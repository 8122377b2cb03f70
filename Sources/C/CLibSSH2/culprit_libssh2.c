#include "culprit_libssh2.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/socket.h>

int culprit_hmac_sha1(const uint8_t *key, size_t key_length, const uint8_t *data,
                      size_t data_length, uint8_t digest[20]) {
  unsigned int length = 0;
  return HMAC(EVP_sha1(), key, (int)key_length, data, data_length, digest, &length) != NULL &&
         length == 20;
}

// As libssh2's own receive function (misc.c, _libssh2_recv), which also returns -errno.
static ssize_t receive(libssh2_socket_t socket, void *buffer, size_t length, int flags,
                       void **abstract) {
  ssize_t count = recv(socket, buffer, length, flags);
  if (count < 0) return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
  struct culprit_greeting *greeting = *abstract;
  if (greeting && count > 0) {
    size_t room = sizeof greeting->bytes - greeting->length;
    size_t kept = (size_t)count < room ? (size_t)count : room;
    memcpy(greeting->bytes + greeting->length, buffer, kept);
    greeting->length += kept;
  }
  return count;
}

LIBSSH2_SESSION *culprit_session_new(struct culprit_greeting *greeting) {
  LIBSSH2_SESSION *session = libssh2_session_init_ex(NULL, NULL, NULL, greeting);
  if (session) libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)receive);
  return session;
}

void culprit_session_detach(LIBSSH2_SESSION *session) { *libssh2_session_abstract(session) = NULL; }
