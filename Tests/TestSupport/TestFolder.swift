import Foundation

/// A folder of its own for a test, gone with all that is in it when the test lets go of it.
public final class TestFolder: Sendable {
  public let path: String

  /// - Parameter parent: `/var/tmp` is on a block device where `/tmp` may not be.
  public init(below parent: String = NSTemporaryDirectory()) throws {
    // A short name: the path of a socket has room for 107 bytes.
    var template = Array("\(parent)/culprit-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw TestTrouble("no folder for the test: \(String(cString: strerror(errno)))")
    }
    let name = template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    path = (String(decoding: name, as: UTF8.self) as NSString).standardizingPath
    // Some tests let another user in.
    chmod(path, 0o755)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, in one step for who reads it meanwhile, and returns its path.
  @discardableResult
  public func write(_ text: String, to name: String, mode: mode_t = 0o644) throws -> String {
    try write(Array(text.utf8), to: name, mode: mode)
  }

  @discardableResult
  public func write(_ bytes: [UInt8], to name: String, mode: mode_t = 0o644) throws -> String {
    let path = file(name)
    try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    chmod(path, mode)
    if mode & 0o111 != 0 { try Self.awaitWriters(of: path) }
    return path
  }

  /// Writes a shell script that can be run at once, and returns its path.
  @discardableResult
  public func writeProgram(_ script: String, to name: String) throws -> String {
    try write("#!/bin/sh\n\(script)\n", to: name, mode: 0o755)
  }

  /// Waits until nobody has the file open for writing, as it must be before it can be run: a child
  /// that another test started while it was written has it open too, until it has become its own
  /// program (ETXTBSY of execve(2)). A read lease is given at that moment (F_SETLEASE of fcntl(2)).
  public static func awaitWriters(of path: String) throws {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw TestTrouble("\(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    let setLease: Int32 = 1024  // F_SETLEASE, which Glibc's module leaves out
    let end = Monotonic.now + 90
    while fcntl(file, setLease, F_RDLCK) != 0 {
      guard errno == EAGAIN, Monotonic.now < end else {
        throw TestTrouble("no lease of \(path): \(String(cString: strerror(errno)))")
      }
      usleep(1_000)
    }
    _ = fcntl(file, setLease, F_UNLCK)
  }

  @discardableResult
  public func makeFolder(_ name: String, mode: mode_t = 0o755) throws -> String {
    let path = file(name)
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: nil)
    chmod(path, mode)
    return path
  }

  /// The text of a file; empty where there is none (yet).
  public func read(_ name: String) -> String { TestFolder.text(file(name)) }

  /// The text of the file at `path`; empty where there is none (yet).
  public static func text(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}

/// What kept a test from being made ready, or what it waited for in vain.
public struct TestTrouble: Error, CustomStringConvertible {
  public var description: String

  public init(_ description: String) {
    self.description = description
  }
}
