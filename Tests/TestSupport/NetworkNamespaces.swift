import Foundation

/// Hosts on one machine: a network namespace each, joined by a bridge in one more, where whoever
/// connects to them runs. Nothing of it touches the machine's own network, and all is gone with it.
public final class NetworkNamespaces: Sendable {
  public let count: Int
  private let prefix: String

  public static let canBeMade =
    Machine.isRoot && Machine.has("ip")
    && FileManager.default.fileExists(atPath: "/proc/self/ns/net")
  public static let needs = "needs root and ip (iproute2)"

  public static func make(_ count: Int) async throws -> NetworkNamespaces {
    let spaces = NetworkNamespaces(count: count)
    try await spaces.set()
    return spaces
  }

  private init(count: Int) {
    self.count = count
    prefix = "culprit\(getpid())"
  }

  deinit {
    for name in [centre] + (0..<count).map(host) {
      // A namespace goes with its last process and its name; links go with it.
      _ = NetworkNamespaces.runNow(["ip", "netns", "delete", name])
    }
  }

  /// Where the collector runs.
  public var centre: String { "\(prefix)c" }
  public func host(_ index: Int) -> String { "\(prefix)h\(index)" }
  public func address(_ index: Int) -> String { "10.231.0.\(index + 1)" }

  /// The words that run a command in a namespace.
  public static func inside(_ name: String) -> [String] { ["ip", "netns", "exec", name] }

  private func set() async throws {
    var lines = ["netns add \(centre)"]
    for index in 0..<count { lines.append("netns add \(host(index))") }
    try await batch(lines)
    lines = [
      "link add br0 type bridge", "link set br0 up", "link set lo up",
      "address add 10.231.0.254/24 dev br0",
    ]
    for index in 0..<count {
      lines += [
        "link add v\(index) type veth peer name eth0 netns \(host(index))",
        "link set v\(index) master br0", "link set v\(index) up",
      ]
    }
    try await batch(lines, in: centre)
    for index in 0..<count {
      try await batch(
        ["address add \(address(index))/24 dev eth0", "link set eth0 up", "link set lo up"],
        in: host(index))
    }
  }

  private func batch(_ lines: [String], in name: String? = nil) async throws {
    let space = name.map { ["-n", $0] } ?? []
    let result = try await Program.run(
      ["ip"] + space + ["-batch", "-"], input: Array((lines.joined(separator: "\n") + "\n").utf8))
    guard result.code == 0 else { throw TestTrouble("ip \(lines): \(result)") }
  }

  /// Cuts a host's link, or mends it: packets vanish, and nobody is told.
  public func setLink(_ index: Int, isUp: Bool) async throws {
    try await batch(["link set v\(index) \(isUp ? "up" : "down")"], in: centre)
  }

  private static func runNow(_ words: [String]) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return -1 }
    process.waitUntilExit()
    return process.terminationStatus
  }
}
