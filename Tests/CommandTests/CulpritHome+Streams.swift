import Records
import Testing

extension CulpritHome {
  /// What the history has of a stream, gaps included.
  func storedRuns(_ host: String, _ stream: StreamID) async throws -> SequenceSet {
    let number = Int64(bitPattern: stream.number)
    let lines = try await sqlite(
      """
      SELECT run.first, run.last FROM stream_run AS run JOIN stream ON stream.id = run.stream
        JOIN server ON server.id = stream.host
        WHERE server.name = '\(host)' AND stream.number = \(number)
      """)
    var set = SequenceSet()
    for line in lines {
      let parts = line.split(separator: "|").compactMap { UInt64($0) }
      try #require(parts.count == 2)
      // No two runs overlap: a number is there once.
      #expect(set.missing(in: parts[0]...parts[1]) == [parts[0]...parts[1]])
      set.insert(parts[0]...parts[1])
    }
    return set
  }

  /// Two rows of one tick: they are as good as at one time.
  func doubledTicks() async throws -> Int {
    try await number(
      """
      SELECT count(*) FROM tick AS a JOIN tick AS b
        ON b.host = a.host AND b.time_ns > a.time_ns AND b.time_ns < a.time_ns + 1000000
      """)
  }
}
