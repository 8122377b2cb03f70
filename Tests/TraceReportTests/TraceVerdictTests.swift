import Records
import Testing

@testable import TraceReport

/// The sentence, word for word.
@Suite struct TraceVerdictTests {
  typealias Fill = @Sendable (inout TraceTally) -> Void

  static let cases: [(sentence: String, fill: Fill)] = [
    (
      "writes 4 KiB at a time with fsync after each to /var/lib/x: 91 % of its time",
      {
        Sample.add(&$0, "pwrite64", "/var/lib/x", 1000, bytes: 4_096_000, seconds: 0.1)
        Sample.add(&$0, "fsync", "/var/lib/x", 1000, seconds: 9)
      }
    ),
    (
      "writes 512 bytes at a time with fdatasync after every 10 to /db/wal: 42 % of its time",
      {
        Sample.add(&$0, "write", "/db/wal", 1000, bytes: 512_000, seconds: 0.2)
        Sample.add(&$0, "fdatasync", "/db/wal", 100, seconds: 4)
      }
    ),
    (
      "writes 1 MiB at a time to /backup/dump: 30 % of its time",
      { Sample.add(&$0, "write", "/backup/dump", 300, bytes: 300 << 20, seconds: 3) }
    ),
    (
      "writes 8 KiB at a time and calls fsync 100 times a second, to /x: 60 % of its time",
      {
        Sample.add(&$0, "write", "/x", 100, bytes: 819_200, seconds: 1)
        Sample.add(&$0, "fsync", "/x", 1000, seconds: 5)
      }
    ),
    (
      "calls fsync 50 times a second on /var/lib/pg/base/1: 80 % of its time",
      { Sample.add(&$0, "fsync", "/var/lib/pg/base/1", 500, seconds: 8) }
    ),
    (
      "reads 128 KiB at a time from /data/table: 75 % of its time",
      { Sample.add(&$0, "pread64", "/data/table", 800, bytes: 800 << 17, seconds: 7.5) }
    ),
    (
      "reads about 1.4 KiB at a time from 3 files under /data: 50 % of its time",
      {
        for name in ["a", "b", "c"] {
          Sample.add(&$0, "read", "/data/\(name)/f", 100, bytes: 145_031, seconds: 5.0 / 3)
        }
      }
    ),
    (
      "reads 4 KiB at a time from /a, and writes 4 KiB at a time to /b: 80 % of its time",
      {
        Sample.add(&$0, "read", "/a", 1000, bytes: 4_096_000, seconds: 5)
        Sample.add(&$0, "write", "/b", 1000, bytes: 4_096_000, seconds: 3)
      }
    ),
    (
      "stats 12,000 missing files a second under /etc/app: 60 % of its time",
      {
        for name in ["a", "b", "c"] {
          Sample.add(
            &$0, "newfstatat", "/etc/app/\(name)", 40_000, seconds: 2, errors: 40_000)
        }
      }
    ),
    (
      "tries to open 300 missing files a second under /usr/lib: 12 % of its time",
      {
        for name in ["a", "b", "c"] {
          Sample.add(&$0, "openat", "/usr/lib/\(name)", 1000, seconds: 0.4, errors: 1000)
        }
      }
    ),
    (
      "lists folders, 900 calls a second under /home: 70 % of its time",
      {
        Sample.add(&$0, "getdents64", "/home/a", 4500, seconds: 3)
        Sample.add(&$0, "getdents64", "/home/b", 4500, seconds: 4)
      }
    ),
    (
      "removes 200 files a second under /spool: 90 % of its time",
      {
        Sample.add(&$0, "unlink", "/spool/a", 1000, seconds: 4)
        Sample.add(&$0, "unlink", "/spool/b", 1000, seconds: 5)
      }
    ),
    (
      "opens and closes 500 files a second under /srv: 20 % of its time",
      {
        Sample.add(&$0, "openat", "/srv/a", 5000, seconds: 1.5)
        Sample.add(&$0, "close", "/srv/b", 5000, seconds: 0.5)
      }
    ),
    (
      "hung in one fsync on /mnt/nfs/f for 8.2 s: 82 % of its time",
      {
        Sample.add(&$0, "write", "/mnt/nfs/f", 3, bytes: 300, seconds: 0.001)
        Sample.add(&$0, "fsync", "/mnt/nfs/f", 2, seconds: 8.3, slowest: 8.2)
      }
    ),
    (
      "waits in futex: 99 % of its time; no file work",
      { Sample.add(&$0, "futex", nil, 300, seconds: 9.9) }
    ),
    (
      "waits in epoll_wait and futex: 97 % of its time; little file work, less than 1 % of its time",
      {
        Sample.add(&$0, "epoll_wait", nil, 100, seconds: 5.7)
        Sample.add(&$0, "futex", nil, 100, seconds: 4)
        Sample.add(&$0, "write", "/var/log/x", 3, bytes: 200, seconds: 0.0002)
      }
    ),
    (
      "talks over sockets, 40 MiB in 10 s: 90 % of its time; no file work",
      {
        Sample.add(&$0, "recvfrom", "socket:[1]", 5000, bytes: 30 << 20, seconds: 5)
        Sample.add(&$0, "sendto", "socket:[1]", 5000, bytes: 10 << 20, seconds: 4)
      }
    ),
    (
      "works with sockets (accept4): 95 % of its time; no file work",
      { Sample.add(&$0, "accept4", "socket:[1]", 10, seconds: 9.5) }
    ),
    (
      "reads and writes pipes or terminals, 2 MiB in 10 s: 60 % of its time; no file work",
      { Sample.add(&$0, "write", "pipe:[1]", 500, bytes: 2 << 20, seconds: 6) }
    ),
    (
      "maps and frees memory (mmap and munmap), 2,000 calls a second: 50 % of its time; no file work",
      {
        Sample.add(&$0, "mmap", nil, 10_000, seconds: 3)
        Sample.add(&$0, "munmap", nil, 10_000, seconds: 2)
      }
    ),
    (
      "starts programs and threads (clone): 40 % of its time; no file work",
      { Sample.add(&$0, "clone", nil, 1000, seconds: 4) }
    ),
    (
      "hung in one ioctl on /dev/sda for 9 s: 90 % of its time",
      { Sample.add(&$0, "ioctl", "/dev/sda", 1, seconds: 9) }
    ),
    (
      "calls getrandom 5,000 times a second: 30 % of its time; no file work",
      { Sample.add(&$0, "getrandom", nil, 50_000, seconds: 3) }
    ),
    (
      "recvmsg fails with EAGAIN 20,000 times a second; no file work",
      {
        Sample.add(
          &$0, "recvmsg", "socket:[1]", 200_000, seconds: 4, errors: 200_000, error: "EAGAIN")
      }
    ),
    (
      "is outside of system calls: less than 1 % of its time in them; no file work",
      { Sample.add(&$0, "brk", nil, 30, seconds: 0.001) }
    ),
    (
      "waits in io_getevents: 90 % of its time; its reads and writes go through io_submit",
      {
        Sample.add(&$0, "io_getevents", nil, 100, seconds: 9)
        Sample.add(&$0, "io_submit", nil, 100, seconds: 0.1)
      }
    ),
    ("made no system call: it computed, or sat in one from before", { _ in }),
    (
      "writes 4 KiB at a time to 2 files under /v: 7.8 MiB in 10 s",
      {
        Sample.add(&$0, "write", "/v/a", 1000, bytes: 4_096_000)
        Sample.add(&$0, "write", "/v/b", 1000, bytes: 4_096_000)
      }
    ),
    ("waits in select; no file work", { Sample.add(&$0, "select", nil, 30) }),
    (
      "calls read 100 times a second, and gets nothing from /proc/x: 10 % of its time",
      { Sample.add(&$0, "read", "/proc/x", 1000, seconds: 1) }
    ),
    (
      "writes 4 KiB at a time to descriptor 7: 20 % of its time",
      { Sample.add(&$0, "write", "fd 7", 100, bytes: 409_600, seconds: 2) }
    ),
  ]

