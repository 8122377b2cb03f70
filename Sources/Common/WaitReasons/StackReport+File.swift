import Bytes
import Glibc

/// Why a report can't be explained, fit for a terminal, and what to do.
public struct ReportProblem: Error, CustomStringConvertible {
  public let description: String
}

extension StackReport {
  /// Reads the report in the file `path`, `-` for standard input, up to ``textLimit``.
  ///
  /// - Throws: where it can't be read, or has no task in it.
  public static func read(_ path: String) throws(ReportProblem) -> StackReport {
    let name = path == "-" ? "standard input" : Printable.text(path, limit: 200)
    let report = parse(try bytes(of: path, name))
    guard report.tasks.isEmpty else { return report }
    throw ReportProblem(
      description:
        "\(name): no task's stack in it; give the output of cat /proc/PID/stack, of "
        + "dmesg | grep -A40 'blocked for more', or of echo w > /proc/sysrq-trigger; dmesg")
  }

  private static func bytes(of path: String, _ name: String) throws(ReportProblem) -> [UInt8] {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(name) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    // One byte more than is read shows that there is more.
    while bytes.count <= textLimit {
      let count = Glibc.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(name) }
      guard count > 0 else { break }
      bytes += piece[..<count]
    }
    return bytes
  }

  private static func unreadable(_ name: String) -> ReportProblem {
    let why = String(cString: strerror(errno))
    return ReportProblem(
      description:
        "can't read \(name): \(why); check the name, or give “-” for standard input")
  }
}
