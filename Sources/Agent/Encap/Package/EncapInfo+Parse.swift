import Bytes

extension EncapInfo {
  static let fileName = Array("encapinfo".utf8)
  /// Longest line, bytes; epkg's own buffer has room for no more (encapinfo.c).
  static let lineLimit = 1023
  static let fileLimit = 1 << 20

  /// Reads the text of the file at `path`, which is only for messages. Whatever isn't understood makes
  /// the whole package refused, as the specification wants it: it might matter.
  init(_ text: [UInt8], path: String) throws(EncapError) {
    var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
    let first = EncapInfo.content(lines.popFirst() ?? [])
    format = try EncapInfo.format(first, path)
    var seen: Set<String> = []
    for (index, line) in lines.enumerated() {
      let number = index + 2
      func refuse(_ why: String) -> EncapError { .badFile(path: path, line: number, why: why) }
      guard line.count <= EncapInfo.lineLimit, !line.contains(0) else {
        throw refuse("a line of more than \(EncapInfo.lineLimit) bytes, or with a zero byte")
      }
      let content = EncapInfo.content(line)
      guard !content.isEmpty else { continue }
      let (word, rest) = EncapInfo.cut(content)
      let directive = String(decoding: word, as: UTF8.self)
      guard !rest.isEmpty else {
        throw refuse("“\(Printable.text(directive, limit: 40))” wants a value")
      }
      if EncapInfo.unique.contains(directive), !seen.insert(directive).inserted {
        throw refuse("“\(directive)” is there twice")
      }
      do throws(InfoFault) {
        try take(directive, Array(rest))
      } catch {
        throw refuse(error.why)
      }
    }
  }

  private static let unique: Set<String> = ["platform", "date", "contact", "description"]

  private struct InfoFault: Error { let why: String }

  /// `encap 2.1`, and a comment perhaps: epkg itself writes one there.
  private static func format(_ line: [UInt8], _ path: String) throws(EncapError) -> Format {
    let (word, version) = cut(line)
    guard word.elementsEqual("encap".utf8), !version.isEmpty else {
      throw .badFile(
        path: path, line: 1, why: "it begins with the format: encap 2.0 or encap 2.1")
    }
    switch String(decoding: version, as: UTF8.self) {
    case "2.0": return .info
    case "2.1": return .latest
    case let other:
      throw .badFile(
        path: path, line: 1,
        why: "the package has format \(Printable.text(other, limit: 20)), and we know 2.0 and 2.1: "
          + "a newer culprit-agent may know it")
    }
  }

  /// A line without its comment and the blanks around it; `\#` is a `#` of its own.
  private static func content(_ line: ArraySlice<UInt8>) -> [UInt8] {
    var content: [UInt8] = []
    var isEscaped = false
    for byte in line {
      if byte == UInt8(ascii: "#") {
        guard isEscaped else { break }
        content.removeLast()
      }
      isEscaped = byte == UInt8(ascii: "\\")
      content.append(byte)
    }
    return trimmed(content[...])
  }

  private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0D].contains(byte) }

  private static func trimmed(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var text = text.drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return Array(text)
  }

  /// The first word, and what follows it.
  private static func cut(_ text: [UInt8]) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
    let word = text.prefix { !isBlank($0) }
    return (word, text[word.endIndex...].drop(while: isBlank))
  }

  private mutating func take(_ directive: String, _ value: [UInt8]) throws(InfoFault) {
    let text = String(decoding: value, as: UTF8.self)
    switch directive {
    case "platform": platform = text
    case "date": date = text
    case "contact": contact = text
    case "description": description = text
    case "exclude": excludes.append(Glob(pattern: value))
    case "require": requires.append(Glob(pattern: value))
    case "linkdir": linkFolders.append(Glob(pattern: value))
    case "linkname": try takeLinkName(value)
    case "prereq": prerequisites.append(try EncapInfo.prerequisite(value))
    default: throw InfoFault(why: "unknown directive “\(Printable.text(directive, limit: 40))”")
    }
  }

  private mutating func takeLinkName(_ value: [UInt8]) throws(InfoFault) {
    let (word, name) = EncapInfo.cut(value)
    guard let path = EncapPath(untrusted: word), !path.isRoot, !name.isEmpty else {
      throw InfoFault(why: "“linkname” wants a file in the package and another name")
    }
    let isName = !name.contains(UInt8(ascii: "/")) && EncapPath(untrusted: name)?.isRoot == false
    guard isName else { throw InfoFault(why: "the other name is a name, no path") }
    guard linkNames.updateValue(Array(name), forKey: path) == nil else {
      throw InfoFault(why: "“\(path)” has two other names")
    }
  }

  private static func prerequisite(_ value: [UInt8]) throws(InfoFault) -> Prerequisite {
    let (kind, rest) = cut(value)
    let text = String(decoding: rest, as: UTF8.self)
    switch String(decoding: kind, as: UTF8.self) {
    case "regfile", "directory":
      guard text.hasPrefix("/") else { throw InfoFault(why: "“prereq” wants an absolute path") }
      return kind.elementsEqual("regfile".utf8) ? .file(text) : .folder(text)
    case "pkgspec": return try packagePrerequisite(Array(rest))
    default: throw InfoFault(why: "“prereq” is one of pkgspec, regfile, directory")
    }
  }

  private static func packagePrerequisite(_ value: [UInt8]) throws(InfoFault) -> Prerequisite {
    let (word, rest) = cut(value)
    let text = String(decoding: rest, as: UTF8.self)
    guard let range = Prerequisite.Range(rawValue: String(decoding: word, as: UTF8.self)) else {
      throw InfoFault(why: "“prereq pkgspec” wants one of = > >= < <= *")
    }
    // With `*` all of it is the name, dashes included.
    let package =
      range == .any ? EncapPackageName(name: text, version: nil) : EncapPackageName(text)
    guard let package, range == .any || package.version != nil else {
      throw InfoFault(why: "“\(Printable.text(text, limit: 60))” is no package and version")
    }
    return .package(range, name: package.name, version: package.version)
  }
}
