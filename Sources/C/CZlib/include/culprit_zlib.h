// zlib's one-call functions, with sizes that Swift counts in.
#ifndef CULPRIT_ZLIB_H
#define CULPRIT_ZLIB_H

/// Room that `culprit_deflate` may need for `count` bytes.
long culprit_deflate_bound(long count);

/// Compresses at zlib's usual level: a tenth smaller than at the fastest, for some milliseconds a
/// piece. Bytes written, or -1 where `room` is too small or memory ran out.
long culprit_deflate(const void *bytes, long count, void *into, long room);

/// Room that `culprit_gzip` may need for `count` bytes.
long culprit_gzip_bound(long count);

/// Compresses into a file as gzip(1) reads it, the same each time. Bytes written, or -1 where `room`
/// is too small or memory ran out.
long culprit_gzip(const void *bytes, long count, void *into, long room);

/// Decompresses; bytes written, or -1 where the bytes are damaged or give more than `room`.
long culprit_inflate(const void *bytes, long count, void *into, long room);

#endif
