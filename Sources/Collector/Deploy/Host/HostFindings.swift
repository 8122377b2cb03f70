import Encap

/// What a host has, as its script tells it. All text is printable, and none of it is trusted: it is
/// shown and compared.
struct HostFindings: Equatable, Sendable {
  struct Package: Equatable, Sendable {
    var version: String
    /// Its files are what its own list of sums says.
    var isIntact: Bool
    /// SHA-256 of that list.
    var checksum: String
    /// Files that aren't what the list says.
    var changed: [String] = []
  }

  /// A file in our way.
  struct Foreign: Equatable, Sendable {
    var path: String
    /// The distribution's package that owns it; empty where nobody does.
    var owner: String
  }

  var system = ""
  var machine = ""
  /// `systemd` or `plain`.
  var initKind = ""
  /// Bytes free where packages are kept.
  var freeBytes: Int?
  /// Folders that can't be written to.
  var readOnly: [String] = []
  /// The version that is linked.
  var linked: String?
  /// The version that was proven good last, and the one before.
  var kept: String?
  var previous: String?
  var packages: [Package] = []
  /// `running`, `stopped` or `absent`.
  var service = ""
  /// The executable that runs.
  var running: String?
  var foreign: [Foreign] = []
  /// What isn't as deploy left it, besides packages' files.
  var drift: [String] = []
  var hasUser = false
  /// Spooled frames are there.
  var hasSpool = false
  /// It can unpack what gzip(1) packed.
  var hasGzip = false

  init(_ reply: HostReply) {
    for fact in reply.facts { take(fact) }
  }

  private mutating func take(_ fact: HostReply.Fact) {
    let value = fact.value
    let words = value.split(separator: " ").map(String.init)
    let text = value.isEmpty ? nil : value
    switch fact.name {
    case "system": system = value
    case "machine": machine = value
    case "init": initKind = value
    case "free": freeBytes = Int(value)
    case "readonly": readOnly.append(value)
    case "linked": linked = text
    case "kept": kept = text
    case "previous": previous = text
    case "service": service = value
    case "running": running = text
    case "drift": drift.append(value)
    case "user": hasUser = value == "yes"
    case "spool": hasSpool = value == "yes"
    case "gzip": hasGzip = value == "yes"
    case "foreign" where !words.isEmpty:
      foreign.append(Foreign(path: words[0], owner: words.dropFirst().joined(separator: " ")))
    case "package" where words.count >= 2:
      packages.append(
        Package(
          version: words[0], isIntact: words[1] == "intact",
          checksum: words.count > 2 ? words[2] : ""))
    case "changed" where words.count >= 2:
      guard let index = packages.firstIndex(where: { $0.version == words[0] }) else { return }
      packages[index].changed.append(words.dropFirst().joined(separator: " "))
    default: break
    }
  }

  func package(_ version: String) -> Package? { packages.first { $0.version == version } }

  /// Whether a version's own executable is what runs.
  func runs(_ version: String) -> Bool {
    service == "running"
      && running == "/usr/local/encap/\(PackageVersion.agentName)-\(version)/bin/culprit-agent"
  }

  /// What a rollback goes back to: the version before the one that is linked, or else the newest
  /// older one that is there.
  var rollbackVersion: String? {
    guard let linked else { return nil }
    if let previous, previous != linked, package(previous) != nil { return previous }
    guard let current = EncapVersion(linked) else { return nil }
    return packages.compactMap { EncapVersion($0.version) }.filter { $0 < current }.max()?
      .description
  }
}
