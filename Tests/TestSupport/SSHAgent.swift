import Foundation

/// A real ssh-agent with keys in it.
public final class SSHAgent {
  public let socket: String
  private let folder: TestFolder
  private let program: Program

  deinit {
    // It is set-group-ID, so the kernel doesn't end it with the tests.
    program.send(SIGTERM)
  }

  private init(folder: TestFolder, socket: String, program: Program) {
    self.folder = folder
    self.socket = socket
    self.program = program
  }

  /// Starts an agent that holds `keys`, each with its passphrase.
  public static func start(_ keys: [(key: KeyPair, passphrase: String)]) async throws -> SSHAgent {
    let folder = try TestFolder()
    let socket = folder.file("agent")
    let program = try Program(["ssh-agent", "-D", "-a", socket])
    let agent = SSHAgent(folder: folder, socket: socket, program: program)
    try await until("the ssh-agent's socket") { FileManager.default.fileExists(atPath: socket) }
    // What ssh-add asks for a passphrase.
    for (key, passphrase) in keys {
      let asker = try folder.write(
        "#!/bin/sh\nprintf '%s\\n' '\(passphrase)'\n", to: "ask", mode: 0o700)
      let added = try await Program.run(
        ["ssh-add", "-q", key.path],
        environment: [
          "SSH_AUTH_SOCK": socket, "SSH_ASKPASS": asker, "SSH_ASKPASS_REQUIRE": "force",
        ])
      guard added.code == 0 else { throw TestTrouble("ssh-add: \(added)") }
    }
    return agent
  }
}
