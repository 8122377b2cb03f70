import Glibc

/// The log that epkg keeps, in its format (log.c): date, target, package, what was done, how it went.
/// Beside `install` and `remove` it has `rollback` here.
extension EncapPrefix {
  static let logName = Array("epkg.log".utf8)
  /// So much of its end is read.
  private static let logBytes = 256 << 10

  private struct LogLine {
    let package: EncapPackageName
    let mode: String
    let status: String
  }

  func log(_ journal: EncapJournal, _ status: EncapOutcome.Status) throws(EncapError) {
    var text = ""
    for package in journal.previous {
      text += EncapPrefix.line(journal.target, package, "remove", "success")
    }
    if let package = journal.package {
      let mode = journal.verb == "rollback" ? "rollback" : "install"
      text += EncapPrefix.line(journal.target, package, mode, status.rawValue)
    }
    var file = try source.folder.file(EncapPrefix.logName, flags: O_WRONLY | O_APPEND)
    if file == nil { file = try source.folder.create(EncapPrefix.logName) }
    try file?.write(text)
    try file?.sync()
  }

  private static func line(
    _ target: [UInt8], _ package: EncapPackageName, _ mode: String, _ status: String
  ) -> String {
    let target = padded(EscapedText.word(target), 20)
    return "\(date()) \(target) \(padded("\(package)", 24)) \(padded(mode, 7)) \(status)\n"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
  }

  /// `Nov 28 2025 19:41`, as the host's clock on the wall.
  private static func date() -> String {
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    let month = months[Int(parts.tm_mon) % 12]
    let day = parts.tm_mday < 10 ? " \(parts.tm_mday)" : "\(parts.tm_mday)"
    let minute = parts.tm_min < 10 ? "0\(parts.tm_min)" : "\(parts.tm_min)"
    let hour = parts.tm_hour < 10 ? "0\(parts.tm_hour)" : "\(parts.tm_hour)"
    return "\(month) \(day) \(1900 + parts.tm_year) \(hour):\(minute)"
  }

  /// What was linked before `current`, in that order; what was gone back from is forgotten.
  func history(
    of name: String, current: EncapPackageName
  ) throws(EncapError) -> [EncapPackageName] {
    var linked: [EncapPackageName] = []
    for line in try logLines(of: name) where ["success", "partial", "failed"].contains(line.status)
    {
      switch line.mode {
      case "install":
        if linked.last != line.package { linked.append(line.package) }
      case "rollback":
        let before = linked.lastIndex(of: line.package)
        linked = before.map { Array(linked[...$0]) } ?? [line.package]
      default: break
      }
    }
    let end = linked.lastIndex(of: current) ?? linked.count
    return linked[..<end].filter { $0 != current }
  }

  private func logLines(of name: String) throws(EncapError) -> [LogLine] {
    guard let file = try source.folder.file(EncapPrefix.logName) else { return [] }
    let size = Int(file.status.st_size)
    file.seek(to: max(0, size - EncapPrefix.logBytes))
    let text = try file.contents(limit: 2 * EncapPrefix.logBytes)
    let target = EscapedText.word(places.targetPath)
    return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
      guard words.count == 8, words[4] == target, let package = EncapPackageName(words[5]),
        package.name == name
      else { return nil }
      return LogLine(package: package, mode: words[6], status: words[7])
    }
  }
}
