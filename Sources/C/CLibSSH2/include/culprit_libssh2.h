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

#endif
