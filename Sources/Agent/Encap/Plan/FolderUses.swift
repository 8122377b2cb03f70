/// Which folders in the target were made for packages, and which packages have them: only such a
/// folder goes when it becomes empty, and only when no other package has it.
struct FolderUses: Equatable {
  static let noteName = Array("folders".utf8)

  /// The prefix that is asked about: one source may serve several.
  private let target: String
  private var users: [EncapPath: Set<String>] = [:]
  /// What is noted of other prefixes.
  private var otherLines: Set<String> = []

  /// Of what a note says: lines of prefix, folder and package. One that makes no sense is passed over:
  /// a folder more stays.
  init(_ text: [UInt8]?, target: [UInt8]) {
    self.target = EscapedText.word(target)
    for line in (text ?? []).split(separator: UInt8(ascii: "\n")) {
      let line = String(decoding: line, as: UTF8.self)
      let words = line.split(separator: " ")
      guard words.count == 3 else { continue }
      guard words[0] == self.target else {
        otherLines.insert(line)
        continue
      }
      guard let path = EscapedText.bytes(words[1]).flatMap({ EncapPath(untrusted: $0) }),
        !path.isRoot
      else { continue }
      users[path, default: []].insert(String(words[2]))
    }
  }

  var text: String {
    let lines = users.flatMap { path, packages in
      packages.map { "\(target) \(EscapedText.word(path.bytes)) \($0)" }
    }
    return (lines + otherLines).sorted().map { $0 + "\n" }.joined()
  }

  func isOurs(_ path: EncapPath) -> Bool { users[path] != nil }

  func users(of path: EncapPath) -> Set<String> { users[path] ?? [] }

  func uses(of package: EncapPackageName) -> [FolderChanges.Use] {
    let name = package.description
    return users.filter { $0.value.contains(name) }.keys.sorted()
      .map { FolderChanges.Use(path: $0, package: package) }
  }

  mutating func begin(_ uses: [FolderChanges.Use]) {
    for use in uses { users[use.path, default: []].insert(use.package.description) }
  }

  mutating func end(_ uses: [FolderChanges.Use]) {
    for use in uses {
      users[use.path]?.remove(use.package.description)
      if users[use.path]?.isEmpty == true { users[use.path] = nil }
    }
  }
}
