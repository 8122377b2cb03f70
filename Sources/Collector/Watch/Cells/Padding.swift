import Bytes

extension String {
  /// Made printable, cut and padded: what a host sent keeps to its column.
  func fitted(to width: Int) -> String {
    var shown = ""
    var used = 0
    for scalar in Printable.text(self, limit: 4 * width + 4).unicodeScalars {
      guard used + DisplayWidth.of(scalar) <= width else { break }
      shown.unicodeScalars.append(scalar)
      used += DisplayWidth.of(scalar)
    }
    return shown.padded(to: width)
  }

  /// With spaces behind it up to `width` cells.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - DisplayWidth.of(self)))
  }

  /// With spaces before it up to `width` cells.
  func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - DisplayWidth.of(self))) + self
  }
}
