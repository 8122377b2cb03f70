// Counts a thread's allocations: malloc(3) and its kin are defined here, ahead of glibc's, which do
// the work (glibc's manual, "Replacing malloc"). Memory that other functions of glibc's give
// (memalign and the like) comes from the same heap, so it may be freed here; it isn't counted.
#include "culprit_allocations.h"

#include <malloc.h>
#include <stdlib.h>

// A sanitizer brings its own malloc; then nothing is counted.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static _Thread_local int is_counting;
static _Thread_local struct culprit_allocations allocations;

void culprit_allocations_begin(void) {
  allocations = (struct culprit_allocations){0};
  is_counting = 1;
}

struct culprit_allocations culprit_allocations_end(void) {
  is_counting = 0;
  return allocations;
}

#ifndef HAS_SANITIZER
static void *counted(void *memory) {
  if (is_counting && memory) {
    allocations.count += 1;
    allocations.bytes += (int64_t)malloc_usable_size(memory);
  }
  return memory;
}

static void uncount(void *memory) {
  if (is_counting && memory) allocations.bytes -= (int64_t)malloc_usable_size(memory);
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }

void free(void *memory) {
  uncount(memory);
  __libc_free(memory);
}

void *realloc(void *memory, size_t size) {
  // Where it fails, which ends a Swift program, the old memory stays and the count is off.
  uncount(memory);
  return counted(__libc_realloc(memory, size));
}
#endif
