import Bytes

/// How much of a command line may leave the sampling path.
public enum CommandLinePolicy: String, CaseIterable, Sendable {
  /// All of it, secrets replaced by `***`.
  case masked
  /// The program alone.
  case name
  /// As it is.
  case full
}

/// `/proc/PID/cmdline` (proc_pid_cmdline(5)): arguments, each ended by a NUL; empty for kernel
/// threads and zombies. A program may have written anything else there.
public enum TaskCommandLine {
  /// Bytes that are read; a secret that begins behind them is never seen.
  public static let readLimit = 4096
  /// Characters that are kept.
  public static let shownLimit = 512

  /// Printable and bounded.
  public static func text(_ bytes: Span<UInt8>, policy: CommandLinePolicy) -> String {
    let bytes = bytes.extracting(0..<min(bytes.count, readLimit))
    switch policy {
    case .masked:
      let masked = CommandMask.masked(arguments: bytes)
      return Printable.text(masked.span, limit: shownLimit)
    case .name:
      return Printable.text(bytes.extracting(0..<programLength(bytes)), limit: shownLimit)
    case .full:
      var text: [UInt8] = []
      for index in bytes.indices {
        text.append(bytes[index] == 0 ? UInt8(ascii: " ") : bytes[index])
      }
      while text.last == UInt8(ascii: " ") { text.removeLast() }
      return Printable.text(text.span, limit: shownLimit)
    }
  }

  /// The first word: a program that rewrites its line (`postgres: user db`) has no NUL behind it.
  private static func programLength(_ bytes: Span<UInt8>) -> Int {
    var end = 0
    while end < bytes.count, bytes[end] != 0, bytes[end] != UInt8(ascii: " ") { end += 1 }
    return end
  }
}
