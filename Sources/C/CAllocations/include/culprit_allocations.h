#ifndef CULPRIT_ALLOCATIONS_H
#define CULPRIT_ALLOCATIONS_H

#include <stdint.h>

/// What the calling thread asked of the heap since it began to count.
struct culprit_allocations {
  /// Calls of malloc, calloc, and realloc that gave memory.
  uint64_t count;
  /// Bytes that are in use beyond those at the start, as malloc_usable_size(3) counts them; below 0
  /// where more was given back.
  int64_t bytes;
};

/// Sets the calling thread's counts to 0, and counts from now on.
void culprit_allocations_begin(void);
/// Stops counting, and gives the counts.
struct culprit_allocations culprit_allocations_end(void);

#endif
