import Collector
import Foundation
import Watch

/// Where colours and keys of the viewer's own come from.
enum RulesFile {
  /// The rules of the file that was named, or of the first that stands in a usual place, or none.
  static func read(_ named: String?) throws -> WatchRules {
    let usual = StandardPlaces.configurationFiles("culprit.conf")
      .first { FileManager.default.fileExists(atPath: $0) }
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
