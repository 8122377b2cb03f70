import TestSupport
import Testing

@testable import SSHFleet

/// Two hundred hosts at once, on real sshds.
@Suite(.enabled(if: Machine.hasSSHD, Comment(rawValue: needsSSHD)), .liveAlone)
struct FleetScaleTests {
  /// An sshd as Debian configures it (MaxStartups 10:30:100): a fleet that starts at once neither
  /// storms it nor is kept out by it.
  @Test func aWholeFleetOnAnSSHDWithDefaultsGetsIn() async throws {
    let server = try await SSHServer.start(.init(lines: ["MaxStartups 10:30:100"]))
    let recorders = (0..<200).map { _ in LinkRecorder() }
    try await withFleet { fleet in
      for (index, recorder) in recorders.enumerated() {
        fleet.add(
          try server.target("web\(index)", command: "echo row; sleep 600", interval: 600),
          delegate: recorder)
      }
      for recorder in recorders {
        try await recorder.wait(for: "a row", within: 200) { $0.rows >= 1 }
      }
    }
    #expect(server.logins == 200)
    // A connection that sshd drops is tried again, later and later: some, not a storm.
    #expect(server.connections < 400)
  }

  /// A bastion with OpenSSH's own defaults carries a whole fleet over one login.
  @Test func twoHundredHostsBehindOneBastion() async throws {
    let site = try await BastionSite(hosts: 16, bastionLines: ["MaxStartups 10:30:100"])
    let recorders = (0..<200).map { _ in LinkRecorder() }
    try await withFleet(site.options) { fleet in
      for (index, recorder) in recorders.enumerated() {
        var target = try site.target(index % 16 + 1)
        target.name = "web\(index)"
        target.command = "echo row; sleep 600"
        target.intervalSeconds = 600
        fleet.add(target, delegate: recorder)
      }
      for recorder in recorders {
        try await recorder.wait(for: "a row", within: 200) { $0.rows >= 1 }
      }
    }
    #expect(site.bastion.logins == 1)
    #expect(site.bastion.connections == 1)
    #expect(site.host.logins == 200)
  }
}
