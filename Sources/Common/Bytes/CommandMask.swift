/// Takes secrets out of a command line before it is kept or shown.
///
/// It can't know every program's options. What is named like a secret loses its value, wherever it
/// stands; so do the logins of URLs, and the password options of the programs that are known for
/// them (`PasswordOption`). Where it isn't sure it takes too much.
///
/// The work grows with the length of the line alone, whatever is in it.
public enum CommandMask {
  public static let mask = "***"

  /// A command line as ps prints it, its arguments separated by blanks.
  public static func masked(_ command: String) -> String {
    let bytes = Array(command.utf8)
    var line = MaskedLine(capacity: bytes.count)
    line.append(bytes.span, isArgument: false)
    return String(decoding: line.result, as: UTF8.self)
  }

  /// A command line as the kernel has it, each argument ended by a NUL (proc_pid_cmdline(5)); the
  /// arguments are separated by blanks afterwards. NULs at the end are left out.
  public static func masked(arguments bytes: Span<UInt8>) -> [UInt8] {
    var end = bytes.count
    while end > 0, bytes[end - 1] == 0 { end -= 1 }
    var line = MaskedLine(capacity: end)
    var start = 0
    while start <= end, end > 0 {
      var stop = start
      while stop < end, bytes[stop] != 0 { stop += 1 }
      if start > 0 { line.appendBlank() }
      line.append(bytes.extracting(start..<stop), isArgument: true)
      start = stop + 1
    }
    return line.result
  }
}
