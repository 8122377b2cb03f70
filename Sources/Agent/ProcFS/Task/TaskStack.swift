import Bytes
import Records

/// `/proc/PID/stack`: kernel functions, the innermost first (proc_pid_stack(5), since Linux
/// 2.6.29; needs CAP_SYS_ADMIN since 4.18).
///
/// Lines are `[<0>] function+0x12/0x34 [module]` since 4.12 and `[<ffffffff811d5f5a>] …` before;
/// the last one of old kernels is `[<ffffffffffffffff>] 0xffffffffffffffff`.
public enum TaskStack {
  /// Longest name kept, bytes; a mangled C++ or Rust name may be longer.
  static let nameLimit = 128

  /// Functions without offsets and modules; empty where there is none to see.
  public static func functions(_ bytes: Span<UInt8>) -> [String] {
    var result: [String] = []
    var cursor = 0
    while let line = bytes.nextLine(&cursor), result.count < WaitingTask.stackLimit {
      // The last line may have been cut.
      guard line.upperBound < bytes.count, let name = name(bytes, line) else { continue }
      result.append(Printable.text(bytes.extracting(name), limit: nameLimit))
    }
    return result
  }

  private static func name(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Range<Int>? {
    var start = line.lowerBound
    if bytes.holds("[<", at: start) {
      guard let end = bytes.index(of: UInt8(ascii: "]"), from: start), end < line.upperBound else {
        return nil
      }
      start = end + 1
    }
    bytes.skipBlanks(&start)
    var end = start
    while end < line.upperBound, bytes[end] != UInt8(ascii: "+"), bytes[end] != UInt8(ascii: " ") {
      end += 1
    }
    guard end > start, !bytes.holds("0x", at: start) else { return nil }
    return start..<end
  }
}
