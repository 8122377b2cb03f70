import Records
import Testing
import TraceReport

@Suite struct TraceTallyTests {
  private func process(_ tally: TraceTally) -> TracedProcess {
    let id = ProcessID(pid: 7, startTicks: 1)
    var process = TracedProcess(identity: ProcessIdentity(id: id, name: TaskName("x".utf8.span)))
    tally.write(into: &process)
    return process
  }

  @Test func sumsByCallAndFile() {
    var tally = TraceTally()
    for _ in 0..<3 {
      var write = ObservedCalls(name: "write", path: "/var/lib/x")
      (write.bytes, write.nanoseconds) = (4096, 2_000)
      tally.add(write)
      var sync = ObservedCalls(name: "fsync", path: "/var/lib/x")
      sync.nanoseconds = 5_000_000
      tally.add(sync)
    }
    let process = process(tally)
    #expect(process.calls.map(\.name) == ["fsync", "write"])
    #expect(process.writeBytes == 3 * 4096 && process.syncCalls == 3 && process.callCount == 6)
    #expect(process.blockedNanoseconds == 15_006_000)
    #expect(process.files.first?.syncCalls == 3 && process.files.first?.writeBytes == 3 * 4096)
    #expect(process.calls[0].latencies.last == 3 && process.calls[1].latencies == [0, 0, 3])
  }

  @Test func aSocketIsNoFile() {
    #expect(CallClass(call: "read", path: "socket:[1]") == .network)
    #expect(CallClass(call: "write", path: "pipe:[1]") == .pipe)
    #expect(CallClass(call: "write", path: "/a") == .write)
  }

  @Test func boundedWhateverIsOpened() {
    var tally = TraceTally()
    for number in 0..<(TraceTally.entryLimit + 10) {
      tally.add(ObservedCalls(name: "openat", path: "/f\(number)"))
    }
    let process = process(tally)
    #expect(process.files.count == TracedProcess.fileLimit)
    #expect(process.callCount == UInt64(TraceTally.entryLimit + 10))
  }
}
