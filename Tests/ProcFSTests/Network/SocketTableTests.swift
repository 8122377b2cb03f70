import Foundation
import Records
import TestSupport
import Testing

@testable import ProcFS

@Suite("tables of sockets")
struct SocketTableTests {
  private func socket(_ line: String) -> InternetSocket? {
    TaskText.parse(line) { InternetSocket($0) }
  }

  @Test func aConnectionHasBothEnds() throws {
    let found = try #require(
      socket(
        "  11: 1C00000A:0016 9200000A:DDCB 01 00000010:0000002A 02:000AB71D 00000000  1000   "
          + "     0 41558 2 ffff8c7a0de957c0 20 4 1 10 -1     "))
    #expect(found.local == SocketEndpoint(address: "10.0.0.28", port: 22))
    #expect(found.remote == SocketEndpoint(address: "10.0.0.146", port: 56779))
    #expect(found.state == .established && found.inode == 41558)
    #expect(found.sendQueue == 16 && found.receiveQueue == 42)
  }

  @Test(arguments: [
    ("00000000000000000000000000000000", "::"), ("00000000000000000000000001000000", "::1"),
    ("B80D0120000000000000000001000000", "2001:db8::1"),
    ("0000000000000000FFFF00000100007F", "127.0.0.1"),
  ])
  func addressesOfIPv6(hex: String, text: String) throws {
    let found = try #require(
      socket(
        "   0: \(hex):0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
          + "00000000     0        0 77 1 0 100 0 0 10 0"))
    #expect(found.local.address == text && found.state == .listening && found.inode == 77)
    let shown = text.contains(":") ? "[\(text)]:80" : "\(text):80"
    #expect(found.local.text == shown)
  }

  @Test(arguments: [
    "", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
    "   0: 0100007F 00000000:0000 0A 0:0 00:0 0 0 0 1",
    "   0: 0100007F:0035 0:0 0A 0:0 0:0 0 0 0 1",
    "   0: 0100007F:10035 00000000:0000 0A 0:0 00:0 0 0 0 1",
    "   0: 0100007F:0035 00000000:0000 0A 00 00:0 0 0 0 1",
    "   0: 0100007F:0035 00000000:0000 0A 0:0 00:0 0 0 0 x",
  ])
  func whatIsNoLineIsNone(text: String) {
    #expect(socket(text) == nil)
  }

  @Test func unixSockets() throws {
    func socket(_ line: String) -> UnixSocket? { TaskText.parse(line) { UnixSocket($0) } }
    let named = try #require(
      socket("ffff9b61ac49c400: 00000002 00000000 00010000 0001 01 42776 /run/a b\u{1B}[31m"))
    #expect(named.state == .listening && named.inode == 42776)
    #expect(named.path == "/run/a b␛[31m")
    let abstract = try #require(
      socket("0000000000000000: 00000003 00000000 00000000 0001 03 12 @/tmp/.X11-unix/X0"))
    #expect(abstract.state == .established && abstract.path == "@/tmp/.X11-unix/X0")
    let unnamed = try #require(socket("0000000000000000: 00000003 00000000 00000000 0001 03 12"))
    #expect(unnamed.path == nil && unnamed.inode == 12)
    #expect(socket("Num       RefCount Protocol Flags    Type St Inode Path") == nil)
  }

  @Test(
    "recorded tables",
    .enabled(if: RecordedTrees.isThere, "the recorded trees are not there"),
    arguments: ["net_tcp", "net_tcp6"])
  func recorded(name: String) throws {
    let bytes = RecordedTrees.bytes("\(RecordedTrees.root)/jc/\(name)")
    let lines = bytes.split(separator: 10).dropFirst()
    #expect(lines.count > 2)
    for line in lines {
      let text = Array(line)
      let found = try #require(TaskText.parse(text) { InternetSocket($0) })
      #expect(found.inode == TaskText.parse(text) { InternetSocket.inode($0) })
      #expect(found.state != .unknown)
      // Cut anywhere, it is the same but for what may be cut, or nothing.
      for count in 0..<text.count {
        let cut = TaskText.parse(Array(text[..<count])) { InternetSocket($0) }
        #expect(cut == nil || cut?.local == found.local && cut?.remote == found.remote)
      }
    }
  }

  @Test(
    "recorded Unix sockets",
    .enabled(if: RecordedTrees.isThere, "the recorded trees are not there"))
  func recordedUnix() throws {
    let bytes = RecordedTrees.bytes("\(RecordedTrees.root)/jc/net_unix")
    let lines = bytes.split(separator: 10).dropFirst()
    #expect(lines.count > 10)
    for line in lines {
      let found = try #require(TaskText.parse(Array(line)) { UnixSocket($0) })
      #expect(found.state != .unknown && found.inode > 0)
    }
  }
}

@Suite("long files, line by line")
struct LineTests {
  private func lines(
    _ text: [UInt8], byteLimit: Int = 1 << 24, stopAfter: Int = .max
  ) throws -> (lines: [String], outcome: LineOutcome) {
    let folder = try TestFolder()
    try folder.write(text, to: "file")
    let root = try ProcRoot(folder.path)
    var lines: [String] = []
    let outcome = root.forEachLine(of: ProcPath("file"), byteLimit: byteLimit) { line in
      lines.append(String(decoding: (0..<line.count).map { line[$0] }, as: UTF8.self))
      return lines.count < stopAfter
    }
    return (lines, outcome)
  }

  @Test func allOfThemAcrossChunks() throws {
    let wanted = (0..<30_000).map { "line \($0) with some text" }
    let found = try lines(Array((wanted.joined(separator: "\n") + "\nhalf").utf8))
    #expect(found.lines == wanted)
    #expect(found.outcome == LineOutcome(outcome: .bytes, isCut: false))
  }

  @Test func noFurtherThanWanted() throws {
    let text = Array(String(repeating: "0123456789abcde\n", count: 20_000).utf8)
    let stopped = try lines(text, stopAfter: 3)
    #expect(stopped.lines.count == 3 && !stopped.outcome.isCut)
    let cut = try lines(text, byteLimit: 100_000)
    #expect(cut.lines.count < 20_000 && cut.outcome.isCut)
  }

  @Test func aLineWithoutAnEndCostsNoMoreThanTheRoom() throws {
    let text = Array(repeating: UInt8(ascii: "x"), count: 300_000) + Array("\nlast\n".utf8)
    let found = try lines(text)
    #expect(found.lines.last == "last" && found.lines.count == 2)
  }

  @Test func thereMayBeNoFile() throws {
    let root = try ProcRoot("/")
    let outcome = root.forEachLine(of: ProcPath("no/such/file"), byteLimit: 10) { _ in true }
    #expect(outcome == LineOutcome(outcome: .vanished, isCut: false))
  }
}
