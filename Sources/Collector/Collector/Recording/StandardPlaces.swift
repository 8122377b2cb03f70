import Foundation

/// Where things are by default: the service's folders for root, the XDG ones for a person.
public enum StandardPlaces {
  /// `/var/lib/culprit` for the service, `$XDG_STATE_HOME/culprit` for a person.
  public static var stateFolder: String {
    if let folder = environment("STATE_DIRECTORY") { return folder }
    if geteuid() == 0 { return serviceFolder }
    return (environment("XDG_STATE_HOME") ?? "\(NSHomeDirectory())/.local/state") + "/culprit"
  }

  private static let serviceFolder = "/var/lib/culprit"

  /// The history of a collector that runs as a service.
  public static let serviceHistory = "\(serviceFolder)/history.db"

  public static var history: String { "\(stateFolder)/history.db" }

  /// The fleet files looked for, in this order, where none is named.
  public static var fleetFiles: [String] { configurationFiles("fleet.toml") }

  /// Where a configuration file of this name may be, the person's own first.
  public static func configurationFiles(_ name: String) -> [String] {
    let personal = environment("XDG_CONFIG_HOME") ?? "\(NSHomeDirectory())/.config"
    return ["\(personal)/culprit/\(name)", "/etc/culprit/\(name)"]
  }

  /// `[history] path` of a fleet file: a relative one is inside the state folder.
  public static func history(of file: FleetFile?) -> String {
    guard let path = file?.history.path else { return history }
    if path.hasPrefix("~/") { return NSHomeDirectory() + path.dropFirst() }
    return path.hasPrefix("/") ? path : "\(stateFolder)/\(path)"
  }

  /// Makes the state folder where `path` is in it; a folder that the user named must be there.
  public static func makeFolder(for path: String) throws {
    guard path.hasPrefix(stateFolder + "/") else { return }
    try makeStateFolder()
  }

  public static func makeStateFolder() throws {
    try FileManager.default.createDirectory(
      atPath: stateFolder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o750])
  }

  private static func environment(_ name: String) -> String? {
    guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { return nil }
    return value
  }
}
