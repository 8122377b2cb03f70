/// Which folders in the target were made for packages, and which packages have them: only such a
/// folder goes when it becomes empty, and only when no other package has it.
struct FolderUses: Equatable {
  static let noteName = Array("folders".utf8)

  private struct Line: Hashable, Comparable {
    let target: [UInt8]
    let path: EncapPath
    let package: String

    static func < (left: Line, right: Line) -> Bool {
      if left.target != right.target { return left.target.lexicographicallyPrecedes(right.target) }
      return left.path == right.path ? left.package < right.package : left.path < right.path
    }
  }

  /// The prefix that is asked about: one source may serve several.
  let target: [UInt8]
  private var lines: Set<Line> = []

  /// Of what a note says; a line that makes no sense is passed over: a folder more stays.
  init(_ text: [UInt8]?, target: [UInt8]) {
    self.target = target
    for line in (text ?? []).split(separator: UInt8(ascii: "\n")) {
      let words = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard words.count == 3, let target = EscapedText.bytes(words[0]),
        let path = EscapedText.bytes(words[1]).flatMap({ EncapPath(untrusted: $0) }), !path.isRoot
      else { continue }
      lines.insert(Line(target: target, path: path, package: String(words[2])))
    }
  }

  var text: String {
    lines.sorted().map {
      "\(EscapedText.word($0.target)) \(EscapedText.word($0.path.bytes)) \($0.package)\n"
    }.joined()
  }

  func isOurs(_ path: EncapPath) -> Bool {
    lines.contains { $0.path == path && $0.target == target }
  }

  func users(of path: EncapPath) -> Set<String> {
    Set(lines.filter { $0.path == path && $0.target == target }.map(\.package))
  }

  func uses(of package: EncapPackageName) -> [FolderChanges.Use] {
    lines.filter { $0.target == target && $0.package == package.description }.sorted()
      .map { FolderChanges.Use(path: $0.path, package: package) }
  }

  mutating func begin(_ uses: [FolderChanges.Use]) {
    for use in uses { lines.insert(line(use)) }
  }

  mutating func end(_ uses: [FolderChanges.Use]) {
    for use in uses { lines.remove(line(use)) }
  }

  private func line(_ use: FolderChanges.Use) -> Line {
    Line(target: target, path: use.path, package: use.package.description)
  }
}
