import Glibc

/// What was linked, and into which prefix, is noted: so a package that lost all its links is missed, and
/// one that another prefix links (a source may serve several) isn't removed.
extension EncapPrefix {
  private static let linkedName = Array("linked".utf8)

  /// Lines of prefix and package.
  private func linkedNotes() throws(EncapError) -> [String] {
    String(decoding: try source.readNote(EncapPrefix.linkedName) ?? [], as: UTF8.self)
      .split(separator: "\n").map(String.init)
  }

  /// From before the first step a package counts as linked; those that went until after the last.
  func noteLinked(
    _ added: EncapPackageName?, without gone: [EncapPackageName], in target: [UInt8]
  ) throws(EncapError) {
    let before = try linkedNotes()
    let prefix = EscapedText.word(target)
    let old = Set(gone.filter { $0 != added }.map { "\(prefix) \($0)" })
    var lines = before.filter { !old.contains($0) }
    if let added, !lines.contains("\(prefix) \(added)") { lines.append("\(prefix) \(added)") }
    guard lines != before else { return }
    try source.note(EncapPrefix.linkedName, lines.map { $0 + "\n" }.joined())
  }

  /// Those that should be linked here.
  func notedLinked() throws(EncapError) -> Set<EncapPackageName> {
    let prefix = EscapedText.word(places.targetPath) + " "
    return Set(
      try linkedNotes().filter { $0.hasPrefix(prefix) }
        .compactMap { EncapPackageName(String($0.dropFirst(prefix.count))) })
  }

  /// Those of `packages` that links lead into, and where: in this prefix or in another.
  func linked(
    among packages: [EncapPackageName]
  ) throws(EncapError) -> [EncapPackageName: [UInt8]] {
    var found = try linkedHere(among: packages)
    for target in try otherTargets() {
      let rest = packages.filter { found[$0] == nil }
      guard !rest.isEmpty else { break }
      let there: OpenPlaces
      do throws(EncapError) {
        there = try OpenPlaces(places, target: target)
      } catch {
        // A prefix that is gone has no links any more.
        guard case .system(_, _, ENOENT) = error else { throw error }
        continue
      }
      let links = try EncapPrefix(there, source, options).linkedHere(among: rest)
      found.merge(links) { first, _ in first }
    }
    return found
  }

  private func otherTargets() throws(EncapError) -> [[UInt8]] {
    let words = Set(try linkedNotes().compactMap { $0.split(separator: " ").first })
    return words.sorted().compactMap { EscapedText.bytes($0) }.filter { $0 != places.targetPath }
  }

  /// Any link counts, also one that somebody made by hand.
  private func linkedHere(
    among packages: [EncapPackageName]
  ) throws(EncapError) -> [EncapPackageName: [UInt8]] {
    let links = try TargetReader(places).readAll().packageLinks.compactMap(\.link.packageName)
    var found: [EncapPackageName: [UInt8]] = [:]
    for package in Set(links).intersection(packages) { found[package] = places.targetPath }
    // What is mounted in the prefix wasn't read.
    for package in packages where found[package] == nil {
      if try isLinked(package) { found[package] = places.targetPath }
    }
    return found
  }
}
