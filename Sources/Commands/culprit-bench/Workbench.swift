import Foundation

/// What a run needs around it: a folder of its own with throw-away keys, and the processes it
/// starts. Both are gone when `use` returns, however it does.
final class Workbench {
  let folder: String
  let children = Children()
  let port: UInt16

  var identity: String { folder + "/identity" }
  var hostKey: String { folder + "/host_key" }

  static func use(_ body: (Workbench) throws -> Void) throws {
    Interruption.install()
    let workbench = try Workbench()
    defer { workbench.close() }
    try workbench.makeKeys()
    try body(workbench)
  }

  private init() throws {
    let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    var template = Array("\(parent)/culprit-bench.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw BenchError.system(call: "a folder in \(parent)", reason: errno)
    }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    port = try Workbench.freePort()
  }

  private func close() {
    children.endAll()
    try? FileManager.default.removeItem(atPath: folder)
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try text.write(toFile: path(name), atomically: false, encoding: .utf8)
    return path(name)
  }

  /// The last lines of a log in the folder, on one line.
  func tail(of name: String) -> String {
    let data = FileManager.default.contents(atPath: path(name)) ?? Data()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").suffix(5)
      .joined(separator: " | ")
  }

  /// Opens a log in the folder for a child; the caller closes it.
  func openLog(_ name: String) throws -> Int32 {
    let log = open(path(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard log >= 0 else { throw BenchError.system(call: path(name), reason: errno) }
    return log
  }

  /// A known_hosts file in which every address has the servers' one key.
  func writeKnownHosts(_ addresses: [String]) throws -> String {
    let key = try String(contentsOfFile: hostKey + ".pub", encoding: .utf8)
      .split(separator: " ").prefix(2).joined(separator: " ")
    let lines = addresses.map { "[\($0)]:\(port) \(key)\n" }
    return try write(lines.joined(), to: "known_hosts")
  }

  /// The name of the user we are: real sshd lets nobody else in.
  static var userName: String {
    guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "root" }
    return String(cString: name)
  }

  /// Runs a program to its end, its output in a log of the folder.
  func run(_ arguments: [String], log name: String) throws {
    let log = try openLog(name)
    defer { Glibc.close(log) }
    let pid = try children.start(arguments, output: log, error: log)
    _ = try Pause.until(30, step: 0.01) { !children.isRunning(pid) }
    children.end([pid])
  }

  private func makeKeys() throws {
    for key in [identity, hostKey] {
      try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], log: "keygen.log")
      guard FileManager.default.fileExists(atPath: key + ".pub") else {
        throw BenchError.missingProgram(
          name: "ssh-keygen", path: "PATH", remedy: "apt install openssh-client")
      }
    }
  }

  private static func freePort() throws -> UInt16 {
    let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard probe >= 0 else { throw BenchError.system(call: "socket", reason: errno) }
    defer { Glibc.close(probe) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(probe, $0, length) == 0 ? getsockname(probe, $0, &length) : -1
      }
    }
    guard result == 0 else { throw BenchError.system(call: "a free port", reason: errno) }
    return UInt16(bigEndian: address.sin_port)
  }
}
