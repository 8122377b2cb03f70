import Bytes

/// A list of CPUs as sysfs prints it (Documentation/admin-guide/cputopology.rst): `0-3,5,8-11`.
public enum CPUList {
  /// How many CPUs the list names; `nil` where it isn't one.
  public static func count(_ text: Span<UInt8>) -> Int? {
    var end = text.count
    if end > 0, text[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    var (start, total) = (0, 0)
    while start < end {
      let stop = text.first(UInt8(ascii: ","), in: start..<end) ?? end
      let dash = text.first(UInt8(ascii: "-"), in: start..<stop)
      guard let first = text.decimal(in: start..<(dash ?? stop)), first >= 0,
        let last = dash.map({ text.decimal(in: $0 + 1..<stop) }) ?? first, last >= first,
        last < 1 << 20
      else { return nil }
      total += Int(last - first) + 1
      start = stop + 1
    }
    return total > 0 ? total : nil
  }
}
