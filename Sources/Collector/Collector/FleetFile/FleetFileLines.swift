/// Finds the line of a key: TOMLKit gives positions for syntax errors only.
struct FleetFileLines {
  private struct Place: Hashable {
    var section: String
    /// Which one of several `[[host]]`.
    var index: Int
    var key: String?
  }

  private var lines: [Place: Int] = [:]

  init(_ text: String) {
    var section = ""
    var counts: [String: Int] = [:]
    var number = 0
    // CR LF is one character to Swift.
    for line in text.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
    {
      number += 1
      let line = line.drop { $0 == " " || $0 == "\t" }
      if line.hasPrefix("[") {
        section = String(line.drop { $0 == "[" }.prefix { $0 != "]" })
          .filter { $0 != " " && $0 != "\"" }
        counts[section, default: -1] += 1
        lines[Place(section: section, index: counts[section] ?? 0)] = number
      } else if let equals = line.firstIndex(of: "="), !line.hasPrefix("#") {
        let key = line[..<equals].filter { !" \t\"'".contains($0) }
        let place = Place(section: section, index: counts[section] ?? 0, key: String(key))
        if lines[place] == nil { lines[place] = number }
      }
    }
  }

  /// The line of `key` in the `index`-th table of that name, or else of the table itself.
  func line(section: String, index: Int = 0, key: String? = nil) -> Int? {
    lines[Place(section: section, index: index, key: key)]
      ?? lines[Place(section: section, index: index)]
      ?? lines[Place(section: "", index: 0, key: section)]
  }
}
