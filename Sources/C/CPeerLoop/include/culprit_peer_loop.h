// The yardstick of culprit-bench: the plain loop over libssh2 that a C programmer would write.
#ifndef CULPRIT_PEER_LOOP_H
#define CULPRIT_PEER_LOOP_H

#include <stddef.h>
#include <stdint.h>

struct culprit_peer_options {
  /// Dotted IPv4 addresses, each a host.
  const char *const *addresses;
  size_t count;
  uint16_t port;
  const char *user;
  /// Private key file, ed25519 or ECDSA.
  const char *identity;
  const char *command;
  /// Handshakes under way at a time.
  size_t window;
};

struct culprit_peer_totals {
  /// Hosts whose command was started.
  uint64_t connected;
  /// Hosts lost, before or after that.
  uint64_t failed;
  uint64_t lines;
  uint64_t bytes;
};

/// Runs the command on every host and counts the lines of its output, until every host is gone or
/// culprit_peer_stop is called. Host keys are not checked. Returns 0, or -errno where the loop
/// itself couldn't run.
int culprit_peer_loop(const struct culprit_peer_options *options,
                      struct culprit_peer_totals *totals);

/// Makes the loop return. May be called from a signal handler.
void culprit_peer_stop(void);

/// Why the host that failed first did: a static text of at most 255 bytes, empty if none did.
const char *culprit_peer_first_failure(void);

#endif
