import Bytes
import Glibc

/// Why a file can't be explained, fit for a terminal, and what to do.
public struct ReportProblem: Error, CustomStringConvertible, Sendable {
  public let description: String
}

/// A file that somebody has already, read in pieces; `-` is standard input.
struct PastedFile: ~Copyable {
  private static let pieceBytes = 1 << 18

  private let descriptor: Int32
  private var buffer: [UInt8]
  /// For messages.
  let name: String
  /// Bytes that a file has; `nil` where that isn't known.
  let size: UInt64?
  private(set) var readBytes: UInt64 = 0

  init(_ path: String) throws(ReportProblem) {
    let name = path == "-" ? "standard input" : Printable.text(path, limit: 200)
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PastedFile.unreadable(name) }
    self.name = name
    self.descriptor = descriptor
    size = PastedFile.size(of: descriptor)
    buffer = [UInt8](repeating: 0, count: PastedFile.pieceBytes)
  }

  deinit {
    if descriptor > STDIN_FILENO { close(descriptor) }
  }

  /// Calls `body` with the next bytes; `false` at the end.
  mutating func next(_ body: (Span<UInt8>) -> Void) throws(ReportProblem) -> Bool {
    var count = Glibc.read(descriptor, &buffer, buffer.count)
    while count < 0, errno == EINTR { count = Glibc.read(descriptor, &buffer, buffer.count) }
    guard count >= 0 else { throw PastedFile.unreadable(name) }
    guard count > 0 else { return false }
    readBytes += UInt64(count)
    body(buffer.span.extracting(0..<count))
    return true
  }

  private static func size(of descriptor: Int32) -> UInt64? {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(clamping: status.st_size)
  }

  private static func unreadable(_ name: String) -> ReportProblem {
    let why = String(cString: strerror(errno))
    return ReportProblem(
      description: "can't read \(name): \(why); check the name, or give “-” for standard input")
  }
}

/// What a file's own name says of whom its strace watched, where its lines don't.
struct PastedFileName: Equatable {
  var pid: Int32?
  var command: String?

  /// `worker-4711.strace`, as the classic trick names them; `out.4711`, as `strace -ff -o out` does.
  init(_ path: String) {
    let base = path.split(separator: "/").last.map(String.init) ?? ""
    let isTrick = base.hasSuffix(".strace")
    let stem = isTrick ? String(base.dropLast(7)) : base
    let digits = String(stem.reversed().prefix { $0.isASCII && $0.isNumber }.reversed())
    let head = stem.dropLast(digits.count)
    guard (1...7).contains(digits.count), let number = Int32(digits), (1...4_194_304) ~= number,
      head.last == "-" && isTrick || head.last == "."
    else {
      command = isTrick && !stem.isEmpty ? stem : nil
      return
    }
    pid = number
    command = isTrick && head.count > 1 ? String(head.dropLast()) : nil
  }
}
