import Bytes
import Records
import Watch

/// Writes rows to standard output, in blocks.
struct RowWriter {
  private static let blockBytes = 64 << 10

  private let isJSON: Bool
  private var plain: PlainText
  private var json = JSONWriter()
  private var output: [UInt8] = []
  private(set) var count = 0

  init(json: Bool, hosts: [String], zone: ViewerZone) {
    isJSON = json
    plain = PlainText(hosts: hosts, zone: zone, timeStyle: .dateAndClock)
  }

  mutating func write(_ sample: HostSample) {
    count += 1
    if isJSON {
      json.sample(sample)
      output += json.takeLine()
    } else {
      plain.append(sample, to: &output)
    }
    if output.count >= RowWriter.blockBytes { flush() }
  }

  mutating func flush() {
    StandardOutput.write(output)
    output.removeAll(keepingCapacity: true)
  }
}
