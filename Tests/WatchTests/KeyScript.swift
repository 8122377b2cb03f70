import Testing

@testable import Watch

extension WatchState {
  /// Presses keys as a person types them: characters, and names in angle brackets: `/web<Enter>`.
  mutating func type(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) {
    var rest = Substring(script)
    while let character = rest.first {
      if character == "<", let end = rest.firstIndex(of: ">") {
        let name = String(rest[rest.index(after: rest.startIndex)..<end])
        if let key = WatchKey(name: name) ?? WatchState.unbindable[name] {
          apply(.key(key))
        } else {
          Issue.record("no key is called \(name)", sourceLocation: sourceLocation)
        }
        rest = rest[rest.index(after: end)...]
      } else {
        apply(.key(.character(character)))
        rest = rest.dropFirst()
      }
    }
  }

  private static let unbindable: [String: WatchKey] = ["Ctrl-C": .interrupt]
}
