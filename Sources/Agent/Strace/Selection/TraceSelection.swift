import Bytes
import Records

/// Whom a request is about.
struct TraceSelection {
  var candidates: [Candidate] = []
  /// Pids that were named and that nobody has.
  var missing: [Int32] = []
  /// What the reader should know of it.
  var notices: [String] = []

  /// - Parameter own: never found, whatever the expression: our command line holds it.
  /// - Throws: `badSelection` where the request makes no sense, `noMatch` where it finds nobody.
  static func find(
    _ request: TraceRequest, in root: String, own: Int32, isStopped: () -> Bool
  ) throws(TraceFailure) -> TraceSelection {
    var finder = try ProcessFinder(root)
    var found = TraceSelection()
    switch request.selection {
    case .commandLine(let text):
      let pattern = try CommandLinePattern(text)
      found.candidates = finder.matching(pattern, without: [own])
      if found.candidates.isEmpty {
        throw .noMatch(
          "no command line matches “\(shown(text))”; culprit-agent top shows who is there")
      }
    case .unit(let name):
      try check(unit: name)
      found.candidates = finder.inUnit(name, without: [own])
      if found.candidates.isEmpty {
        throw .noMatch(
          "no process is in a unit or container “\(shown(name))”; systemctl status PID and "
            + "culprit-agent process PID say where one is")
      }
    case .pids(let pids): try found.take(pids, &finder)
    case .suspects:
      // strace lets go of children that become another program: of their parent it has nothing to tell.
      let pids = try SuspectFinder.pids(
        countsChildren: request.engine != .strace, isStopped: isStopped)
      for pid in pids where pid != own {
        if let process = finder.process(pid) { found.candidates.append(process) }
      }
      if found.candidates.isEmpty {
        throw .noMatch(
          "nobody waits or moves much just now; culprit-agent top shows when somebody does")
      }
    }
    if !finder.unread.isEmpty {
      let pids = finder.unread.prefix(10).map { "\($0)" }.joined(separator: " ")
      found.notices.append(
        "\(finder.unread.count) stuck processes couldn't be asked whether they match: \(pids)")
    }
    return found
  }

  private mutating func take(
    _ pids: [Int32], _ finder: inout ProcessFinder
  ) throws(TraceFailure) {
    guard !pids.isEmpty, pids.count <= TraceRequest.pidLimit, pids.allSatisfy({ $0 > 0 }) else {
      throw .badSelection("1 to \(TraceRequest.pidLimit) pids can be named, each above 0")
    }
    for pid in pids {
      guard let process = finder.process(pid) else {
        if !missing.contains(pid) { missing.append(pid) }
        continue
      }
      // Two threads of one process are the same.
      if !candidates.contains(where: { $0.id == process.id }) { candidates.append(process) }
    }
    if candidates.isEmpty {
      let named = missing.prefix(10).map { "\($0)" }.joined(separator: " ")
      throw .noMatch(
        "no process \(named) here (any more); culprit-agent top shows those there are")
    }
  }

  private static func check(unit name: String) throws(TraceFailure) {
    guard !name.isEmpty, name.utf8.count <= TraceRequest.textLimit, !name.utf8.contains(0) else {
      throw .badSelection("a unit's name has 1 to \(TraceRequest.textLimit) bytes")
    }
  }

  private static func shown(_ text: String) -> String { Printable.text(text, limit: 80) }
}
