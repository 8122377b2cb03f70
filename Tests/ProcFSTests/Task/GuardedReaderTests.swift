import Foundation
import Records
import TestSupport
import Testing

@testable import ProcFS

@Suite("readings that may hang")
struct GuardedReaderTests {
  @Test("many come back in order, whatever fails among them")
  func order() throws {
    let folder = try TestFolder()
    for pid in 1...600 where pid % 3 != 0 {
      try folder.makeFolder("\(pid)")
      try folder.write(String(repeating: "\(pid) ", count: pid), to: "\(pid)/io")
    }
    let root = try ProcRoot(folder.path)
    var reader = GuardedReader(root: root)
    let requests = (1...600).map { TaskFileRequest(pid: $0, file: .io) }
    for _ in 0..<3 {
      var seen: [Int] = []
      reader.read(requests) { index, outcome, bytes in
        let pid = index + 1
        seen.append(pid)
        guard pid % 3 != 0 else {
          #expect(outcome == .read(.vanished) && bytes.count == 0)
          return
        }
        let text = String(repeating: "\(pid) ", count: pid).prefix(4096)
        #expect(outcome == .read(.bytes))
        #expect(bytes.count == text.utf8.count && bytes[0] == text.utf8.first)
      }
      #expect(seen == Array(1...600))
    }
    let hanging = reader.hanging
    #expect(hanging == 0)
  }

  @Test("threads end with the reader")
  func threads() async throws {
    let before = ProcessTree.descriptorCount(of: getpid())
    let folder = try TestFolder()
    for _ in 0..<20 { try readOnce(folder.path) }
    try await until("its descriptors to be closed") {
      ProcessTree.descriptorCount(of: getpid()) < before + 40
    }
  }

  private func readOnce(_ path: String) throws {
    let reader = try SharedReader(path)
    #expect(reader.read(TaskFileRequest(pid: 1, file: .io)) == .read(.vanished))
  }

  /// Trap 12: a process that waits for a page with its memory map locked can't be asked for its
  /// command line.
  @Test(
    "a command line that hangs costs a deadline, once",
    .enabled(if: Machine.canMountFUSE, "needs root, /dev/fuse and culprit-test-load"), .liveAlone,
    .timeLimit(.minutes(8)))
  func hangingCommandLine() async throws {
    let stall = try await HungFUSE.make()
    let pid = try await stall.hangUnreadably()
    let reader = try SharedReader("/proc")
    let stuck = TaskFileRequest(pid: pid, file: .cmdline, startTicks: 1)
    let start = Monotonic.now
    #expect(reader.read(stuck) == .late)
    #expect(Monotonic.now - start < 5)
    #expect(reader.hanging == 1)
    // Others are read meanwhile, and the same again costs nothing.
    let again = Monotonic.now
    for _ in 0..<1000 { #expect(reader.read(stuck) == .late) }
    #expect(Monotonic.now - again < 5)
    let own = TaskFileRequest(pid: getpid(), file: .cmdline)
    #expect(reader.read([own, stuck, own]) == [.read(.bytes), .late, .read(.bytes)])
    // When all threads hang, others are refused.
    for ticks in 2...4 {
      let another = TaskFileRequest(pid: pid, file: .cmdline, startTicks: UInt64(ticks))
      #expect(reader.read(another) == .late)
    }
    #expect(reader.read(own) == .refused)
    try await stall.release()
    // The answer came too late, and is had now.
    try await until("the late answer") { reader.read(stuck) != .late }
    try await until("all threads to be free") { reader.hanging == 0 }
    #expect(reader.read(own) == .read(.bytes))
  }

  @Test(
    "who a process is can be asked while its command line hangs",
    .enabled(if: Machine.canMountFUSE, "needs root, /dev/fuse and culprit-test-load"), .liveAlone,
    .timeLimit(.minutes(8)))
  func hangingIdentity() async throws {
    let stall = try await HungFUSE.make()
    let pid = try await stall.hangUnreadably()
    let reader = try SharedIdentityReader()
    let process = try #require(reader.process(pid))
    let identity = try #require(reader.identity(of: process))
    #expect(identity.commandLine == .gap && identity.userID == .known(0))
    #expect(identity.name == TaskName("culprit-test-lo"))
    try await stall.release()
  }

  @Test("who a process is")
  func identity() async throws {
    let program = try Program(["sh", "-c", "sleep 60 & wait", "sh", "--password", "hunter2 x"])
    let reader = try SharedIdentityReader()
    let id = try #require(reader.process(program.pid))
    try await until("the program") {
      reader.identity(of: id)?.commandLine.value?.contains("sleep") ?? false
    }
    let identity = try #require(reader.identity(of: id))
    #expect(identity.commandLine == .known("sh -c sleep 60 & wait sh --password ***"))
    #expect(identity.userID == .known(getuid()) && identity.name == TaskName("sh"))
    #expect(identity.ancestors.first?.pid == getpid())
    #expect(identity.user == (getuid() == 0 ? "root" : identity.user))
    // The same number with another start is somebody else.
    #expect(reader.identity(of: ProcessID(pid: id.pid, startTicks: id.startTicks + 1)) == nil)
    program.send(SIGKILL)
    try await program.end()
    #expect(reader.identity(of: id) == nil && reader.process(id.pid) == nil)
  }

  @Test("the file that a lock is on has a path")
  func lockedFile() async throws {
    let stall = try await HeldLock.make(.flock)
    let root = try ProcRoot()
    var (listing, buffer) = (ReadBuffer(), ReadBuffer())
    let line = TestFolder.text("/proc/locks").split(separator: "\n").first {
      $0.contains(" \(stall.holder) ") && !$0.contains("->")
    }
    let file = try #require(
      line?.split(separator: " ").first { $0.split(separator: ":").count == 3 })
    let path = LockedFile.path(
      of: String(file), heldBy: stall.holder, root: root, listing: &listing, buffer: &buffer)
    #expect(path == .known(stall.path))
    #expect(
      LockedFile.path(
        of: "ff:ff:1", heldBy: stall.holder, root: root, listing: &listing, buffer: &buffer) == .gap
    )
    _ = try await stall.release()
  }
}

/// What can't be copied can't be part of an expectation either.
private final class SharedReader {
  private var reader: GuardedReader
  private var buffer = ReadBuffer()

  init(_ path: String) throws {
    let root = try ProcRoot(path)
    reader = GuardedReader(root: root)
  }

  var hanging: Int { reader.hanging }

  func read(_ request: TaskFileRequest) -> GuardedOutcome { reader.read(request, into: &buffer) }

  func read(_ requests: [TaskFileRequest]) -> [GuardedOutcome] {
    var outcomes: [GuardedOutcome] = []
    reader.read(requests) { _, outcome, _ in outcomes.append(outcome) }
    return outcomes
  }
}

private final class SharedIdentityReader {
  private var reader: ProcessIdentityReader

  init() throws { reader = try ProcessIdentityReader() }

  func process(_ pid: pid_t) -> ProcessID? { reader.process(pid) }

  func identity(of id: ProcessID) -> ProcessIdentity? { reader.identity(of: id) }
}
