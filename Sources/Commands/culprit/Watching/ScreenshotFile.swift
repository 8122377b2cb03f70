import Foundation
import Records
import Watch

/// A screen as text in a file of its own: in the current folder, or where that can't be written
/// in the state folder. What is there already is never overwritten.
enum ScreenshotFile {
  /// Files of one second that are told apart by a number.
  private static let numbersLimit = 100

  /// Writes the screen, and says in one line where it is, or why it is nowhere.
  static func write(_ screen: Screen, at moment: Timestamp, zone: TimeZone, folders: [String])
    -> String
  {
    let text = screen.text.joined(separator: "\n") + "\n"
    let stamp = Moments.date(moment, zone).filter { $0.isNumber }
    var problem = "no folder"
    for folder in folders {
      for number in 1...numbersLimit {
        let name = "culprit-\(stamp)\(number == 1 ? "" : "-\(number)").txt"
        let path = folder == "." ? name : "\(folder)/\(name)"
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        if file < 0, errno == EEXIST { continue }
        guard file >= 0 else {
          problem = "\(path): \(String(cString: strerror(errno)))"
          break
        }
        defer { close(file) }
        guard writeAll(Array(text.utf8), to: file) else {
          return "screenshot: \(path): \(String(cString: strerror(errno)))"
        }
        return "the screen is in \(path)"
      }
    }
    return "screenshot: \(problem)"
  }

  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
