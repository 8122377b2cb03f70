import Bytes

/// Text as `vmstat -n -t 1` of Debian 12 prints it, with rows that differ.
enum VmstatText {
  static let rowCount = 1000

  static let header = Array(
    """
    procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- \
    -----timestamp-----
     r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st           \
          UTC

    """.utf8)

  static let rows: [UInt8] = (0..<rowCount).flatMap { Array(row($0).utf8) }

  private static func row(_ index: Int) -> String {
    let (user, system, wait) = (3 + index % 11, 1 + index % 5, index % 3)
    let columns: [(value: Int, width: Int)] = [
      (index % 4, 2), (index % 7 == 0 ? 1 : 0, 2), (0, 6), (8_123_456 - 97 * index, 6),
      (61_440 + index, 6), (1_934_856 + 13 * index, 6), (0, 4), (0, 4), (index * 37 % 300, 5),
      (index * 53 % 900, 5), (700 + index * 29 % 400, 4), (1200 + index * 41 % 900, 4),
      (user, 2), (system, 2), (100 - user - system - wait, 2), (wait, 2), (0, 2),
    ]
    let time = RFC3339.string(nanoseconds: (1_795_453_505 + Int64(index)) * 1_000_000_000)
    let stamp = time.map { $0 == "T" ? " " : String($0) }.joined().prefix { $0 != "Z" }
    return columns.map { padded($0.value, $0.width) }.joined(separator: " ") + " \(stamp)\n"
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: " ", count: max(0, width - digits.count)) + digits
  }
}
