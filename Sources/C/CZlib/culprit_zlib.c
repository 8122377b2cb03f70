#include "culprit_zlib.h"

#include <limits.h>
#include <zlib.h>

long culprit_deflate_bound(long count) { return (long)compressBound((uLong)count); }

long culprit_deflate(const void *bytes, long count, void *into, long room) {
  uLongf written = (uLongf)room;
  int status = compress2(into, &written, bytes, (uLong)count, Z_DEFAULT_COMPRESSION);
  return status == Z_OK ? (long)written : -1;
}

// What the header and the trailer of a gzip file take more than zlib's own (RFC 1952).
enum { gzip_extra = 18, gzip_window = 15 + 16 };

long culprit_gzip_bound(long count) { return (long)compressBound((uLong)count) + gzip_extra; }

long culprit_gzip(const void *bytes, long count, void *into, long room) {
  if (count > UINT_MAX || room > UINT_MAX) return -1;
  z_stream stream = {0};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return -1;
  stream.next_in = (Bytef *)bytes;
  stream.avail_in = (uInt)count;
  stream.next_out = into;
  stream.avail_out = (uInt)room;
  int status = deflate(&stream, Z_FINISH);
  long written = room - (long)stream.avail_out;
  deflateEnd(&stream);
  return status == Z_STREAM_END ? written : -1;
}

long culprit_inflate(const void *bytes, long count, void *into, long room) {
  uLongf written = (uLongf)room;
  int status = uncompress(into, &written, bytes, (uLong)count);
  return status == Z_OK ? (long)written : -1;
}
