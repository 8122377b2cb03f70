import Collector
import Foundation

/// What was rolled out from here, by version: the list of sums that `status` holds the hosts to, so
/// that a host isn't only asked what it thinks of itself.
public struct PackageRecord: Sendable {
  let folder: String

  public init(_ folder: String = "\(StandardPlaces.stateFolder)/packages") {
    self.folder = folder
  }

  /// Keeps a package's list of sums.
  public func keep(_ package: AgentPackage) throws(DeployError) {
    if folder.hasPrefix(StandardPlaces.stateFolder + "/") { try? StandardPlaces.makeStateFolder() }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o750])
      try Data(package.sums.utf8).write(
        to: URL(fileURLWithPath: file(package.version.description)), options: .atomic)
    } catch {
      throw .system(path: folder, call: "write", errno: errno)
    }
  }

  /// The checksum of a version's list; `nil` where that version wasn't rolled out from here.
  func checksum(of version: String) -> String? {
    guard PackageVersion.isPlain(version),
      let data = FileManager.default.contents(atPath: file(version))
    else { return nil }
    return Checksum.of([UInt8](data))
  }

  private func file(_ version: String) -> String {
    "\(folder)/\(PackageVersion.agentName)-\(version).sha256"
  }
}
