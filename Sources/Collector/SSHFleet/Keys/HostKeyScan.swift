import Bytes
import CLibSSH2
import Dispatch
import Foundation
import Synchronization

/// The key that a host shows, and what known_hosts says of it.
public struct ScannedKey: Sendable {
  /// The target's name.
  public var host: String
  /// `10.0.0.11:22` or another name that known_hosts lists the key under.
  public var place: String
  /// `ssh-ed25519` and the like.
  public var keyType: String
  /// As `ssh-keygen -l` prints it.
  public var fingerprint: String
  public var verdict: KnownHostsVerdict
  /// The file it is looked for in, and would be added to.
  public var file: String?
  fileprivate var line: String
}

/// Asks hosts for their keys, by way of OpenSSH's program: it goes the user's own way to them,
/// bastions and all, and speaks every algorithm. Nobody logs in.
public struct HostKeyScan: Sendable {
  private let options: FleetOptions
  private let resolver: EndpointResolver
  private let cache = KnownHostsCache()
  /// Programs that run at once.
  private static let width = 8
  private static let connectSeconds = 15

  public init(options: FleetOptions) {
    self.options = options
    resolver = EndpointResolver(config: SSHConfigSource(file: options.sshConfigFile))
  }

  /// Asks all of them, a few at a time; `tell` is called in their order as answers come.
  public func scan(
    _ targets: [FleetTarget], tell: (FleetTarget, Result<ScannedKey, LinkFailure>) -> Void
  ) {
    let results = Mutex<[Int: Result<ScannedKey, LinkFailure>]>([:])
    let places = DispatchSemaphore(value: HostKeyScan.width)
    let arrivals = DispatchSemaphore(value: 0)
    let queue = DispatchQueue(label: "culprit.scan", attributes: .concurrent)
    let feeder = DispatchQueue(label: "culprit.scan.feeder")
    feeder.async {
      for (index, target) in targets.enumerated() {
        places.wait()
        queue.async {
          let result = Result { () throws(LinkFailure) in try scan(target) }
          results.withLock { $0[index] = result }
          places.signal()
          arrivals.signal()
        }
      }
    }
    for (index, target) in targets.enumerated() {
      while true {
        if let result = results.withLock({ $0[index] }) {
          tell(target, result)
          break
        }
        arrivals.wait()
      }
    }
  }

  private func scan(_ target: FleetTarget) throws(LinkFailure) -> ScannedKey {
    let known = try resolver.settings(target)
    let name = known.answer.hostKeyAlias ?? known.answer.hostName
    let port = known.settings.port ?? known.defaults.port
    let files = (known.settings.knownHosts ?? known.defaults.knownHosts).map(expandHome)
    let (type, key) = try shownKey(target, known, name: name, port: port, files: files)
    let verdict = cache.knownHosts(files: files).keys(host: name, port: port).verdict(key)
    return ScannedKey(
      host: target.name, place: KnownHosts.lookupName(host: name, port: port), keyType: type,
      fingerprint: HostKeyScan.fingerprint(key), verdict: verdict, file: files.first,
      line: KnownHosts.line(host: name, port: port, keyType: type, key: key))
  }

  /// ssh writes the key into a file of ours, and then has nothing to log in with.
  private func shownKey(
    _ target: FleetTarget, _ known: HostSettings, name: String, port: UInt16, files: [String]
  ) throws(LinkFailure) -> (type: String, key: [UInt8]) {
    let folder = NSTemporaryDirectory() + "/culprit-scan-\(UUID().uuidString)"
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: attributes)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = "\(folder)/known_hosts"
    let settings = [
      "UserKnownHostsFile=\(file)", "GlobalKnownHostsFile=none", "StrictHostKeyChecking=accept-new",
      "HashKnownHosts=no", "PreferredAuthentications=none", "UpdateHostKeys=no", "BatchMode=yes",
      "ControlPath=none", "ClearAllForwardings=yes", "ConnectTimeout=\(HostKeyScan.connectSeconds)",
      "LogLevel=ERROR", "RemoteCommand=none",
    ]
    var words = SSHProgram.program
    if let config = options.sshConfigFile { words += ["-F", config] }
    words += ["-T"] + settings.flatMap { ["-o", $0] }
    let types = cache.knownHosts(files: files).keys(host: name, port: port).types
    // The known kind of key first, so that it can be compared.
    if !types.isEmpty {
      words += ["-o", "HostKeyAlgorithms=\(HostKeyScan.algorithms(types).joined(separator: ","))"]
    }
    if let user = known.settings.user { words += ["-l", user] }
    if let port = known.settings.port { words += ["-p", String(port)] }
    let (_, complaint) = try runProgram(words + ["--", target.address, "true"])
    guard let text = FileManager.default.contents(atPath: file),
      let line = String(decoding: text, as: UTF8.self).split(whereSeparator: isLineEnd).first
    else { throw SSHProgram.failure(complaint, status: 255, place: target.address) }
    let parts = line.split(separator: " ")
    guard parts.count >= 3, let key = Data(base64Encoded: String(parts[2])) else {
      throw LinkFailure(.unreachable, "\(target.address): ssh wrote a key that can't be read")
    }
    return (Printable.text(parts[1], limit: 64), [UInt8](key))
  }

  /// An RSA key signs under other names; a kind that isn't known yet comes last.
  private static func algorithms(_ types: [String]) -> [String] {
    let all = HostKeyTypes.all.filter { $0 != "ssh-rsa" }
    let wanted = types.filter(all.contains)
    let rsa = ["rsa-sha2-512", "rsa-sha2-256"]
    let first = types.contains("ssh-rsa") ? wanted + rsa : wanted
    return first + (all + rsa).filter { !first.contains($0) }
  }

  /// A key's SHA-256, as `ssh-keygen -l` prints it.
  static func fingerprint(_ key: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    guard culprit_sha256(key, key.count, &digest) == 1 else { return "SHA256:?" }
    return "SHA256:" + Data(digest).base64EncodedString().prefix { $0 != "=" }
  }

  /// Writes keys to known_hosts: each to the file where it was looked for.
  public func add(_ keys: [ScannedKey]) throws(LinkFailure) {
    for key in keys { try cache.append(key.line, files: key.file.map { [$0] } ?? []) }
  }
}
