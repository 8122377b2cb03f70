import Records
import Testing

@testable import Watch

@Suite struct ProcessPlainTests {
  @Test func aLinePerProcess() {
    var text = ProcessPlainText(hosts: ["db1", "web 22"], zone: .utc)
    var output: [UInt8] = []
    text.append(Work.activity("db1", night), to: &output)
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    #expect(lines[0] == "TIME     HOST       PID USER       READ/s  WRITE/s  CPU% COMMAND")
    #expect(
      lines[1]
        == "03:12:00 db1       4711 postgres    11.7K    85.8M  12.0 postgres: checkpointer  "
        + "{postgresql@15-main.service}")
    #expect(lines.count == 10)
    #expect(lines[7].contains("   denied   denied   0.0 secret"))
    #expect(lines[9].hasSuffix("       0    40.0K     - (12 more)"))
    #expect(output.allSatisfy { $0 == 10 || $0 >= 32 })
  }

  @Test func theHeaderComesAgain() {
    var text = ProcessPlainText(hosts: ["a"], zone: .utc)
    var output: [UInt8] = []
    for _ in 0..<20 { text.append(Work.activity("a", night), to: &output) }
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("TIME") } == 4)
  }
}