  @Test(arguments: cases.indices)
  func sentences(index: Int) {
    let process = Sample.process { TraceVerdictTests.cases[index].fill(&$0) }
    #expect(TraceVerdict.sentence(for: process) == TraceVerdictTests.cases[index].sentence)
  }

  @Test func whatNoTraceCanSee() {
    var process = Sample.process { _ in }
    process.usesIOUring = true
    #expect(
      TraceVerdict.sentence(for: process)
        == "all of its I/O may go through io_uring, which no trace of system calls can see")
    process = Sample.process { Sample.add(&$0, "io_uring_enter", nil, 900, seconds: 9) }
    process.usesIOUring = true
    #expect(
      TraceVerdict.sentence(for: process)
        == "waits in io_uring_enter: 90 % of its time; no file work; more may go through io_uring, "
        + "which no trace of system calls can see")
    process = Sample.process { Sample.add(&$0, "futex", nil, 9, seconds: 9) }
    process.lostCalls = 1200
    #expect(TraceVerdict.sentence(for: process).hasSuffix("; 1,200 calls were lost"))
  }

  /// Of several threads, and where nobody knows how long it was traced.
  @Test func shares() {
    let threads = Sample.process(threads: 4) {
      Sample.add(&$0, "fsync", "/x", 1000, seconds: 25)
    }
    #expect(
      TraceVerdict.sentence(for: threads)
        == "calls fsync 100 times a second on /x: the time of 2.5 of its 4 threads")
    let pasted = Sample.process(seconds: 0) {
      Sample.add(&$0, "fsync", "/x", 30, seconds: 3)
      Sample.add(&$0, "futex", nil, 30, seconds: 1)
    }
    #expect(
      TraceVerdict.sentence(for: pasted) == "calls fsync 30 times on /x: 75 % of its time in calls")
  }

  /// Whatever a host sends, it stays a line of bounded length that harms no terminal.
  @Test func boundedAndPrintable() {
    let path = "/" + String(repeating: "x\u{1B}[31m\u{202E}\n", count: 200)
    for call in ["write", "read", "fsync", "newfstatat", "openat", "ioctl", "mystery\u{7}"] {
      for count: UInt64 in [1, 5000, .max] {
        var process = Sample.process(threads: .max) {
          Sample.add(&$0, call, path, count, bytes: .max, seconds: 1e9, errors: count)
        }
        process.lostCalls = .max
        process.usesIOUring = true
        process.nanoseconds = count
        let sentence = TraceVerdict.sentence(for: process)
        #expect(sentence.count <= TraceVerdict.limit + 1)
        #expect(!sentence.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
      }
    }
  }
}
