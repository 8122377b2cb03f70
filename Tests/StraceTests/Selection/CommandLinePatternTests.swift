import Testing

@testable import Strace

/// Expressions come from whoever may ask: none may take all memory, or run for ever.
@Suite struct CommandLinePatternTests {
  private func matches(_ expression: String, _ line: String) throws -> Bool {
    let pattern = try CommandLinePattern(expression)
    return pattern.matches(Array(line.utf8))
  }

  @Test(arguments: [
    ("postgres", "postgres: db1 writer", true), ("^postgres", "sudo postgres", false),
    ("writer$", "postgres: writer", true), ("a|b", "xbx", true), ("x{2,3}$", "axx", true),
    ("[]}{]", "{", true), ("[[:digit:]]{4}", "pid 4711", true), ("wörker", "/usr/bin/wörker", true),
    ("\\{3\\}", "a{3}", true), ("^$", "", true), ("^.", "", false), ("Java", "java", false),
  ])
  func matchesAsRegexSays(expression: String, line: String, isMatch: Bool) throws {
    #expect(try matches(expression, line) == isMatch)
  }

  /// The end is where the line ends, and not where the memory behind it does.
  @Test func linesEndWhereTheyEnd() throws {
    let pattern = try CommandLinePattern("b")
    let bytes = Array("aaab".utf8)
    let (whole, cut) = (pattern.matches(bytes), pattern.matches(Array(bytes.dropLast())))
    #expect(whole && !cut)
    let odd = try CommandLinePattern("\u{1B}").matches([0xFF, 0x1B, 0xFE])
    #expect(odd)
  }

  @Test(arguments: [
    ("", "everybody"), ("(", "Unmatched"), ("a**[", "regular expression"), ("(a)\\1", "back-ref"),
    ("((a{255}){255}){255}", "copies"), ("(a{100}){11}", "copies"), ("a{1,40}b{1,40}", "copies"),
    (String(repeating: "a", count: 257), "256 bytes"), ("x{99999}", "copies"),
  ])
  func whatMakesNoSenseOrCostsTooMuchIsRefused(expression: String, why: String) {
    do {
      _ = try CommandLinePattern(expression)
      Issue.record("\(expression) was taken")
    } catch {
      guard case .badSelection(let text) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(text.contains(why), "\(text)")
    }
  }

  @Test(arguments: ["[{99999}]", "[[:alpha:]{99999}]", "\\{9999\\}", "[^]{9999}]", "a{1000}"])
  func bracesThatRepeatNothingCostNothing(expression: String) throws {
    _ = try CommandLinePattern(expression)
  }
}
