import Bytes

/// A plan on the disk, from before its first step until after its last: who comes after a power cut
/// reads it and finishes it, or takes it back.
struct EncapJournal: Equatable {
  static let noteName = Array("journal".utf8)
  private static let firstLine = "culprit-encap-journal 1"

  /// A random one for each plan.
  let id: String
  /// The prefix, without links.
  let target: [UInt8]
  let verb: String
  /// What is linked in the end; `nil` where packages only go.
  var package: EncapPackageName?
  /// What was linked before, or goes.
  var previous: [EncapPackageName] = []
  /// To be run once all steps are taken.
  var scripts: [ScriptCall] = []
  var folders = FolderChanges()
  var steps: [EncapStep] = []

  /// `install of foo-2.0 (from foo-1.0)`.
  var title: String {
    let previous = previous.map(\.description).joined(separator: ", ")
    guard let package else { return "\(verb) of \(previous)" }
    return "\(verb) of \(package)\(previous.isEmpty ? "" : " (from \(previous))")"
  }

  /// Lines of words; what isn't plain in a name is escaped. The last line tells that all is there.
  var text: String {
    var lines = [
      EncapJournal.firstLine, "id \(id)", "target \(EscapedText.word(target))", "verb \(verb)",
    ]
    if let package { lines.append("package \(package)") }
    lines += previous.map { "previous \($0)" }
    lines += scripts.map { "script \($0.script.rawValue) \($0.package)" }
    lines += folders.begun.map { "begin \(EscapedText.word($0.path.bytes)) \($0.package)" }
    lines += folders.ended.map { "end \(EscapedText.word($0.path.bytes)) \($0.package)" }
    lines += steps.flatMap(EncapJournal.lines)
    let body = lines.joined(separator: "\n") + "\n"
    return body + "sum \(CRC32C.checksum(Array(body.utf8).span))\n"
  }

  private static func lines(_ step: EncapStep) -> [String] {
    let path = EscapedText.word(step.path.bytes)
    switch step {
    case .makeFolder: return ["folder \(path)"]
    case .link(_, let text, let old):
      return [
        "link \(path) \(EscapedText.word(text))\(old.map { " \(EscapedText.word($0))" } ?? "")"
      ]
    case .unfold(_, let text, let contents):
      return ["unfold \(path) \(EscapedText.word(text))"] + contents.map(line)
    case .fold(_, let text, let contents):
      return ["fold \(path) \(EscapedText.word(text))"] + contents.map(line)
    case .unlink(_, let text): return ["unlink \(path) \(EscapedText.word(text))"]
    case .removeFolder: return ["rmdir \(path)"]
    }
  }
}

extension EncapJournal {
  private static func line(_ content: EncapStep.Content) -> String {
    let path = EscapedText.word(content.path.bytes)
    return "in \(path)\(content.text.map { " \(EscapedText.word($0))" } ?? "")"
  }
}

/// A script of a package that is to be run.
struct ScriptCall: Equatable {
  let script: ScriptName
  let package: EncapPackageName
}

extension EncapJournal {
  /// `nil` for what isn't wholly what `text` writes.
  init?(_ text: [UInt8]) {
    let lines = String(decoding: text, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    // The last one is empty: the text ends in a line end.
    guard lines.count >= 6, lines.first == Self.firstLine[...], lines.last == "" else { return nil }
    let body = lines.dropLast(2).joined(separator: "\n") + "\n"
    guard lines[lines.count - 2] == "sum \(CRC32C.checksum(Array(body.utf8).span))" else {
      return nil
    }
    let words = lines.dropFirst().dropLast(2).map { $0.split(separator: " ").map(String.init) }
    guard words[0].count == 2, words[0][0] == "id", words[1].count == 2, words[1][0] == "target",
      let target = EscapedText.bytes(words[1][1]), words[2].count == 2, words[2][0] == "verb"
    else { return nil }
    id = words[0][1]
    self.target = target
    verb = words[2][1]
    for line in words.dropFirst(3) {
      guard take(line) else { return nil }
    }
  }

  private mutating func take(_ words: [String]) -> Bool {
    let path =
      words.count > 1 ? EscapedText.bytes(words[1]).flatMap { EncapPath(untrusted: $0) } : nil
    let texts = words.dropFirst(2).compactMap { EscapedText.bytes($0) }
    let package = words.last.flatMap { EncapPackageName($0) }
    switch (words.first, words.count) {
    case ("package", 2): self.package = package
    case ("previous", 2):
      guard let package else { return false }
      previous.append(package)
    case ("script", 3):
      guard let script = ScriptName(rawValue: words[1]), let package else { return false }
      scripts.append(ScriptCall(script: script, package: package))
    case ("begin", 3), ("end", 3):
      guard let path, let package else { return false }
      let use = FolderChanges.Use(path: path, package: package)
      if words[0] == "begin" { folders.begun.append(use) } else { folders.ended.append(use) }
    default:
      guard let path, !path.isRoot, texts.count == words.count - 2 else { return false }
      return takeStep(words[0], path, texts)
    }
    return true
  }

  private mutating func takeStep(_ word: String, _ path: EncapPath, _ texts: [[UInt8]]) -> Bool {
    switch (word, texts.count) {
    case ("folder", 0): steps.append(.makeFolder(path))
    case ("link", 1), ("link", 2):
      steps.append(.link(path, text: texts[0], replacing: texts.count == 2 ? texts[1] : nil))
    case ("unfold", 1): steps.append(.unfold(path, replacing: texts[0], contents: []))
    case ("fold", 1): steps.append(.fold(path, text: texts[0], contents: []))
    case ("in", 0), ("in", 1): return takeContent(.init(path: path, text: texts.first))
    case ("unlink", 1): steps.append(.unlink(path, text: texts[0]))
    case ("rmdir", 0): steps.append(.removeFolder(path))
    default: return false
    }
    return true
  }

  private mutating func takeContent(_ content: EncapStep.Content) -> Bool {
    guard let step = steps.popLast(), content.path.isInside(step.path), content.path != step.path
    else { return false }
    switch step {
    case .unfold(let path, let text, let contents):
      steps.append(.unfold(path, replacing: text, contents: contents + [content]))
    case .fold(let path, let text, let contents):
      steps.append(.fold(path, text: text, contents: contents + [content]))
    default: return false
    }
    return true
  }
}
