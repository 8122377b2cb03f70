/// Names of kernel functions, as stacks and wait channels print them.
enum KernelSymbol {
  /// Longest name kept: KSYM_NAME_LEN of Linux 6.1 and newer (128 before).
  static let limit = 512

  /// What compilers append to the name of a copy or a part of a function.
  private static let suffixes: [String] = [
    ".isra", ".constprop", ".part", ".cold", ".llvm", ".lto_priv", ".localalias", ".warm",
  ]

  /// `name` without its offset (`+0x12/0x34`) and without what the compiler appended
  /// (`.isra.0`, `.constprop.0`, `.part.70`, `.cold`, `.llvm.123`).
  ///
  /// Allocates nothing where there is nothing to take away.
  static func plain(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 == dot || $0 == plus }) else { return name }
    var result = name[...]
    if let end = result.utf8.firstIndex(of: plus) { result = result[..<end] }
    var start = result.startIndex
    while let place = result[start...].utf8.firstIndex(of: dot) {
      let tail = result[place...]
      if suffixes.contains(where: { isSuffix($0, of: tail) }) { return String(result[..<place]) }
      start = result.utf8.index(after: place)
    }
    return String(result)
  }

  /// Whether `tail` is `suffix`, alone or with a further `.` after it.
  private static func isSuffix(_ suffix: String, of tail: Substring) -> Bool {
    guard tail.hasPrefix(suffix) else { return false }
    let rest = tail.utf8.dropFirst(suffix.utf8.count)
    return rest.isEmpty || rest.first == dot
  }

  /// Bytes of a name in C, and of what compilers and modules add.
  static func isPart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), dot, UInt8(ascii: "$"):
      true
    default: false
    }
  }

  private static let dot = UInt8(ascii: ".")
  private static let plus = UInt8(ascii: "+")
}
