import Records
import TestSupport
import Testing

@testable import Strace

/// Whom an expression, a unit or pids mean, over a `/proc` of which all is known.
@Suite struct TraceSelectionTests {
  private func find(
    _ selection: TraceRequest.Selection, in tree: ProcTree, own: Int32 = 0
  ) throws -> [Int32] {
    try TraceSelection.find(
      TraceRequest(selection), in: tree.path, own: own, isStopped: { false }
    ).candidates.map(\.id.pid).sorted()
  }

  private func failure(_ selection: TraceRequest.Selection, in tree: ProcTree) -> TraceFailure? {
    do {
      _ = try find(selection, in: tree)
      return nil
    } catch { return error as? TraceFailure }
  }

  @Test func theFullLineIsLookedAtSecretsAndAll() throws {
    let tree = try ProcTree()
    try tree.add(10, arguments: ["mysql", "--password=geheim"])
    try tree.add(11, arguments: ["mysql", "--user=x"])
    try tree.add(12, "kworker/0:1", flags: 0x20_0000)
    #expect(try find(.commandLine("geheim"), in: tree) == [10])
    #expect(try find(.commandLine("^mysql --"), in: tree) == [10, 11])
    // Who has no line goes by its name; who has one doesn't.
    #expect(try find(.commandLine("kworker"), in: tree) == [12])
    #expect(failure(.commandLine("worker$"), in: tree) != nil)
  }

  /// The class that a Java program is stands behind a class path of kilobytes.
  @Test(arguments: [10, 4095, 4096, 4097, 50_000, 200_000])
  func theEndOfALongLineIsSeen(length: Int) throws {
    let tree = try ProcTree()
    let path = String(repeating: "x", count: length)
    try tree.add(10, "java", arguments: ["java", "-cp", path, "org.example.Main"])
    #expect(try find(.commandLine("org\\.example\\.Main$"), in: tree) == [10])
  }

  @Test func whoAsksDoesntFindItself() throws {
    let tree = try ProcTree()
    try tree.add(10, arguments: ["culprit-agent", "trace", "--match", "postgres"])
    try tree.add(11, arguments: ["postgres"])
    #expect(try find(.commandLine("postgres"), in: tree, own: 10) == [11])
  }

  @Test func unitsAndContainers() throws {
    let tree = try ProcTree()
    let id = String(repeating: "ab12", count: 16)
    try tree.add(10, group: "/system.slice/nginx.service")
    try tree.add(11, group: "/system.slice/nginx-proxy.service")
    try tree.add(12, group: "/system.slice/docker-\(id).scope")
    try tree.add(13, group: "/user.slice/user-1000.slice/session-3.scope")
    #expect(try find(.unit("nginx"), in: tree) == [10])
    #expect(try find(.unit("nginx.service"), in: tree) == [10])
    #expect(try find(.unit("system.slice"), in: tree) == [10, 11, 12])
    #expect(try find(.unit(id), in: tree) == [12])
    #expect(try find(.unit(String(id.prefix(12))), in: tree) == [12])
    // A few digits may be anybody's.
    for name in [String(id.prefix(11)), "ngin", "mysql"] {
      guard case .noMatch(let why) = failure(.unit(name), in: tree) else {
        Issue.record("\(name)")
        continue
      }
      #expect(why.contains(name))
    }
  }

  @Test func pidsAndThreads() throws {
    let tree = try ProcTree()
    try tree.add(10, threads: [(tid: 15, state: "S", tracer: 0)])
    let found = try TraceSelection.find(
      TraceRequest(.pids([15, 10, 15, 99, 99])), in: tree.path, own: 0, isStopped: { false })
    #expect(found.candidates.map(\.id.pid) == [10])
    #expect(found.missing == [99])
    guard case .noMatch(let why) = failure(.pids([98, 99]), in: tree) else {
      Issue.record("nobody is somebody")
      return
    }
    #expect(why.contains("98 99"))
    for pids in [[], [0], [-1], Array(repeating: Int32(10), count: 501)] as [[Int32]] {
      guard case .badSelection = failure(.pids(pids), in: tree) else {
        Issue.record("\(pids.prefix(3))")
        continue
      }
    }
  }

  @Test func moreThanAllowedAreRefusedAndTheWayOutIsNamed() throws {
    let tree = try ProcTree()
    for pid in 10..<40 { try tree.add(pid, arguments: ["worker"]) }
    // These wouldn't be traced anyway.
    for pid in 40..<60 { try tree.add(pid, "kworker", flags: 0x20_0000) }
    var tracer = HostTracer(root: tree.path)
    tracer.own = 0
    var request = TraceRequest(.commandLine("worker"), engine: .strace, isDryRun: true)
    do throws(TraceFailure) {
      _ = try tracer.run(request)
      Issue.record("30 were taken, where 20 are allowed")
    } catch {
      #expect(error == .tooMany(matched: 30, limit: 20))
    }
    request.processLimit = 30
    let trace = try tracer.run(request)
    #expect(trace.matched == 50 && trace.processes.count == 30 && trace.skipped.count == 20)
    #expect(trace.skipped.allSatisfy { $0.reason == .isKernelThread })
  }
}
