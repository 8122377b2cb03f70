#include "culprit_libssh2.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

int culprit_hmac_sha1(const uint8_t *key, size_t key_length, const uint8_t *data,
                      size_t data_length, uint8_t digest[20]) {
  unsigned int length = 0;
  return HMAC(EVP_sha1(), key, (int)key_length, data, data_length, digest, &length) != NULL &&
         length == 20;
}
