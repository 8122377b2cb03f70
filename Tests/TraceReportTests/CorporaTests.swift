import Foundation
import Records
import TestSupport
import Testing

@testable import TraceReport

/// Real outputs of real straces, of many versions and with many options, as people put them on the
/// net; see SOURCES.tsv beside them.
@Suite(.enabled(if: Machine.hasCorpus("strace"), "needs ../shared/corpora/strace"))
struct CorporaTests {
  /// Counts again, by other means: which calls begin a line, and what reads and writes return.
  private struct Recount {
    var counts: [String: UInt64] = [:]
    var bytes: UInt64 = 0

    init(_ text: String) throws {
      let prefix = #"^(?:\[pid +\d+\] +|\d+ +)?(?:\d\d:\d\d:\d\d(?:\.\d+)? +|\d+\.\d+ +)?"#
      let call = try NSRegularExpression(
        pattern: prefix + #"([a-z_][a-z0-9_]*)\("#, options: .anchorsMatchLines)
      let moved = try NSRegularExpression(
        pattern: prefix
          + #"(?:<\.\.\. )?(?:read|pread64|readv|write|pwrite64|writev)(?:\(| resumed>).*= (\d+)(?: <[0-9.]+>)? *$"#,
        options: .anchorsMatchLines)
      let whole = NSRange(text.startIndex..., in: text)
      func piece(_ match: NSTextCheckingResult) -> Substring? {
        Range(match.range(at: 1), in: text).map { text[$0] }
      }
      for name in call.matches(in: text, range: whole).compactMap(piece) {
        counts[String(name), default: 0] += 1
      }
      for count in moved.matches(in: text, range: whole).compactMap(piece) {
        bytes += UInt64(count) ?? 0
      }
    }
  }

  /// Files that are strace's output from the first line to the last.
  static let plain = [
    "alice-28384.out", "alice-sqlite-tt.out", "clamav-attached.txt", "davidfoliveira.txt",
    "git2-segfault.log", "lnav-0.log", "pantoliano-attach.log", "perl6-big.txt", "perl6-pipe.txt",
    "pid-SIGKILL-mixed.txt", "pt-ioprofile-003-mysqld.txt", "stana-firefox_no_t.out",
    "stana-ls.out", "stana-ls_f.out", "stana-ls_no_f.out", "stana-stardict.out",
    "stana-thread-ex.out", "wso2-T-y-f-tt.txt", "zookeeper-mremap.out",
  ]

  @Test(arguments: plain)
  func allCallsAreCounted(name: String) throws {
    let bytes = try ParsedOutput.corpus(name)
    let output = ParsedOutput(bytes)
    var recount = try Recount(String(decoding: bytes, as: UTF8.self))
    if name == "clamav-attached.txt" {
      // What was resumed is counted under its own name.
      #expect(recount.counts.removeValue(forKey: "restart_syscall") == 1)
      recount.counts["poll", default: 0] += 1
    }
    if name == "pt-ioprofile-003-mysqld.txt" {
      // A select that had begun before; and old straces call pread64 so.
      recount.counts["select", default: 0] += 1
      recount.bytes += 2 * 16384
    }
    // What the program wrote itself broke that line in two.
    if name == "perl6-pipe.txt" { recount.bytes += 77 }
    for (call, count) in recount.counts where output.counts[call] != nil {
      let isWhole = output.processes.allSatisfy { $0.omittedCalls == 0 }
      #expect(output.counts[call] == count || !isWhole, "\(name): \(call)")
    }
    let all = output.processes.reduce(0) { $0 + $1.callCount }
    #expect(all == recount.counts.values.reduce(0, +), "\(name)")
    #expect(output.parser.readCalls == all)
    let moved = output.processes.flatMap(\.calls).filter {
      ["pread", "read", "pread64", "readv", "write", "pwrite64", "writev"].contains($0.name)
    }.reduce(0) { $0 + $1.bytes }
    #expect(moved == recount.bytes, "\(name)")
    #expect(output.parser.leftOutLines == 0)
  }

  /// Lines that are no strace's: mails around it, and what programs wrote to the same terminal.
  @Test(
    arguments: [
      ("389ds-5438-restart.txt", 0, nil), ("c-table-detached.txt", 0, nil),
      ("chrahunt-samples.txt", 0, nil), ("lnav-1.log", 0, nil), ("nscd.log", 3, 62),
      ("t-SIGTERM-restart.txt", 0, nil), ("strace-317-c-table.txt", 0, nil),
      ("pid-SIGKILL-mixed.txt", 2, 5), ("processpool-pid.txt", 67, 29),
      ("pt-ioprofile-003-EXPECTED.txt", 5, 1), ("pt-ioprofile-003-EXPECTED.tab", 12, 1),
    ] as [(String, Int, Int?)])
  func linesThatAreNoStraces(name: String, count: Int, first: Int?) throws {
    let output = try ParsedOutput(corpus: name)
    #expect(output.parser.unreadLines == count, "\(name)")
    #expect(output.parser.firstUnreadLine == first, "\(name)")
  }

