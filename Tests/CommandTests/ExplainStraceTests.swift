import Foundation
import TestSupport
import Testing

/// `culprit explain`, and the agent's, on what strace wrote.
@Suite struct ExplainStraceTests {
  private static let hammer = """
    10:00:00.000001 write(3</var/lib/x>, ""..., 4096) = 4096 <0.000100>
    10:00:00.000200 fsync(3</var/lib/x>) = 0 <4.500000>
    10:00:05.000001 write(3</var/lib/x>, ""..., 4096) = 4096 <0.000100>
    10:00:05.000200 fsync(3</var/lib/x>) = 0 <4.600000>
    strace: Process 4711 detached

    """
  private static let sleeper = """
    10:00:00.000001 epoll_wait(5<anon_inode:[eventpoll]>, [], 8, 5000) = 0 <5.000000>
    10:00:05.000100 write(3</var/log/y>, ""..., 10) = 10 <0.000010>
    10:00:05.000200 epoll_wait(5<anon_inode:[eventpoll]>, [], 8, 5000) = 0 <5.000000>

    """
  private static let stack = """
    [<0>] percpu_rwsem_wait+0x15f/0x1d0
    [<0>] mnt_want_write+0x96/0xc0

    """

  /// Both programs, asked alike.
  private func run(
    _ program: String, _ words: [String], input: String? = nil
  ) async throws -> ProgramResult {
    guard program == "culprit-agent" else {
      return try await CulpritHome().run(["explain"] + words, input: input)
    }
    return try await Program.run(
      [Machine.executable("culprit-agent"), "explain"] + words,
      input: input.map { Array($0.utf8) })
  }

  /// The classic trick: a file per process, named for it, merged into one ranking.
  @Test(arguments: ["culprit", "culprit-agent"])
  func filesOfTheTrickMakeOneRanking(program: String) async throws {
    let folder = try TestFolder()
    let files = [
      try folder.write(ExplainStraceTests.sleeper, to: "worker-4712.strace"),
      try folder.write(ExplainStraceTests.hammer, to: "worker-4711.strace"),
      try folder.write(ExplainStraceTests.sleeper, to: "ns-slapd-99.strace"),
    ]
    let result = try await run(program, files)
    #expect(result.code == 0, "\(result)")
    let text = result.outputText
    #expect(text.contains("3 processes\n"))
    #expect(text.contains("worker (4711)\n"))
    #expect(text.contains("writes 4 KiB at a time with fsync after each to /var/lib/x: 95 %"))
    #expect(text.contains("ns-slapd (99)\n  waits in epoll_wait"), "\(text)")
    // Nobody was attached to here.
    #expect(!text.contains("detached:") && !text.contains("\u{1B}"))

    let json = try await run(program, ["--json", "--top", "2"] + files)
    let lines = try JSONLines.objects(json.outputText)
    try #require(lines.count == 3)
    #expect(lines[0]["pid"] as? Int == 4711 && lines[0]["comm"] as? String == "worker")
    #expect(lines[0]["host"] is NSNull && lines[0]["engine"] as? String == "strace")
    #expect(lines[0]["write_bytes"] as? Int == 8192 && lines[0]["sync_calls"] as? Int == 2)
    let first = try #require((lines[0]["files"] as? [[String: Any]])?.first)
    #expect(first["path"] as? String == "/var/lib/x" && first["seconds"] as? Double == 9.1002)
    #expect((lines[2]["summary"] as? [String: Any])?["matched"] as? Int == 3)

    let byCalls = try await run(program, ["--sort", "calls", "--json"] + files)
    let pids = try JSONLines.objects(byCalls.outputText).compactMap { $0["pid"] as? Int }
    #expect(pids == [4711, 99, 4712] || pids == [4711, 4712, 99])
  }

  @Test(arguments: ["culprit", "culprit-agent"])
  func kindsAreToldApart(program: String) async throws {
    let folder = try TestFolder()
    let files = [
      try folder.write(ExplainStraceTests.stack, to: "stack"),
      try folder.write(ExplainStraceTests.hammer, to: "trace"),
    ]
    let both = try await run(program, files)
    #expect(both.code == 0, "\(both)")
    #expect(both.outputText.contains("waits for  frozen filesystem (frozen)"))
    #expect(both.outputText.contains("pid 4711") || both.outputText.contains("trace"))
    #expect(both.outputText.contains("fsync after each"))
    let lines = try JSONLines.objects(try await run(program, ["--json"] + files).outputText)
    #expect(lines.count == 4 && lines[0]["verdict"] != nil && lines[2]["wait_reason"] != nil)

    let piped = try await run(program, ["-"], input: ExplainStraceTests.hammer)
    #expect(piped.code == 0 && piped.outputText.contains("fsync after each"))
    // What can be explained is; what can't be is said, and shows in the exit code.
    let some = try await run(
      program, [folder.file("nosuch"), files[1], try folder.write("hello\n", to: "hello")])
    #expect(some.code == 1 && some.outputText.contains("fsync after each"))
    #expect(some.errorText.contains("nosuch: No such file"), "\(some)")
    #expect(some.errorText.contains("hello: no task's stack in it"), "\(some)")
  }

  @Test(arguments: ["culprit", "culprit-agent"])
  func whatStraceWasRefusedIsSaid(program: String) async throws {
    let text = "strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted\n"
    let result = try await run(program, ["-"], input: text)
    #expect(result.code == 1 && result.output.isEmpty)
    #expect(result.errorText.contains("Operation not permitted"), "\(result)")
  }

  /// Every recording, by both programs: it is explained, or it is said that it can't be.
  @Test(.enabled(if: Machine.hasCorpus("strace"), "needs ../shared/corpora/strace"))
  func allRecordings() async throws {
    let folder = "\(Machine.corpora)/strace"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    let foreign = ["SOURCES.tsv", "pt-ioprofile-003-EXPECTED.tab", "pt-ioprofile-003-EXPECTED.txt"]
    let paths = names.map { "\(folder)/\($0)" }
    let collector = try await run("culprit", ["--json"] + paths)
    let agent = try await run("culprit-agent", ["--json"] + paths)
    #expect(collector.outputText == agent.outputText && !collector.output.isEmpty)
    #expect(collector.code == 1 && agent.code == 1)
    let complaints = agent.errorText.split(separator: "\n")
    #expect(complaints.count == foreign.count)
    for name in foreign { #expect(complaints.contains { $0.contains(name) }, "\(name)") }
    for line in try JSONLines.objects(collector.outputText).dropLast() {
      #expect((line["verdict"] as? String)?.isEmpty == false)
    }
  }

  /// A file that is larger than what may be held of it is read in pieces.
  @Test func aLargeFileTakesLittleMemory() async throws {
    let folder = try TestFolder()
    let line = "write(3</var/lib/x>, \"" + String(repeating: "x", count: 64_000) + "\"..., 1) = 1\n"
    try await Program.output(
      "sh", "-c", "for i in $(seq 1000); do cat \"$1\"; done > \"$2\"", "sh",
      try folder.write(line, to: "line"), folder.file("big-7.strace"))
    // 64 MB of text, in a tenth of that.
    let result = try await Program.run([
      "sh", "-c", "ulimit -v 60000; exec \"$@\"", "sh", Machine.executable("culprit-agent"),
      "explain", "--json", folder.file("big-7.strace"),
    ])
    #expect(result.code == 0, "\(result)")
    let object = try #require(try JSONLines.objects(result.outputText).first)
    #expect(object["calls"] as? Int == 1000 && object["write_bytes"] as? Int == 1000)
  }
}
