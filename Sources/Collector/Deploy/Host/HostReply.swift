import Bytes

/// What a host answered to a verb.
struct HostReply: Equatable, Sendable {
  struct Fact: Equatable, Sendable {
    var name: String
    var value: String
  }

  /// Most facts and notes taken, and their longest, characters.
  static let factLimit = 500
  static let textLimit = 500

  var facts: [Fact] = []
  var notes: [String] = []

  subscript(name: String) -> String? { facts.first { $0.name == name }?.value }

  /// Lines of the host's script. Those that aren't ours are passed over: a login shell prints what it
  /// likes.
  enum Line: Equatable {
    case greeting
    /// It isn't root yet, and asks sudo.
    case asking
    case send(Int)
    case fact(Fact)
    case note(String)
    case done
    case failed(String)

    init?(_ bytes: Span<UInt8>) {
      let text = Printable.text(bytes, limit: HostReply.textLimit)
      guard text.hasPrefix("@") else { return nil }
      let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      let rest = words.count > 1 ? String(words[1]) : ""
      switch words[0] {
      case "@deploy" where text == HostScript.greeting: self = .greeting
      case "@sudo" where text == HostScript.asking: self = .asking
      case "@send":
        guard let count = Int(rest), count >= 0 else { return nil }
        self = .send(count)
      case "@is":
        let parts = rest.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty else { return nil }
        self = .fact(Fact(name: String(name), value: parts.count > 1 ? String(parts[1]) : ""))
      case "@note": self = .note(rest)
      case "@done": self = .done
      case "@failed": self = .failed(rest.isEmpty ? "it failed without a word" : rest)
      default: return nil
      }
    }
  }

  /// Takes a line in; whether there was room.
  mutating func take(_ line: Line) -> Bool {
    guard facts.count + notes.count < HostReply.factLimit else { return false }
    switch line {
    case .fact(let fact): facts.append(fact)
    case .note(let text): notes.append(text)
    case .greeting, .asking, .send, .done, .failed: break
    }
    return true
  }
}
