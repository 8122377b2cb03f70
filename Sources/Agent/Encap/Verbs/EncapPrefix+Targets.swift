import Glibc

/// One source may serve several prefixes. Which ones is noted, so that a package's folder doesn't go
/// while links of another prefix lead into it.
extension EncapPrefix {
  private static let targetsName = Array("targets".utf8)

  func noteTarget(_ path: [UInt8]) throws(EncapError) {
    let text = String(decoding: try source.readNote(EncapPrefix.targetsName) ?? [], as: UTF8.self)
    let line = EscapedText.word(path)
    guard !text.split(separator: "\n").contains(line[...]) else { return }
    try source.note(EncapPrefix.targetsName, text + line + "\n")
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
    let text = try source.readNote(EncapPrefix.targetsName) ?? []
    return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      EscapedText.bytes(String(decoding: line, as: UTF8.self)[...])
    }.filter { $0 != places.targetPath }
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
