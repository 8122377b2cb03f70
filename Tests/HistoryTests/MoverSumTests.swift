import Records
import Testing

@testable import History

/// Ticks that come in one batch give the rows that they give one by one.
@Suite struct MoverSumTests {
  /// Bytes of a tick: small ones, none that could be read, more than there are.
  @Test(arguments: [
    [Reading.known(100), .known(200)], [.known(100), .denied, .known(300)], [.denied, .denied],
    [.known(.max), .known(.max), .known(1)],
  ])
  func aBatchSumsUpAsItsTicksDo(bytes: [Reading<UInt64>]) throws {
    let frames = (0..<20).map { index in
      var frame = LedgerTests.frame(UInt64(index + 1), isLive: index % 3 > 0)
      let read = bytes[index % bytes.count]
      frame.activity?.processes[0].cpuNanoseconds = 200_000_000
      frame.activity?.processes[0].io = read.map { read in
        var io = IOCounters()
        (io.readBytes, io.cancelledWriteBytes) = (read, 1)
        return io
      }
      return frame
    }
    let (whole, single) = (try HistoryFolder(), try HistoryFolder())
    try record([frames], in: whole)
    try record(frames.map { [$0] }, in: single)
    let rows = try whole.sqlite3("SELECT * FROM mover ORDER BY time_ns")
    #expect(rows.count == 3, "\(rows)")
    #expect(try rows == single.sqlite3("SELECT * FROM mover ORDER BY time_ns"))
  }

  private func record(_ batches: [[FrameDelivery]], in folder: HistoryFolder) throws {
    let store = try folder.open()
    defer { try? store.close() }
    for deliveries in batches {
      var batch = HistoryBatch()
      batch.deliveries = deliveries
      _ = try store.record(batch, now: night)
    }
  }

  @Test func sumsDoNotOverflow() {
    var sum = MoverSum(bucket: 0, host: 1, process: 2, covered: 1 << 50)
    for _ in 0..<5000 {
      var next = MoverSum(bucket: 0, host: 1, process: 2, covered: 1 << 50)
      var io = IOCounters()
      io.readBytes = .max
      next.take(io)
      sum.add(next)
    }
    #expect(
      sum.covered == ActivityWriter.bucketLimit && sum.readBytes == ActivityWriter.bucketLimit)
    // The first had none.
    #expect(!sum.isRead)
  }
}
