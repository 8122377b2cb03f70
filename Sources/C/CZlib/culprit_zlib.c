#include "culprit_zlib.h"

#include <zlib.h>

long culprit_deflate_bound(long count) { return (long)compressBound((uLong)count); }

long culprit_deflate(const void *bytes, long count, void *into, long room) {
  uLongf written = (uLongf)room;
  int status = compress2(into, &written, bytes, (uLong)count, Z_DEFAULT_COMPRESSION);
  return status == Z_OK ? (long)written : -1;
}

long culprit_inflate(const void *bytes, long count, void *into, long room) {
  uLongf written = (uLongf)room;
  int status = uncompress(into, &written, bytes, (uLong)count);
  return status == Z_OK ? (long)written : -1;
}
