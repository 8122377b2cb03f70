import Collector
import Foundation
import Logging

/// A log handler that writes lines to a descriptor: `2026-11-23T03:12:04Z notice: …`.
struct LineLogHandler: LogHandler {
  let descriptor: Int32
  let showsTime: Bool
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = showsTime ? ISO8601DateFormatter().string(from: Date()) + " " : "culprit: "
    let line = "\(time)\(event.level): \(event.message)\n"
    // A log that can't be written has nowhere to say so.
    try? StandardOutput.write(Array(line.utf8), to: descriptor)
  }
}

extension LogOptions {
  /// The logger of a command. While the screen is in use it writes into a file: the one named,
  /// or `watch.log` in the state folder; where that can't be written, nothing is logged.
  func logger(screenInUse: Bool = false) throws -> Logger {
    var descriptor = STDERR_FILENO
    if let logFile {
      descriptor = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
      guard descriptor >= 0 else {
        throw CommandFailure.failed(
          "can't log into \(logFile): \(String(cString: strerror(errno)))")
      }
    } else if screenInUse {
      try? StandardPlaces.makeStateFolder()
      let path = "\(StandardPlaces.stateFolder)/watch.log"
      descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
      if descriptor < 0 { descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC) }
    }
    let handler = LineLogHandler(
      descriptor: descriptor, showsTime: descriptor != STDERR_FILENO || isatty(STDERR_FILENO) == 0,
      logLevel: logLevel.level)
    return Logger(label: "culprit") { _ in handler }
  }
}
