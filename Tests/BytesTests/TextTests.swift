import Testing

@testable import Bytes

@Suite("printable text")
struct PrintableTests {
  @Test("nothing that a terminal acts on survives")
  func hostile() {
    let hostile =
      "a\u{1B}[2Jb\u{07}\u{0}c\u{7F}\u{9B}31m\u{202E}d\u{2028}e\u{200B}\u{E0041}\r\nf\u{FEFF}"
    let text = Printable.text(hostile)
    for scalar in text.unicodeScalars {
      #expect(scalar.value >= 0x20 && scalar.value != 0x7F)
      #expect(!(0x80..<0xA0).contains(scalar.value))
      #expect(!(0x200B...0x200F).contains(scalar.value))
      #expect(!(0x2028...0x202E).contains(scalar.value))
      #expect(scalar.value < 0xE0000)
    }
    #expect(text.hasPrefix("a␛[2Jb␇␀c␡"))
  }

  @Test("what is harmless stays")
  func harmless() {
    let accented = "e\u{301}"
    #expect(Printable.text(accented).unicodeScalars.count == 2)
    #expect(Printable.text("db1: Größe 日本") == "db1: Größe 日本")
  }

  @Test("length is bounded, and a cut shows")
  func bound() {
    let text = Printable.text(String(repeating: "z", count: 1000), limit: 10)
    #expect(text == "zzzzzzzzzz…")
    #expect(Printable.text("zzzzzzzzzz", limit: 10) == "zzzzzzzzzz")
  }

  @Test("every byte sequence of two becomes printable", arguments: 0...255)
  func bytes(first: Int) {
    for second in 0...255 {
      let text = Printable.text([UInt8(first), UInt8(second)].span)
      #expect(!text.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) })
    }
  }
}

@Suite("JSON writer")
struct JSONWriterTests {
  @Test("objects, arrays, escapes and nulls")
  func document() {
    var json = JSONWriter()
    json.object { json in
      json.field("text", "a\"b\\c\n\u{1}é")
      json.field("number", Int64(-3))
      json.field("none", nil as Double?)
      json.field("not_a_number", Double.nan)
      json.key("list")
      json.array { json in
        json.value(Int64(1))
        json.value(true)
        json.object { _ in }
      }
    }
    #expect(
      json.text
        == #"{"text":"a\"b\\c\u000a\u0001é","number":-3,"none":null,"not_a_number":null,"#
        + #""list":[1,true,{}]}"#)
  }

  @Test("a writer can be used again")
  func reuse() {
    var json = JSONWriter()
    json.object { $0.field("a", Int64(1)) }
    json.removeAll()
    json.object { $0.field("b", Int64(2)) }
    #expect(json.text == #"{"b":2}"#)
  }
}

@Suite("host names")
struct HostNamesTests {
  @Test(
    "expand",
    arguments: [
      ("web1", ["web1"]),
      ("web[1-3,7]", ["web1", "web2", "web3", "web7"]),
      ("web[08-11].lan", ["web08.lan", "web09.lan", "web10.lan", "web11.lan"]),
      ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
      ("[::1]:2222", ["[::1]:2222"]),
      ("root@web[1-2]:22", ["root@web1:22", "root@web2:22"]),
    ])
  func expand(text: String, expected: [String]) throws {
    #expect(try HostNames.expand(text) == expected)
  }

  @Test(
    "what is no range says why",
    arguments: [
      ("web[1-3", "without its"), ("web[a-b]", "no number"), ("web[3-1]", "backwards"),
      ("web[1-99999]", "more than"), ("a[1-200]b[1-200]", "more than"), ("web[]", "no number"),
    ])
  func refuse(text: String, part: String) {
    do throws(HostNames.RangeError) {
      _ = try HostNames.expand(text)
      Issue.record("\(text) was expanded")
    } catch {
      #expect(error.description.contains(part), "\(error.description)")
    }
  }

  @Test(
    "fold",
    arguments: [
      (["web1", "web2", "web3", "db"], "web[1-3],db"),
      (["web01", "web02", "web10"], "web[01-02,10]"),
      (["a1.lan", "a2.lan"], "a[1-2].lan"),
      (["10.0.0.1", "10.0.0.2"], "10.0.0.1,10.0.0.2"),
      (["x"], "x"), ([], ""),
    ])
  func fold(names: [String], expected: String) {
    #expect(HostNames.fold(names) == expected)
  }

  @Test("folding and expanding is the way back")
  func roundTrip() throws {
    let names = (1...30).map { "web\($0)" } + (1...9).map { "db0\($0)" } + ["mail"]
    let parts = HostNames.fold(names).split(separator: ",").map(String.init)
    // Commas stand inside brackets too; these names make plain runs, so there are none.
    #expect(try parts.flatMap { try HostNames.expand($0) } == names)
  }
}

@Suite("civil time")
struct CivilTimeTests {
  @Test("the way there and back, over leap years and centuries")
  func roundTrip() throws {
    for day in stride(from: Int64(-100_000), to: 100_000, by: 37) {
      let seconds = day * 86400 + (day &* 7919) % 86400
      #expect(CivilTime(epochSeconds: seconds).epochSeconds == seconds)
    }
  }

  @Test(
    "RFC 3339",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-11-23T03:12:00Z", 1_795_403_520_000_000_000),
      ("2026-11-23T04:12:00+01:00", 1_795_403_520_000_000_000),
      ("2026-11-23 03:12:00.5Z", 1_795_403_520_500_000_000),
      ("2026-02-29T00:00:00Z", nil), ("2026-11-23T03:12:00", nil), ("2026-11-23T24:00:00Z", nil),
      ("2026-11-23T03:12:00.Z", nil), ("2026-11-23T03:12:00+1:00", nil), ("", nil),
    ] as [(String, Int64?)])
  func parse(text: String, expected: Int64?) {
    #expect(RFC3339.nanoseconds(text) == expected)
  }

  @Test("a fraction is written only where there is one")
  func format() {
    #expect(RFC3339.string(nanoseconds: 0) == "1970-01-01T00:00:00Z")
    #expect(RFC3339.string(nanoseconds: 1_000_001) == "1970-01-01T00:00:00.001000001Z")
    #expect(RFC3339.string(nanoseconds: -1) == "1969-12-31T23:59:59.999999999Z")
  }
}
