import Glibc

/// What errno number `reason` means, in words.
func errnoText(_ reason: Int32) -> String {
  guard let text = strerror(reason) else { return "error \(reason)" }
  return String(cString: text)
}

/// `value` with `digits` decimals.
func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite else { return "–" }
  var scale: Int64 = 1
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int64((abs(value) * Double(scale)).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(scaled)" }
  let fraction = String(scaled % scale)
  let zeros = String(repeating: "0", count: digits - fraction.count)
  return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
}

/// Prints a line on stderr: what is going on, for whatever takes longer than two seconds.
func progress(_ text: String) {
  let line = Array("culprit-bench: \(text)\n".utf8)
  _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}
