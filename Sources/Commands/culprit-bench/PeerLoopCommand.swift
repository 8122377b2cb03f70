import ArgumentParser
import CPeerLoop
import Foundation

/// The C loop as a process of its own, so that its CPU time is nobody else's.
struct PeerLoopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peer-loop",
    abstract: "Counts the lines of many hosts: the plain C loop over libssh2.",
    discussion: "Ends at SIGTERM or SIGINT and prints what it counted as one JSON line.",
    shouldDisplay: false)

  @Option(help: "File with an IPv4 address per line.")
  var addresses: String

  @Option var port: UInt16 = 22
  @Option var user = "root"
  @Option(help: "Private key file.") var identity: String
  @Option(help: "What is run on each host.") var command = "vmstat 1"
  @Option(help: "Handshakes under way at a time.") var window = 32

  func run() throws {
    let handler: @convention(c) (Int32) -> Void = { _ in culprit_peer_stop() }
    // Without SA_RESTART: epoll_wait(2) is never restarted anyway.
    signal(SIGTERM, handler)
    signal(SIGINT, handler)
    let list = try String(contentsOfFile: addresses, encoding: .utf8)
    var totals = culprit_peer_totals()
    let result = loop(list.split(separator: "\n").map(String.init), &totals)
    guard result == 0 else { throw BenchError.peerLoop(reason: -result) }
    let failure = String(cString: culprit_peer_first_failure())
    printJSON { line in
      line.field("connected", Int64(clamping: totals.connected))
      line.field("failed", Int64(clamping: totals.failed))
      line.field("lines", Int64(clamping: totals.lines))
      line.field("bytes", Int64(clamping: totals.bytes))
      line.field("first_failure", failure.isEmpty ? nil : failure)
    }
  }

  private func loop(_ addresses: [String], _ totals: inout culprit_peer_totals) -> Int32 {
    let strings = [user, identity, command] + addresses
    let pointers = strings.map { UnsafePointer(strdup($0)) }
    defer { for pointer in pointers { free(UnsafeMutableRawPointer(mutating: pointer)) } }
    return pointers.withUnsafeBufferPointer { buffer in
      var options = culprit_peer_options()
      options.user = buffer[0]
      options.identity = buffer[1]
      options.command = buffer[2]
      options.addresses = buffer.baseAddress?.advanced(by: 3)
      options.count = addresses.count
      options.port = port
      options.window = window
      return culprit_peer_loop(&options, &totals)
    }
  }
}
