import Foundation
import Glibc
import Records
import TestSupport
import Testing

@testable import ProcFS

@Suite("descriptors of a process")
struct DescriptorTests {
  private func info(_ text: String) -> DescriptorInfo? {
    TaskText.parse(text) { DescriptorInfo($0) }
  }

  @Test func offsetFlagsAndMount() throws {
    let found = try #require(info("pos:\t8589934592\nflags:\t02102001\nmnt_id:\t42\nino:\t7\n"))
    #expect(found.offset == 8_589_934_592 && found.mountID == 42)
    #expect(found.access == .write && found.openFlags == [.append, .closeOnExec])
    let old = try #require(info("pos:\t0\nflags:\t0100000\n"))
    #expect(old.mountID == nil && old.access == .read && old.openFlags == [])
  }

  @Test func syncHoldsDataSync() throws {
    #expect(try #require(info("pos: 0\nflags: 04010002\n")).openFlags == [.sync])
    #expect(try #require(info("pos: 0\nflags: 010002\n")).openFlags == [.dataSync])
    #expect(try #require(info("pos: 0\nflags: 010000000\n")).access == .path)
  }

  @Test("cut anywhere, it is the same or nothing")
  func truncations() throws {
    let text = "pos:\t123456\nflags:\t02100002\nmnt_id:\t15\n"
    let whole = try #require(info(text))
    for count in 0..<text.utf8.count {
      guard let cut = info(String(text.prefix(count))) else { continue }
      #expect(cut.offset == whole.offset && cut.flags == whole.flags)
      #expect(cut.mountID == nil || cut.mountID == whole.mountID)
    }
  }

  @Test func locksOfADescriptor() throws {
    let text =
      "pos:\t0\nflags:\t02\nmnt_id:\t15\n"
      + "lock:\t1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF\nlock:\tnonsense\n"
    var found: [LockLine] = []
    TaskText.parse(text) { DescriptorInfo.forEachLock($0) { line, _ in found.append(line) } }
    #expect(found.map(\.kind) == [.flock] && found.first?.pid == 359)
  }

  @Test(
    "recorded descriptors",
    .enabled(if: RecordedTrees.isThere, "the recorded trees are not there"))
  func recorded() throws {
    let names = ["", "_dma", "_epoll", "_fanotify", "_inotify", "_timerfd"]
    for name in names {
      let bytes = RecordedTrees.bytes("\(RecordedTrees.root)/jc/pid_fdinfo\(name)")
      #expect(TaskText.parse(bytes) { DescriptorInfo($0) } != nil, "\(name)")
    }
  }

  @Test(arguments: [
    ("/var/log/x.log", OpenFile.Kind.file, false), ("/var/log/x (deleted)", .file, true),
    ("pipe:[123]", .pipe, false), ("/dev/null", .device, false), ("/dev/shm/x", .file, false),
    ("anon_inode:[eventfd]", .anonymous, false), ("anon_inode:inotify", .anonymous, false),
    ("anon_inode:[io_uring]", .ring, false), ("net:[4026531840]", .namespace, false),
    ("/memfd:x (deleted)", .memory, true), ("(unreachable)/x", .other, false),
  ])
  func whereItLeads(link: String, kind: OpenFile.Kind, isDeleted: Bool) {
    let target = TaskText.parse(link) { DescriptorTarget($0) }
    #expect(target.kind == kind && target.isDeleted == isDeleted && target.inode == nil)
    #expect(target.path == (isDeleted ? String(link.dropLast(10)) : link))
  }

  @Test func socketsAndHostileNames() {
    let socket = TaskText.parse("socket:[4711]") { DescriptorTarget($0) }
    #expect(socket.kind == nil && socket.inode == 4711)
    for text in ["socket:[", "socket:[]", "socket:[-1]", "socket:[1x]"] {
      #expect(TaskText.parse(text) { DescriptorTarget($0) }.inode == nil, "\(text)")
    }
    #expect(TaskText.parse("/a\u{1B}[2J\n") { DescriptorTarget($0) }.path == "/a␛[2J␊")
    let long = TaskText.parse("/" + String(repeating: "x", count: 9_000)) { DescriptorTarget($0) }
    #expect(long.path.count == DescriptorTarget.pathLimit + 1 && long.path.hasSuffix("…"))
  }