  @Test(arguments: plain)
  func plainFilesAreReadWhole(name: String) throws {
    let parser = try ParsedOutput(corpus: name).parser
    let foreign = ["pid-SIGKILL-mixed.txt": 2]
    #expect(
      parser.unreadLines == foreign[name] ?? 0, "\(name): line \(parser.firstUnreadLine ?? 0)")
  }

  /// What Percona's pt-ioprofile makes of its own sample: 003-processed.txt.
  @Test func filesAreTimedAsPTIOProfileTimesThem() throws {
    let output = try ParsedOutput(corpus: "pt-ioprofile-003-mysqld.txt")
    #expect(output.processes.map(\.identity.id.pid) == [2362])
    let expected = String(
      decoding: try ParsedOutput.corpus("pt-ioprofile-003-EXPECTED.txt"), as: UTF8.self)
    let rows = expected.split(separator: "\n").dropFirst()
    try #require(rows.count == 4)
    for row in rows {
      let words = row.split(separator: " ")
      let path = String(try #require(words.last))
      let seconds = try #require(Double(words[0]))
      let file = try #require(output.file(path), "\(path)")
      #expect(file.nanoseconds == UInt64((seconds * 1e9).rounded()), "\(path)")
    }
    // Their second form has each call: the bytes that it returned.
    #expect(output.file("/data/data/abd_2dia/aia_227_223.ibd")?.readBytes == 16384)
    #expect(output.file("/data/data/abd_2dia/test/db.opt")?.readBytes == 65)
    #expect(output.file("/data/data/abd_2dia/test/db.opt")?.calls == 6)
  }

  @Test func tablesSayWhatTheySay() throws {
    let detached = try ParsedOutput(corpus: "c-table-detached.txt")
    #expect(detached.call("futex")?.count == 42367 && detached.call("futex")?.errors == 4)
    #expect(detached.call("close")?.nanoseconds == 55_000 && detached.counts.count == 7)
    let idle = try ParsedOutput(corpus: "strace-317-c-table.txt")
    #expect(idle.counts.values.reduce(0, +) == 35 && idle.call("arch_prctl")?.errors == 1)
    #expect(idle.processes.first?.blockedNanoseconds == 0)
  }

  /// nscd.log has a table that sums up the calls above it.
  @Test func aTableAgreesWithItsCalls() throws {
    let text = String(decoding: try ParsedOutput.corpus("nscd.log"), as: UTF8.self)
    let start = try #require(text.range(of: "% time"))
    let table = ParsedOutput(String(text[start.lowerBound...]))
    let calls = try ParsedOutput(corpus: "nscd.log")
    #expect(calls.parser.hasTable == false && table.parser.hasTable)
    // What never returns isn't in the table.
    var returned = calls.counts
    #expect(returned.removeValue(forKey: "exit_group") == 1)
    #expect(returned == table.counts)
  }

  @Test func whoDidWhat() throws {
    let stardict = try ParsedOutput(corpus: "stana-stardict.out")
    #expect(stardict.processes.count == 9)
    #expect(stardict[6498]?.identity.name == TaskName("stardict"))
    #expect((stardict[6498]?.threads ?? 0) > 1)
    let sqlite = try ParsedOutput(corpus: "alice-sqlite-tt.out")
    #expect(sqlite.file("/mnt/mydisk/test.db")?.syncCalls == 2)
    #expect(sqlite.file("/mnt/mydisk/test.db-journal")?.syncCalls == 4)
    let webserver = try ParsedOutput(corpus: "lnav-1.log")
    #expect(webserver.file("/tmp/webserver.log")?.syncCalls == 1)
    #expect(webserver[10000]?.threads == 2 && webserver.processes.count == 4)
    let mount = try ParsedOutput(corpus: "wso2-T-y-f-tt.txt")
    #expect(mount.processes.map(\.identity.name) == [TaskName("mount"), TaskName("mount.nfs")])
    let rsync = try ParsedOutput(corpus: "mail-rsync-rename-18s-T.txt")
    #expect(rsync.call("rename")?.count == 53)
    #expect((rsync.call("rename")?.slowestNanoseconds ?? 0) > 30_000_000_000)
    let trim = try ParsedOutput(corpus: "mail-xfs-fstrim-severe-T.txt")
    #expect(trim.call("ioctl")?.count == 5)
    #expect(trim.call("ioctl")?.slowestNanoseconds == 686_209_839_000)
    let killed = try ParsedOutput(corpus: "pid-SIGKILL-mixed.txt")
    #expect(killed.processes.filter { $0.ending == .exited }.count == 3)
  }

  /// However it is cut into pieces, it says the same.
  @Test(arguments: [1, 7, 4095, 100_000])
  func piecesOfAnySize(piece: Int) throws {
    for name in ParsedOutput.corpora {
      let bytes = try ParsedOutput.corpus(name).prefix(20_000)
      let whole = ParsedOutput(Array(bytes), piece: bytes.count)
      let cut = ParsedOutput(Array(bytes), piece: piece)
      #expect(whole.processes == cut.processes, "\(name)")
      #expect(whole.parser.unreadLines == cut.parser.unreadLines, "\(name)")
    }
  }
}
