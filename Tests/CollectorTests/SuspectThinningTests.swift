import Records
import Testing

@testable import Collector

/// Which looks at waiting tasks are stored.
@Suite("suspect thinning")
struct SuspectThinningTests {
  /// Expectations can't change what they ask.
  private final class Thinning {
    private var thinning = SuspectThinning()

    func keeps(_ report: SuspectReport) -> Bool { thinning.keeps(report) }
    func waitCount(of host: String) -> Int { thinning.waitCount(of: host) }
  }

  private func look(
    _ second: Double, _ waits: [(Int, String)] = [(1, "file lock")], host: String = "a",
    source: SuspectSource = .agent
  ) -> SuspectReport {
    SuspectReport(
      host: host, time: Timestamp(seconds: 1_000_000).advanced(bySeconds: second), source: source,
      suspects: waits.map { pid, reason in
        Suspect(pid: pid, tid: pid, state: "D", user: "u", reason: reason, command: "c")
      })
  }

  @Test("while nothing changes, one look in ten seconds")
  func steady() {
    let thinning = Thinning()
    let kept = (0...60).filter { thinning.keeps(look(Double($0))) }
    #expect(kept == [0, 10, 20, 30, 40, 50, 60])
  }

  @Test("a new process, and a new reason, at once; each host by itself")
  func news() {
    let thinning = Thinning()
    #expect(thinning.keeps(look(0)))
    #expect(!thinning.keeps(look(1)))
    #expect(thinning.keeps(look(2, [(1, "file lock"), (2, "block I/O")])))
    #expect(!thinning.keeps(look(3, [(2, "block I/O")])))
    #expect(thinning.keeps(look(4, [(2, "swap-in")])))
    #expect(thinning.keeps(look(4, host: "b")))
    // What it was a moment ago is no news.
    #expect(!thinning.keeps(look(5, [(2, "block I/O")])))
  }

  @Test("where each tick shows others, not each is stored")
  func churn() {
    let thinning = Thinning()
    let kept = (0..<600).filter { thinning.keeps(look(Double($0), [($0, "block I/O")])) }
    #expect(kept.starts(with: [0, 1, 2]))
    #expect((60...150).contains(kept.count), "\(kept.count) of 600")
  }

  @Test("looks of ps all, empty ones none, and a clock that goes back stops nothing")
  func others() {
    let thinning = Thinning()
    #expect(thinning.keeps(look(0, source: .ps)) && thinning.keeps(look(1, source: .ps)))
    #expect(!thinning.keeps(look(2, [])))
    #expect(thinning.keeps(look(3)))
    #expect(thinning.keeps(look(-5000)))
    #expect(!thinning.keeps(look(-4999)))
  }

  @Test("a host with thousands of waits costs no more memory")
  func many() {
    let thinning = Thinning()
    for second in 0..<200 {
      _ = thinning.keeps(
        look(Double(second), (0..<200).map { (second * 200 + $0, "block I/O") }))
    }
    #expect(thinning.waitCount(of: "a") <= SuspectThinning.waitsLimit)
  }
}
