import ArgumentParser
import Bytes
import Collector
import Foundation
import SSHFleet

struct EnrolCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enrol",
    abstract: "Show hosts' keys (SHA-256) and add the unknown ones to known_hosts.",
    discussion: """
      A collector never accepts a new host key by itself: compare what enrol shows with what the \
      host's console or its admin says (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then \
      let it be written. Keys that differ from known ones are never replaced. Nobody logs in.

      EXAMPLES
        culprit enrol web1 db1              shows, asks, adds
        culprit enrol @web --yes            adds without asking
        culprit enrol @web --json           shows only

      EXIT CODES
        0 all keys are known now   1 some aren't   2 wrong use
      """)

  @Argument(help: ArgumentHelp("Hosts, ranges or @tags; all of the fleet file by default."))
  var hosts: [String] = []

  @OptionGroup var fleet: FleetOptionsGroup
  @OptionGroup var connection: ConnectionOptions

  @Flag(help: "Add the unknown keys without asking.")
  var yes = false

  @Flag(help: "JSON Lines: a host per line. Adds nothing without --yes.")
  var json = false

  @Flag(help: "No colours, also on a terminal.")
  var plain = false

  func run() async throws {
    let plan = try FleetPlan(
      arguments: hosts, file: fleet.file(), connection: connection,
      local: nil, acceptsNewKeys: false)
    let targets = plan.targets.filter { $0.transport != .local }
    guard !targets.isEmpty else {
      throw CommandFailure.usage("this machine has no host key to enrol; name hosts")
    }
    let scan = HostKeyScan(options: plan.options)
    var unknown: [ScannedKey] = []
    var bad: [String] = []
    scan.scan(targets) { target, result in
      switch result {
      case .success(let key) where key.verdict == .unknown: unknown.append(key)
      case .success(let key) where key.verdict == .match: break
      case .success, .failure: bad.append(target.name)
      }
      if json { writeJSON(target, result) } else { writeText(target, result) }
    }
    var missing = bad
    if !unknown.isEmpty {
      if try wantsAll(unknown) {
        try add(unknown, with: scan)
      } else {
        missing += unknown.map(\.host)
      }
    }
    guard missing.isEmpty else {
      throw CommandFailure.failed("not enrolled: \(HostNames.fold(missing))")
    }
  }

  private func wantsAll(_ keys: [ScannedKey]) throws -> Bool {
    if yes { return true }
    let what = keys.count == 1 ? "this unknown key" : "these \(keys.count) unknown keys"
    guard !json, StandardOutput.isTerminal, isatty(STDIN_FILENO) == 1 else {
      printError("culprit: nothing was added; compare the keys, then give --yes")
      return false
    }
    StandardOutput.write("Add \(what) to \(files(keys))? [y/N] ")
    let answer = readLine()?.lowercased() ?? ""
    return answer == "y" || answer == "yes"
  }

  private func files(_ keys: [ScannedKey]) -> String {
    Set(keys.compactMap(\.file)).sorted().map { Printable.text($0) }.joined(separator: ", ")
  }

  private func add(_ keys: [ScannedKey], with scan: HostKeyScan) throws {
    do throws(LinkFailure) {
      try scan.add(keys)
    } catch {
      throw CommandFailure.failed(error.description)
    }
    if !json { StandardOutput.write("\(keys.count) added to \(files(keys))\n") }
  }

  private func writeText(_ target: FleetTarget, _ result: Result<ScannedKey, LinkFailure>) {
    let colours = OutputColours(isPlain: plain)
    let name = colours.bold(Printable.text(target.name))
    switch result {
    case .failure(let failure):
      StandardOutput.write("\(name)  \(colours.red(Printable.text(failure.description)))\n")
    case .success(let key):
      let state =
        switch key.verdict {
        case .match: colours.green(EnrolCommand.state(key.verdict))
        case .unknown: colours.yellow(EnrolCommand.state(key.verdict))
        case .changed(let file, let line):
          colours.red(
            "CHANGED: \(Printable.text(file)):\(line) has another key; if you know why, remove "
              + "that line")
        case .revoked(let file, let line):
          colours.red("REVOKED by \(Printable.text(file)):\(line)")
        }
      StandardOutput.write(
        "\(name)  \(Printable.text(key.place))  \(key.keyType)  \(key.fingerprint)  \(state)\n")
    }
  }

  private func writeJSON(_ target: FleetTarget, _ result: Result<ScannedKey, LinkFailure>) {
    var writer = JSONWriter()
    writer.object { json in
      json.field("host", target.name)
      switch result {
      case .failure(let failure):
        json.field("state", "unreachable")
        json.field("error", Printable.text(failure.description))
      case .success(let key):
        json.field("state", EnrolCommand.state(key.verdict))
        json.field("place", key.place)
        json.field("key_type", key.keyType)
        json.field("fingerprint", key.fingerprint)
      }
    }
    StandardOutput.write(writer.takeLine())
  }

  private static func state(_ verdict: KnownHostsVerdict) -> String {
    switch verdict {
    case .match: "known"
    case .unknown: "unknown"
    case .changed: "changed"
    case .revoked: "revoked"
    }
  }
}
