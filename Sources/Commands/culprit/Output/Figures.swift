/// Numbers for people; what is absent is a dash, never a 0.
enum Figures {
  static func whole(_ number: Int64?) -> String {
    number.map(String.init) ?? "-"
  }

  static func twoDecimals(_ number: Double) -> String {
    guard abs(number) < 1e15 else { return "?" }
    let hundredths = Int64((abs(number) * 100).rounded())
    let sign = number < 0 && hundredths > 0 ? "-" : ""
    return "\(sign)\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }
}
