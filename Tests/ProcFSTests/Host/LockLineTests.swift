import Records
import Testing

@testable import ProcFS

@Suite("Lines of /proc/locks")
struct LockLineTests {
  static let text = """
    1: POSIX  ADVISORY  WRITE 877 00:19:812 0 EOF
    2: FLOCK  ADVISORY  WRITE 854 00:19:805 0 EOF
    2: -> FLOCK  ADVISORY  WRITE 900 00:19:805 0 EOF
    2:   -> FLOCK  ADVISORY  READ 901 00:19:805 0 EOF
    3: OFDLCK ADVISORY  READ -1 fd:00:264967 0 1023
    3: -> OFDLCK ADVISORY  WRITE -1 fd:00:264967 0 1023
    3: -> POSIX  ADVISORY  WRITE 902 fd:00:264967 0 1023
    4: LEASE  ACTIVE    READ 903 fd:00:264968 0 EOF
    5: POSIX  *NOINODE* WRITE 904 <none>:0 0 EOF
    6: ACCESS ADVISORY  WRITE 905 00:19:813 0 EOF
    7: POSIX  MANDATORY WRITE 906 08:01:33 128 128
    7: -> POSIX  MANDATORY WRITE 907 08:01:33 128 128

    """

  private func contended(_ text: String) -> [FileLock] {
    var locks: [FileLock] = []
    parse(text) { LockTable.contended(in: $0, into: &locks) }
    return locks
  }

  @Test("Those that somebody waits for, with kind, holder and waiters in their order")
  func table() {
    #expect(
      contended(LockLineTests.text) == [
        FileLock(
          kind: .flock, isExclusive: true, holder: 854, waiters: [900, 901], file: "00:19:805"),
        FileLock(
          kind: .openFile, isExclusive: false, holder: nil, waiters: [902], file: "fd:00:264967"),
        FileLock(kind: .posix, isExclusive: true, holder: 906, waiters: [907], file: "08:01:33"),
      ])
  }

  @Test("Waiters whose holder the kernel leaves out have none; nobody else's is taken for it")
  func hiddenHolder() {
    let text = """
      1: FLOCK  ADVISORY  WRITE 10 00:19:1 0 EOF
      2: -> FLOCK  ADVISORY  WRITE 11 00:19:2 0 EOF
      2: -> FLOCK  ADVISORY  WRITE 12 00:19:2 0 EOF

      """
    #expect(
      contended(text) == [
        FileLock(kind: .flock, isExclusive: true, holder: nil, waiters: [11, 12], file: "00:19:2")
      ])
  }

  @Test(
    "Kinds", arguments: [("LEASE", FileLock.Kind.lease), ("DELEG", .lease), ("UNKNOWN", .other)])
  func kinds(word: String, kind: FileLock.Kind) throws {
    let line = "4: \(word)  ACTIVE    READ 903 fd:00:264968 0 EOF"
    #expect(try #require(parse(line) { LockLine($0) }).kind == kind)
  }

  @Test("A pid that no pid_t holds stays within it")
  func hugePID() throws {
    let line = "4: FLOCK  ADVISORY  READ 99999999999 fd:00:264968 0 EOF"
    #expect(try #require(parse(line) { LockLine($0) }).pid == Int32.max)
  }

  @Test("However many wait, and for however many locks, as many are kept as there is room for")
  func bounds() {
    var text = "1: FLOCK  ADVISORY  WRITE 5 00:19:1 0 EOF\n"
    for pid in 10..<1000 { text += "1: -> FLOCK  ADVISORY  WRITE \(pid) 00:19:1 0 EOF\n" }
    #expect(contended(text).map(\.waiters.count) == [LockTable.limit])
    let many = (1...1000).map {
      "\($0): FLOCK  ADVISORY  WRITE 5 00:19:\($0) 0 EOF\n"
        + "\($0): -> FLOCK  ADVISORY  WRITE 6 00:19:\($0) 0 EOF\n"
    }
    #expect(contended(many.joined()).count == LockTable.limit)
  }

  @Test("A cut table never shows a holder or waiter that isn't in the whole one")
  func truncations() {
    let whole = contended(LockLineTests.text)
    for length in 0..<LockLineTests.text.utf8.count {
      for lock in contended(String(LockLineTests.text.prefix(length))) {
        let original = whole.first { $0.file == lock.file }
        #expect(original?.holder == lock.holder && original?.kind == lock.kind)
        #expect(original.map { $0.waiters.starts(with: lock.waiters) } == true)
      }
    }
  }
}
