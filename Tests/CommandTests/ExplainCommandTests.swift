import Foundation
import TestSupport
import Testing

/// `culprit explain` on pasted reports.
@Suite struct ExplainCommandTests {
  private let deadlock = """
    > [   76.97] INFO: task kworker/u4:3:63 blocked for more than 15 seconds.
    > [   76.97] task:kworker/u4:3    state:D stack:0     pid:63    ppid:2 flags:0x0
    > [   76.97] Workqueue: dm-thin do_worker
    > [   76.97] Call Trace:
    > [   76.97]  schedule+0x9d/0x1e0
    > [   76.97]  rwsem_down_write_slowpath+0x587/0xdf0
    > [   76.97]  unregister_shrinker+0x2c/0xf0
    > [   76.97]  dm_pool_abort_metadata+0x8e/0x100
    > [   76.97]  ret_from_fork+0x1f/0x30
    > [   76.97] INFO: task test\u{1B}[31m.sh:2646 blocked for more than 15 seconds.
    > [   76.97] Call Trace:
    > [   76.97]  schedule+0x9d/0x1e0
    > [   76.97]  rwsem_down_read_slowpath+0x4f4/0x910
    > [   76.97]  dm_thin_find_block+0x4c/0xd0
    > [   76.97]  ext4_evict_inode+0xcf/0xc70
    > [   76.97]  shrink_slab+0x2bd/0x450
    > [   76.97]  entry_SYSCALL_64_after_hwframe+0x63/0xcd

    """

  private func run(_ words: [String], input: String? = nil) async throws -> ProgramResult {
    try await CulpritHome().run(["explain"] + words, input: input)
  }

  @Test func aReportIsExplainedFromStandardInput() async throws {
    let result = try await run(["-"], input: deadlock)
    #expect(result.code == 0, "\(result)")
    #expect(result.error.isEmpty)
    let text = result.outputText
    #expect(text.contains("kworker/u4:3 (63), state D, blocked for 15 s or more, works at dm-thin"))
    #expect(text.contains("waits for  shrinker lock (lock)"))
    #expect(text.contains("next step  Look for a task inside shrink_slab"))
    #expect(text.contains("deadlock: kworker/u4:3 (63) waits for "))
    // Neither a colour in a pipe nor what the report would do to a terminal.
    #expect(!text.contains("\u{1B}"))
  }

  @Test func jsonHasALinePerTaskAndWhoWaitsForWhom() async throws {
    let folder = try TestFolder()
    let result = try await run(["--json", try folder.write(deadlock, to: "report.txt")])
    #expect(result.code == 0, "\(result)")
    let lines = try JSONLines.objects(result.outputText)
    try #require(lines.count == 3)
    #expect(lines[0]["pid"] as? Int == 63)
    #expect(lines[0]["comm"] as? String == "kworker/u4:3")
    #expect(lines[0]["wait_reason"] as? String == "shrinker lock")
    #expect(lines[0]["class"] as? String == "lock")
    #expect(lines[0]["state"] as? String == "D")
    #expect(lines[0]["seconds"] as? Int == 15)
    #expect((lines[0]["sentence"] as? String)?.hasSuffix(".") ?? false)
    #expect((lines[0]["next_step"] as? String)?.isEmpty == false)
    #expect((lines[0]["stack"] as? [String])?.contains("unregister_shrinker") ?? false)
    let summary = try #require(lines[2]["summary"] as? [String: Any])
    let pairs = (summary["waits_for"] as? [[String: Any]] ?? []).map {
      [$0["pid"] as? Int, $0["for_pid"] as? Int]
    }
    #expect(pairs == [[63, 2646], [2646, 63]])
    #expect((summary["deadlocks"] as? [Any])?.count == 1)
  }

  @Test func aStackOfThisKernelIsExplained() async throws {
    let result = try await run(
      ["-", "--json"],
      input: "[<0>] percpu_rwsem_wait+0x15f/0x1d0\n[<0>] mnt_want_write+0x96/0xc0\n")
    let task = try #require(try JSONLines.objects(result.outputText).first)
    #expect(task["wait_reason"] as? String == "frozen filesystem")
    #expect(task["class"] as? String == "frozen")
    #expect(task["pid"] is NSNull)
  }

  @Test func whatHasNoStackIsAnErrorWithTheNextStep() async throws {
    for input in ["", "hello\n", "\u{0}\u{1}\u{2}"] {
      let result = try await run(["-"], input: input)
      #expect(result.code == 1, "\(result)")
      #expect(result.output.isEmpty)
      #expect(result.errorText.contains("cat /proc/PID/stack"), "\(result)")
      #expect(result.errorText.contains("strace -f -T"), "\(result)")
    }
  }

  @Test func aFileThatCanNotBeReadIsAnError() async throws {
    let folder = try TestFolder()
    for path in [folder.file("nosuch"), folder.path] {
      let result = try await run([path])
      #expect(result.code == 1, "\(result)")
      #expect(result.errorText.hasPrefix("culprit: can't read \(path): "), "\(result)")
    }
  }

  @Test func wrongUseIsTwo() async throws {
    for words in [
      [], [""], ["-", "-"], ["-", ""], ["--nosuch", "-"], ["--sort", "size", "-"],
      ["--top", "0", "-"],
    ] {
      let result = try await run(words)
      #expect(result.code == 2, "\(words): \(result)")
      #expect(result.output.isEmpty)
    }
  }
}
