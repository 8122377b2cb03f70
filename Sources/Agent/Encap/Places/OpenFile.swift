import CSystem
import Glibc

/// An open file. It owns its descriptor.
final class OpenFile {
  let descriptor: Int32
  let path: String

  init(_ descriptor: Int32, _ path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  var status: stat {
    var status = stat()
    fstat(descriptor, &status)
    return status
  }

  var isRegular: Bool { status.isFile }

  func setMode(_ mode: mode_t) throws(EncapError) {
    guard fchmod(descriptor, mode) == 0 else { throw .failed("set the mode of", path) }
  }

  /// When it was last changed, seconds since 1970.
  func setModified(_ seconds: Int64) {
    var times = [timespec](repeating: timespec(tv_sec: Int(seconds), tv_nsec: 0), count: 2)
    futimens(descriptor, &times)
  }

  /// Reads on from there.
  func seek(to offset: Int) { lseek(descriptor, off_t(offset), SEEK_SET) }

  /// Up to so many bytes; none at the end.
  func read(upTo count: Int) throws(EncapError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    while true {
      let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .failed("read", path) }
      bytes.removeLast(count - got)
      return bytes
    }
  }

  /// The whole of a small file.
  func contents(limit: Int = FolderLimits.fileBytes) throws(EncapError) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let part = try read(upTo: 64 << 10)
      guard !part.isEmpty else { return bytes }
      bytes += part
      guard bytes.count <= limit else {
        throw .badFile(path: path, line: nil, why: "larger than \(limit) bytes")
      }
    }
  }

  func write(_ bytes: Span<UInt8>) throws(EncapError) {
    var done = 0
    while done < bytes.count {
      let put = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done)
      }
      if put < 0, errno == EINTR { continue }
      guard put > 0 else { throw .failed("write", path) }
      done += put
    }
  }

  func write(_ text: String) throws(EncapError) {
    let bytes = Array(text.utf8)
    try write(bytes.span)
  }

  /// Waits until what was written is on the disk.
  func sync() throws(EncapError) {
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .failed("sync", path) }
  }
}
