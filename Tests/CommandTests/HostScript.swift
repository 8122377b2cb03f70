import Foundation
import TestSupport

/// Shell scripts that stand for a host: they print what a `vmstat -n -t 1` there might.
enum HostScript {
  static let header = """
    procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- \
    -----timestamp-----
     r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st \
                    UTC
    """

  /// A command that ends when the session does, as vmstat's next row would end it.
  static let untilGone = "cat > /dev/null"

  /// 2026-11-22T00:00:00Z, the stamp of row 0.
  static let startSeconds = 1795305600

  /// The row with number `number`: it says so in `free`, and its stamp is that many seconds after
  /// midnight.
  static func row(_ number: Int) -> String {
    let clock = [number / 3600, number / 60 % 60, number % 60]
      .map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
    return " 1  0      0 \(100_000 + number)   1000  50000    0    0     1     2   10   20  1  1"
      + " 98  0  0 2026-11-22 \(clock)"
  }

  /// Prints the file at `path` and then nothing, for as long as the session is there.
  static func printing(_ path: String) -> String { "cat '\(path)'; \(untilGone)\n" }

  /// A row every `pause` seconds, numbered on from one connection to the next, each number
  /// also appended to the file at `log` just before its row is printed: but for the first of each
  /// run, which stands for the average since boot.
  static func counting(counter: String, log: String, pause: String = "0.05") -> String {
    """
    n=`cat '\(counter)' 2>/dev/null || echo 0`
    cat <<'END'
    \(header)
    END
    first=1
    while :; do
      n=$((n + 1))
      echo $n > '\(counter)'
      format=' 1  0      0 %d   1000  50000    0    0     1     2   10   20  1  1 98  0  0'
      row=`printf "$format 2026-11-22 %02d:%02d:%02d" \
        $((100000 + n)) $((n / 3600)) $((n / 60 % 60)) $((n % 60))`
      [ $first = 1 ] || echo "$n" >> '\(log)'
      first=0
      echo "$row" || exit
      sleep \(pause)
    done

    """
  }

  /// Runs what was asked for, and keeps a copy of all that it prints in `folder`, in a file by
  /// the server's address.
  static func copying(into folder: String) -> String {
    """
    set -- $SSH_CONNECTION
    eval "$SSH_ORIGINAL_COMMAND" | tee -a '\(folder)'/"$3"

    """
  }
}

/// What a real vmstat printed, as numbers.
struct PrintedRow: Equatable {
  /// `2026-11-23 03:12:04`
  var stamp: String
  /// The columns by name.
  var values: [String: Int]

  static let columns = [
    "r", "b", "swpd", "free", "buff", "cache", "si", "so", "bi", "bo", "in", "cs", "us", "sy", "id",
    "wa", "st",
  ]

  /// The rows of what `vmstat -n -t` printed, without the first, the average since boot.
  static func rows(_ text: String) -> [PrintedRow] {
    var rows: [PrintedRow] = []
    var names: [String] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      if words.first == "r" { names = words.dropLast() }
      guard words.first.flatMap({ Int($0) }) != nil, words.count >= names.count + 2, !names.isEmpty
      else { continue }
      let numbers = words.prefix(names.count).compactMap { Int($0) }
      guard numbers.count == names.count else { continue }
      let values = Dictionary(zip(names, numbers), uniquingKeysWith: { first, _ in first })
      rows.append(
        PrintedRow(
          stamp: words[names.count...].prefix(2).joined(separator: " "), values: values))
    }
    return Array(rows.dropFirst())
  }

  /// The same of a `culprit` row in JSON.
  init?(json: [String: Any]) {
    guard let time = json["time"] as? String, time.hasSuffix("Z") else { return nil }
    stamp = String(time.dropLast()).replacing("T", with: " ")
    values = [:]
    for (name, value) in json {
      if PrintedRow.columns.contains(name) || name == "gu", let number = value as? Int {
        values[name] = number
      }
    }
  }

  init(stamp: String, values: [String: Int]) {
    self.stamp = stamp
    self.values = values
  }
}
