/// Numbers for people; what is absent is a dash, never a 0.
enum Figures {
  static func whole(_ number: Int64?) -> String {
    number.map(String.init) ?? "-"
  }

  static func twoDecimals(_ number: Double) -> String {
    let hundredths = Int64((number * 100).rounded())
    let fraction = abs(hundredths % 100)
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
  }
}
