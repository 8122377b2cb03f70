import TestSupport
import Testing

@testable import Strace

@Suite struct StraceProgramTests {
  private func find(_ searchPath: String?, _ usual: [String] = []) throws -> String {
    try StraceProgram.find(searchPath: searchPath, usualFolders: usual).path
  }

  @Test func whereThereIsNoneThePackageIsNamed() throws {
    let folder = try TestFolder()
    // Neither a folder nor a file that can't be run is a program.
    try folder.makeFolder("a/strace")
    try folder.makeFolder("b")
    try folder.write("", to: "b/strace", mode: 0o644)
    let path = "\(folder.path)/a:\(folder.path)/b:\(folder.path)/none"
    for search in [path, "", nil] {
      do throws(TraceFailure) {
        _ = try StraceProgram.find(searchPath: search, usualFolders: [folder.file("b")])
        Issue.record("found one in \(search ?? "no PATH")")
      } catch {
        guard case .cannotRun(let why) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(why.contains("install the package strace") && why.contains("--engine bpf"))
      }
    }
  }

  @Test func PATHComesBeforeTheUsualPlaces() async throws {
    let folder = try TestFolder()
    for name in ["a", "b"] {
      try folder.makeFolder(name)
      try folder.writeProgram("true", to: "\(name)/strace")
    }
    #expect(try find("/none:\(folder.file("b"))", [folder.file("a")]) == folder.file("b/strace"))
    #expect(try find(nil, [folder.file("a")]) == folder.file("a/strace"))
    // What is relative may be anybody's.
    #expect(try find(".:a::", [folder.file("a")]) == folder.file("a/strace"))
  }

  @Test(arguments: [
    ("strace: Process 4711 attached", StraceMessage.attached(4711)),
    ("strace: Process 4711 attached with 3 threads", .attached(4711)),
    ("Process 4711 attached", .attached(4711)), ("strace: Process 4711 detached", .detached(4711)),
    (
      "strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted",
      .refused(why: "Operation not permitted")
    ),
    (
      "attach: ptrace(PTRACE_ATTACH, ...): No such process", .refused(why: "No such process")
    ),
    ("strace: invalid option -- 'b'", .other("invalid option -- 'b'")),
    ("exec: errno 0013", .notStarted(errno: 13)), ("", .other("")),
    ("\u{1B}[2Jx", .other("␛[2Jx")),
  ])
  func messagesAreUnderstood(line: String, message: StraceMessage) {
    let bytes = Array(line.utf8)
    #expect(StraceMessage(bytes.span) == message)
  }
}
