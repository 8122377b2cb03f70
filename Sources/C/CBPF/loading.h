// Loading programs in a child that hands the descriptors over.
#ifndef CULPRIT_LOADING_H
#define CULPRIT_LOADING_H

#include <stddef.h>

/// What a child is to load, and how.
struct loading {
  /// Loads and leaves descriptors in `handles`, -1 where there is none. Returns 0, or errno. It runs
  /// in the child, whose end closes what it opened.
  int (*load)(const struct loading *loading, int *handles);
  const void *object;
  size_t length;
  /// What else `load` needs to know.
  const void *sizes;
};

enum { handle_limit = 16 };

/// Runs `load` in a child and receives its `count` descriptors (SCM_RIGHTS), all O_CLOEXEC: reading
/// the kernel's BTF takes 13 MB, which our caller never sees. Returns 0, or errno with a sentence in
/// `error`.
int load_in_child(const struct loading *loading, int *handles, int count, char *error,
                  size_t error_length);

#endif
