import Foundation
import SSHFleet

/// The fleet file: which hosts there are, how they are reached, where the history is.
public struct FleetFile: Equatable, Sendable {
  /// A `[[host]]`.
  public struct Host: Equatable, Sendable {
    /// How it is shown and stored.
    public var name: String
    /// Host name, address or ssh alias; its name where none is given.
    public var address: String
    public var tags: [String] = []
    public var settings = LinkSettings()
    public var transport: Transport?
    public var intervalSeconds: Int?

    public init(name: String, address: String? = nil) {
      self.name = name
      self.address = address ?? name
    }
  }

  /// `[defaults]`: what holds where a host says nothing.
  public struct Defaults: Equatable, Sendable {
    public var settings = LinkSettings()
    public var transport: Transport?
    public var intervalSeconds: Int?
    /// As `ssh -F`: another file for `~/.ssh/config`, or `none`.
    public var sshConfig: String?
  }

  /// `[history]`.
  public struct History: Equatable, Sendable {
    /// A relative path is inside the state folder.
    public var path: String?
    public var keepSeconds: Double?
    public var maxSizeBytes: Int64?
    /// Whether commits survive a power cut (`synchronous = "full"`, the default).
    public var survivesPowerCut = true
  }

  /// `[trace]`: what is traced without anybody asking.
  public struct Tracing: Equatable, Sendable {
    /// Whether the suspects of a host are traced when a load spike begins there.
    public var onEpisode = false
    public var seconds = 5.0
    public var processes = 5
    /// How long a host is left alone after a trace, or after it refused one, seconds.
    public var cooldownSeconds = 900.0
    /// Traces within an hour.
    public var hourlyOfHost = 2
    public var hourlyOfFleet = 20

    public init() {}
  }

  public var hosts: [Host] = []
  public var defaults = Defaults()
  public var history = History()
  public var tracing = Tracing()

  public init() {}

  /// Every tag in use, sorted.
  public var tags: [String] {
    Set(hosts.flatMap(\.tags)).sorted()
  }

  public static func read(path: String) throws(FleetFileError) -> FleetFile {
    try FleetFile(text: readListText(path, option: "--fleet"), file: path)
  }
}

/// Largest file read, bytes: 10,000 hosts are about 1 MB.
private let sizeLimit = 16 << 20

/// The text of a file that lists hosts; `option` is how another one is named.
func readListText(_ path: String, option: String) throws(FleetFileError) -> String {
  let data: Data
  do {
    data = try Data(contentsOf: URL(fileURLWithPath: path))
  } catch {
    throw FleetFileError(
      file: path, line: nil,
      "can't be read: \(readErrorText(path)); give another with \(option) FILE")
  }
  guard data.count <= sizeLimit else {
    throw FleetFileError(file: path, line: nil, "is larger than \(sizeLimit >> 20) MiB")
  }
  return String(decoding: data, as: UTF8.self)
}

/// What is wrong with a fleet file: where, and what would be right.
public struct FleetFileError: Error, Equatable, CustomStringConvertible {
  public var file: String
  public var line: Int?
  public var problem: String

  init(file: String, line: Int?, _ problem: String) {
    self.file = file
    self.line = line
    self.problem = problem
  }

  public var description: String {
    line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
  }
}

/// Why a file can't be opened, in the system's own words.
func readErrorText(_ path: String) -> String {
  guard let handle = fopen(path, "r") else { return String(cString: strerror(errno)) }
  fclose(handle)
  return "it is no regular file"
}
