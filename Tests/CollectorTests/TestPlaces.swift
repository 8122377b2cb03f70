import Foundation

/// Where the tests find things.
enum TestPlaces {
  static var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }

  /// The shared recordings beside the repository, where they are there.
  static var vmstatLogs: URL {
    root.deletingLastPathComponent().appendingPathComponent("shared/corpora/vmstat")
  }

  static var hasVmstatLogs: Bool { FileManager.default.fileExists(atPath: vmstatLogs.path) }
}
