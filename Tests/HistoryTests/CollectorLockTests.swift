import Foundation
import Glibc
import History
import Synchronization
import Testing

@Suite("One collector per history")
struct CollectorLockTests {
  @Test func secondCollectorIsToldTheFirstOnesPid() throws {
    let folder = try HistoryFolder()
    #expect(CollectorLock.holder(of: folder.path) == nil)
    do {
      let lock = try CollectorLock.acquire(folder.path)
      #expect(CollectorLock.holder(of: folder.path) == getpid())
      let error = #expect(throws: HistoryError.self) {
        _ = try CollectorLock.acquire(folder.path)
      }
      guard case .collectorRunning(let path, let pid, let since) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(path == folder.path && pid == getpid() && since.hasSuffix("Z"))
      extendLifetime(lock)
    }
    #expect(CollectorLock.holder(of: folder.path) == nil)
    let again = try CollectorLock.acquire(folder.path)
    extendLifetime(again)
  }

  @Test func lockDiesWithItsProcess() throws {
    let folder = try HistoryFolder()
    let child = try ChildProcess.start("writesUntilKilled", folder, until: 1)
    #expect(CollectorLock.holder(of: folder.path) == child.pid)
    #expect(throws: HistoryError.self) { _ = try CollectorLock.acquire(folder.path) }
    child.kill()
    #expect(CollectorLock.holder(of: folder.path) == nil)
    let lock = try CollectorLock.acquire(folder.path)
    #expect(CollectorLock.holder(of: folder.path) == getpid())
    extendLifetime(lock)
  }

  /// Readers that ask for the holder all the time must not keep a collector from starting.
  @Test func askingDoesntKeepACollectorOut() throws {
    let folder = try HistoryFolder()
    let first = try CollectorLock.acquire(folder.path)
    _ = consume first
    let asked = Atomic(0)
    let isOver = Atomic(false)
    let isDone = DispatchSemaphore(value: 0)
    let asking = Thread { [path = folder.path] in
      while !isOver.load(ordering: .relaxed) {
        _ = CollectorLock.holder(of: path)
        asked.add(1, ordering: .relaxed)
        usleep(500)
      }
      isDone.signal()
    }
    asking.start()
    defer {
      isOver.store(true, ordering: .relaxed)
      isDone.wait()
    }
    while asked.load(ordering: .relaxed) == 0 { usleep(500) }
    for _ in 0..<50 {
      let lock = try CollectorLock.acquire(folder.path)
      extendLifetime(lock)
    }
  }

  @Test func garbageInTheFileIsHarmless() throws {
    let folder = try HistoryFolder()
    let file = CollectorLock.file(of: folder.path)
    try Data("\u{1B}[2J\u{0}x\n\u{1B}]0;\n".utf8).write(to: URL(fileURLWithPath: file))
    #expect(CollectorLock.holder(of: folder.path) == nil)
    let lock = try CollectorLock.acquire(folder.path)
    extendLifetime(lock)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.split(separator: "\n").first == "\(getpid())")
    var info = stat()
    #expect(stat(file, &info) == 0 && info.st_mode & 0o777 == 0o640)
  }
}
