/// Names of system calls by their number, which differ from one architecture to the next.
public enum SystemCallNames {
  /// The name on the machine this was built for; `nil` for a number we don't know.
  public static func name(_ number: Int) -> String? {
    #if arch(x86_64)
      name(number, in: x86_64)
    #elseif arch(arm64)
      name(number, in: aarch64)
    #else
      nil
    #endif
  }

  /// The name of a call of a 32-bit program, which has numbers of its own; `nil` where we don't know
  /// them.
  public static func name32(_ number: Int) -> String? {
    #if arch(x86_64)
      name(number, in: i386)
    #else
      nil
    #endif
  }

  /// All calls of the machine that have a name, and those of its 32-bit programs.
  public static var all: [(number: Int, name: String)] {
    #if arch(x86_64)
      words(of: x86_64)
    #elseif arch(arm64)
      words(of: aarch64)
    #else
      []
    #endif
  }

  public static var all32: [(number: Int, name: String)] {
    #if arch(x86_64)
      words(of: i386)
    #else
      []
    #endif
  }

  private static func words(of table: StaticString) -> [(number: Int, name: String)] {
    table.withUTF8Buffer { bytes in
      bytes.split { $0 <= UInt8(ascii: " ") }.enumerated().compactMap { number, word in
        word.elementsEqual("-".utf8) ? nil : (number, String(decoding: word, as: UTF8.self))
      }
    }
  }

  /// The word at place `number` of `table`.
  static func name(_ number: Int, in table: StaticString) -> String? {
    guard number >= 0 else { return nil }
    return table.withUTF8Buffer { bytes in
      var place = 0
      var start = 0
      for index in 0...bytes.count where index == bytes.count || bytes[index] <= UInt8(ascii: " ") {
        if place == number {
          let word = String(decoding: bytes[start..<index], as: UTF8.self)
          return word == "-" || word.isEmpty ? nil : word
        }
        place += 1
        start = index + 1
      }
      return nil
    }
  }
}
