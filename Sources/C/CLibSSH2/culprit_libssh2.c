#include "culprit_libssh2.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

int culprit_hmac_sha1(const uint8_t *key, size_t key_length, const uint8_t *data,
                      size_t data_length, uint8_t digest[20]) {
  unsigned int length = 0;
  return HMAC(EVP_sha1(), key, (int)key_length, data, data_length, digest, &length) != NULL &&
         length == 20;
}

int culprit_sha256(const uint8_t *data, size_t length, uint8_t digest[32]) {
  unsigned int written = 0;
  return EVP_Digest(data, length, digest, &written, EVP_sha256(), NULL) == 1 && written == 32;
}

// The ssh-agent's socket blocks, and libssh2 1.10 reads on for ever where it was closed
// (agent.c, _recv_all): so a wait with an end, and an end that is an error.
static ssize_t receive_from_agent(int socket, void *buffer, size_t length, int patience) {
  struct pollfd waiting = {.fd = socket, .events = POLLIN};
  if (poll(&waiting, 1, patience) <= 0) return -ETIMEDOUT;
  ssize_t count = recv(socket, buffer, length, MSG_DONTWAIT);
  return count > 0 ? count : count == 0 ? -ECONNRESET : -errno;
}

// As libssh2's own receive function (misc.c, _libssh2_recv), which also returns -errno.
//
// libssh2 empties the socket before it hands out the first packet, and forgets what it has
// queued when that ends in an error: so an end is told only when the queue was handed out.
static ssize_t receive(libssh2_socket_t socket, void *buffer, size_t length, int flags,
                       void **abstract) {
  struct culprit_receiver *receiver = *abstract;
  if (socket != receiver->socket) {
    return receive_from_agent(socket, buffer, length, receiver->agent_patience);
  }
  ssize_t count = recv(socket, buffer, length, flags);
  if (count > 0) {
    receiver->has_delivered = 1;
    struct culprit_greeting *greeting = receiver->greeting;
    if (greeting) {
      size_t room = sizeof greeting->bytes - greeting->length;
      size_t kept = (size_t)count < room ? (size_t)count : room;
      memcpy(greeting->bytes + greeting->length, buffer, kept);
      greeting->length += kept;
    }
    return count;
  }
  int is_empty = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  int delivered = receiver->has_delivered;
  receiver->has_delivered = 0;
  if (is_empty || delivered) return -EAGAIN;
  return count == 0 ? 0 : -errno;
}

LIBSSH2_SESSION *culprit_session_new(struct culprit_receiver *receiver) {
  LIBSSH2_SESSION *session = libssh2_session_init_ex(NULL, NULL, NULL, receiver);
  if (session) libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)receive);
  return session;
}
