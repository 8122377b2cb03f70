import Glibc

/// Whether what a package was built for runs here (encap2.1-specification, 2.5.5).
///
/// epkg wants the names to be the same, down to the kernel's version. We look at what decides it:
/// machine and operating system. A program built for Linux 2.4 runs on 6.x.
enum Platform {
  /// Names of one machine (uname(2)); the first of each is ours.
  private static let aliases: [[String]] = [
    ["x86_64", "amd64", "ix86", "i386", "i486", "i586", "i686", "x86"], ["aarch64", "arm64"],
  ]

  /// `x86_64-linux6.1[-suffix]` (2.1), `Linux-6.1` (2.0), `share`.
  static func runs(_ platform: String, on machine: String = Platform.machine) -> Bool {
    let parts = platform.lowercased().split(separator: "-", omittingEmptySubsequences: false)
    if parts == ["share"] || parts.first == "linux" { return true }
    guard parts.count >= 2, parts[1].hasPrefix("linux") else { return false }
    let wanted = String(parts[0])
    let known = aliases.first { $0.contains(machine) } ?? [machine]
    return known.contains(wanted)
  }

  static var machine: String {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: name.machine) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).lowercased()
    }
  }
}
