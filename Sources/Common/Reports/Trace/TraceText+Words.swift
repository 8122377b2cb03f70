import Bytes
import Records
import TraceReport

// Cells, columns and figures of a trace's text.

extension TraceText {
  /// Several hosts have a column that says where.
  private var hostWidth: Int? {
    hosts.count > 1 ? min(24, max(4, hosts.map(\.host.count).max() ?? 4)) : nil
  }

  var hostColumn: [(LineTable.Side, Int)] { hostWidth.map { [(.left, $0)] } ?? [] }

  func hostCell(_ host: String) -> [String] {
    hostWidth == nil ? [] : [Printable.text(host, limit: 80)]
  }

  func pid(_ who: ProcessIdentity) -> String { who.id.pid > 0 ? "\(who.id.pid)" : "-" }

  /// `postgres (4711)`, as far as it is known.
  func name(_ who: ProcessIdentity) -> String {
    let name = taskText(who.name)
    if name.isEmpty { return who.id.pid > 0 ? "pid \(who.id.pid)" : "a process" }
    return who.id.pid > 0 ? "\(name) (\(who.id.pid))" : name
  }

  /// Share of its time that it spent in calls about files; of several threads it may be above 100.
  func blocked(_ process: TracedProcess) -> String {
    let blocked = process.blockedNanoseconds
    guard process.callNanoseconds > 0 || process.calls.isEmpty else { return "-" }
    guard process.knowsSpan else { return DurationFigure.text(blocked) }
    return percent(blocked, of: process.nanoseconds)
  }

  func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "-" }
    let percent = Double(part) * 100 / Double(whole)
    return (percent > 0 && percent < 1 ? "<1" : figure(percent, 0)) + "%"
  }

  func user(_ who: ProcessIdentity) -> String {
    who.user ?? who.userID.value.map { "\($0)" } ?? "-"
  }

  func command(of who: ProcessIdentity) -> String {
    guard let command = who.commandLine.value, !command.isEmpty else {
      return "[\(taskText(who.name))]"
    }
    return Printable.text(command)
  }

  func heading(_ text: String) -> String { "\n" + bold(text) + "\n" }

  func bold(_ text: String) -> String { colours ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  func more(_ count: Int) -> String { count > rows ? "  and \(count - rows) more\n" : "" }

  func cut(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return (line.count > width ? line.prefix(max(width - 1, 20)) + "…" : line[...]) + "\n"
  }

  /// On as many lines as it takes, those after the first set in.
  func folded(_ text: String) -> String {
    let indent = String(text.prefix { $0 == " " })
    var lines = ""
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > max(width, 20) {
        lines += cut(line)
        line = ""
      }
      line += line.isEmpty ? indent + (lines.isEmpty ? "" : "  ") + word : " " + word
    }
    return lines + cut(line)
  }
}

/// Counts as columns have room for them: `950`, `12.3k`, `4.5M`.
enum CountFigure {
  static func text(_ count: UInt64) -> String {
    guard count >= 10_000 else { return "\(count)" }
    var value = Double(count)
    var unit = ""
    for next in ["k", "M", "G", "T"] where value >= 1000 {
      value /= 1000
      unit = next
    }
    return (value >= 100 ? figure(value, 0) : figure(value, 1)) + unit
  }
}

/// Spans of time as columns have room for them: `90 µs`, `12 ms`, `8.2 s`, `3 min`.
enum DurationFigure {
  static func text(_ nanoseconds: UInt64) -> String {
    let value = Double(nanoseconds)
    switch value {
    case 0: return "0 s"
    case ..<1_000_000: return "\(figure(value / 1e3, 0)) µs"
    case ..<1_000_000_000: return "\(figure(value / 1e6, 0)) ms"
    case ..<100_000_000_000: return "\(figure(value / 1e9, value < 10_000_000_000 ? 2 : 1)) s"
    default: return DurationText.long(seconds: value / 1e9)
    }
  }
}
