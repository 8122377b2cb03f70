import Logging
import Synchronization

/// A log whose lines a test reads.
final class LogLines: Sendable {
  private let lines = Mutex<[(level: Logger.Level, text: String)]>([])

  var logger: Logger { Logger(label: "test") { [self] _ in Handler(lines: self) } }

  /// Each with its level in front.
  var text: [String] { lines.withLock { lines in lines.map { "\($0.level): \($0.text)" } } }

  func at(_ level: Logger.Level) -> [String] {
    lines.withLock { lines in lines.filter { $0.level == level }.map(\.text) }
  }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.lines.withLock { $0.append((event.level, "\(event.message)")) }
    }
  }
}