  /// What this process has open, as the kernel tells it now.
  @Test func live() throws {
    let folder = try TestFolder()
    let path = try folder.write("0123456789", to: "file")
    let descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
    #expect(descriptor >= 0)
    defer { close(descriptor) }
    #expect(lseek(descriptor, 7, SEEK_SET) == 7)
    let root = try ProcRoot()
    var buffer = ReadBuffer()
    #expect(root.readRecord(ProcPath("self/fdinfo/\(descriptor)"), into: &buffer) == .bytes)
    let info = try #require(buffer.withBytes { DescriptorInfo($0) })
    #expect(info.offset == 7 && info.access == .readWrite)
    #expect(info.openFlags == [.append, .closeOnExec] && !info.isFolder)
    #expect(root.read("self/mountinfo", into: &buffer) == .bytes)
    let mounts = buffer.withBytes { MountTable($0) }
    let number = try #require(info.mountID)
    #expect(mounts[number] != nil && mounts[number] == mounts.mount(of: path))
    let place = open(folder.path, O_RDONLY | O_DIRECTORY)
    defer { close(place) }
    #expect(root.readRecord(ProcPath("self/fdinfo/\(place)"), into: &buffer) == .bytes)
    #expect(buffer.withBytes { DescriptorInfo($0)?.isFolder } == true)
  }
}

@Suite("logins and terminals")
struct LoginTests {
  @Test(arguments: [
    ("0", 0), ("1000\n", 1000), ("4294967295", UInt32.max), ("", nil), ("-1", nil),
    ("4294967296", nil), ("1 2", nil),
  ])
  func numbers(text: String, number: UInt32?) {
    #expect(TaskText.parse(text) { TaskLogin.number($0) } == number)
  }

  private static let drivers = """
    /dev/tty             /dev/tty        5       0 system:/dev/tty
    /dev/console         /dev/console    5       1 system:console
    /dev/ptmx            /dev/ptmx       5       2 system
    /dev/vc/0            /dev/vc/0       4       0 system:vtmaster
    usbserial            /dev/ttyUSB   188 0-511 serial
    serial               /dev/ttyS       4 64-95 serial
    pty_slave            /dev/pts      136 0-1048575 pty:slave
    pty_master           /dev/ptm      128 0-1048575 pty:master
    unknown              /dev/tty        4 1-63 console

    """

  @Test(arguments: [
    (0, ""), (136 << 8 | 3, "pts/3"), (4 << 8 | 1, "tty1"), (4 << 8 | 65, "ttyS1"),
    (188 << 8 | 2, "ttyUSB2"), (5 << 8 | 1, "console"), (4 << 8, "vc/0"),
    // Minor 1000: its upper bits are the uppermost.
    (3_180_776, "pts/1000"), (250 << 8 | 7, "250:7"),
  ] as [(Int32, String)])
  func terminals(number: Int32, name: String) {
    let drivers = TaskText.parse(Self.drivers) { TerminalDrivers($0) }
    #expect(drivers.name(of: number) == name)
  }

  @Test func withoutTheTable() {
    #expect(TerminalDrivers().name(of: 136 << 8 | 3) == "pts/3")
    #expect(TerminalDrivers().name(of: 4 << 8 | 3) == "4:3")
  }

  @Test func theTerminalIsFieldSeven() {
    #expect(TaskText.parse(TaskText.stat()) { TaskStat($0)?.terminal } == 34816)
  }
}

@Suite("locks of a process")
struct LockSelectionTests {
  private static let text = """
    1: FLOCK  ADVISORY  WRITE 100 08:01:7 0 EOF
    1: -> FLOCK  ADVISORY  WRITE 200 08:01:7 0 EOF
    1: -> FLOCK  ADVISORY  WRITE 300 08:01:7 0 EOF
    2: POSIX  ADVISORY  READ 400 08:01:8 0 EOF
    3: OFDLCK ADVISORY  WRITE -1 08:01:9 0 EOF
    4: -> POSIX  ADVISORY  WRITE 100 08:01:10 0 EOF

    """

  private func locks(_ isWanted: (LockLine) -> Bool) -> [FileLock] {
    TaskText.parse(Self.text) { text in
      var locks: [FileLock] = []
      LockTable.select(in: text, into: &locks) { line, _ in isWanted(line) }
      return locks
    }
  }

  @Test func aHolderIsToldItsWaiters() {
    let found = locks { $0.pid == 100 }
    #expect(found.map(\.file) == ["08:01:7", "08:01:10"])
    #expect(found.first?.holder == 100 && found.first?.waiters == [200, 300])
    // Its holder is in another pid namespace.
    #expect(found.last?.holder == nil && found.last?.waiters == [100])
  }

  @Test func aWaiterIsToldTheHolder() {
    let found = locks { $0.pid == 300 }
    #expect(found.map(\.holder) == [100] && found.first?.waiters == [200, 300])
  }

  @Test func openFileLocksNameNobody() {
    let found = locks { $0.kind == .openFile }
    #expect(found.map(\.holder) == [nil] && found.first?.waiters == [])
    #expect(locks { $0.pid == 400 }.map(\.isExclusive) == [false])
    #expect(locks { _ in false }.isEmpty)
  }
}
