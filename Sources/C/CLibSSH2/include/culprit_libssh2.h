// libssh2 and the few macros of it that Swift can't see, and HMAC-SHA1 (of the libcrypto that
// libssh2 itself links) for hashed known_hosts entries.
#ifndef CULPRIT_LIBSSH2_H
#define CULPRIT_LIBSSH2_H

#include <libssh2.h>
#include <stddef.h>
#include <stdint.h>

/// HMAC-SHA1 (RFC 2104) of `data` under `key`, 20 bytes into `digest`; 1 on success.
int culprit_hmac_sha1(const uint8_t *key, size_t key_length, const uint8_t *data,
                      size_t data_length, uint8_t digest[20]);

/// SHA-256 of `data`, 32 bytes into `digest`; 1 on success.
int culprit_sha256(const uint8_t *data, size_t length, uint8_t digest[32]);

/// The first bytes that a server sends: its banner and its KEXINIT, both in clear. libssh2 keeps
/// neither where the negotiation fails, and the user wants to know what the server offered.
struct culprit_greeting {
  size_t length;
  uint8_t bytes[4096];
};

/// What our receive function needs to know; lives as long as its session.
struct culprit_receiver {
  /// The session's own socket; any other is the ssh-agent's.
  int socket;
  /// How long the ssh-agent may take for an answer, milliseconds.
  int agent_patience;
  /// Whether bytes were handed over since the socket was last found empty.
  int has_delivered;
  /// Collects the first bytes; NULL once they don't matter any more.
  struct culprit_greeting *greeting;
};

/// A new session that receives through `receiver`.
LIBSSH2_SESSION *culprit_session_new(struct culprit_receiver *receiver);

#endif
