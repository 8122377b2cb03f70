import Foundation
import Watch

/// Where colours and keys of the viewer's own come from.
enum RulesFile {
  /// The files looked for, in this order, where none is named.
  static var usualPlaces: [String] {
    let folder = ProcessInfo.processInfo.environment["XDG_CONFIG_HOME"].flatMap {
      $0.isEmpty ? nil : $0
    }
    return [
      (folder ?? "\(NSHomeDirectory())/.config") + "/culprit/culprit.conf",
      "/etc/culprit/culprit.conf",
    ]
  }

  /// The rules of the file that was named, or of the first that stands in a usual place, or none.
  static func read(_ named: String?) throws -> WatchRules {
    let usual = usualPlaces.first { FileManager.default.fileExists(atPath: $0) }
    guard let path = named ?? usual else { return .standard }
    let bytes: Data
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      bytes = try file.read(upToCount: WatchRules.fileLimit + 1) ?? Data()
    } catch {
      let reason =
        access(path, R_OK) == 0 ? "it is no regular file" : String(cString: strerror(errno))
      throw CommandFailure.usage("can't read \(path): \(reason); name another with --config FILE")
    }
    guard bytes.count <= WatchRules.fileLimit else {
      throw CommandFailure.usage("\(path) is larger than \(WatchRules.fileLimit) bytes")
    }
    do throws(RuleError) {
      return try WatchRules.parse([UInt8](bytes), file: path)
    } catch {
      throw CommandFailure.usage(error.description)
    }
  }
}
