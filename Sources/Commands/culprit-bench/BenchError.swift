/// Why a measurement could not be made.
enum BenchError: Error, CustomStringConvertible {
  /// Ctrl-C or SIGTERM; everything is cleaned up on the way out.
  case interrupted
  case missingProgram(name: String, path: String, remedy: String)
  case system(call: String, reason: Int32)
  case serverNotReady(name: String, log: String)
  case serverSilent(name: String)
  case notConnected(client: String, connected: Int, hosts: Int, log: String)
  case clientEnded(client: String, log: String)
  case tooManyHosts(hosts: Int, limit: Int, server: String)
  case peerLoop(reason: Int32)
  case noHistory(path: String, reason: String)
  case vanished(pid: Int32)
  case allocationsNotCounted

  var description: String {
    switch self {
    case .interrupted: "interrupted"
    case .missingProgram(let name, let path, let remedy):
      "\(name) is not at \(path): \(remedy)"
    case .system(let call, let reason): "\(call): \(errnoText(reason))"
    case .serverNotReady(let name, let log):
      "\(name) did not come up; it said: \(log.isEmpty ? "nothing" : log)"
    case .serverSilent(let name): "\(name) no longer answers; run the command again"
    case .notConnected(let client, let connected, let hosts, let log):
      "\(client): \(connected) of \(hosts) hosts connected in time; it said: "
        + (log.isEmpty ? "nothing" : log)
    case .clientEnded(let client, let log):
      "\(client) ended before it was measured; it said: \(log.isEmpty ? "nothing" : log)"
    case .tooManyHosts(let hosts, let limit, let server):
      "\(hosts) hosts are too many for --server \(server): at most \(limit); "
        + "use --server asyncssh for more"
    case .peerLoop(let reason): "the C loop could not run: \(errnoText(reason))"
    case .noHistory(let path, let reason):
      "\(path) can't be read as culprit's history: \(reason)"
    case .allocationsNotCounted:
      "allocations can't be counted: libc's malloc is not replaced here; build without "
        + "a sanitizer or another allocator"
    case .vanished(let pid): "process \(pid) ended while it was measured"
    }
  }
}
