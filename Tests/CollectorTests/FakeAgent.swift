import Foundation
import SSHFleet
import TestSupport

@testable import Collector

/// A program named culprit-agent that plays recorded frames, at a real sshd.
final class FakeAgent {
  let folder: TestFolder
  let server: SSHServer

  /// - Parameter script: what it does, with its verb as `$1`, in a folder where `frames` are.
  init(_ script: String?, frames: [String: [UInt8]] = [:], lines: [String] = []) async throws {
    folder = try TestFolder()
    if let script {
      let body = "cd \(folder.path)\necho \"$*\" >>calls\n\(script)"
      try folder.writeProgram(body, to: "culprit-agent")
    }
    for (name, bytes) in frames { try folder.write(bytes, to: name) }
    // Of two lines with one keyword the first counts, so this one says all.
    let environment = "SetEnv PATH=\(folder.path):/usr/bin:/bin HOME=\(folder.path)"
    server = try await SSHServer.start(.init(lines: [environment] + lines))
  }

  /// How it was called, a line a call.
  var calls: [String] { folder.read("calls").split(separator: "\n").map(String.init) }

  func target(_ transport: Transport = .libssh2, name: String = "web1") throws -> FleetTarget {
    var target = FleetTarget(
      name: name, address: "127.0.0.1", transport: transport,
      explicit: LinkSettings(
        user: Machine.user, port: server.port, identities: [server.login.path],
        knownHosts: [try server.knownHosts()]),
      command: RemoteCommand.text(intervalSeconds: 1, prefersAgent: true))
    target.asksAgent = true
    return target
  }

  static var options: FleetOptions {
    var options = FleetOptions()
    options.sshConfigFile = "none"
    return options
  }
}
