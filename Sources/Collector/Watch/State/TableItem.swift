import Bytes
import Records

/// A line of the table.
enum TableItem: Sendable {
  /// A place in the fleet's hosts.
  case host(Int)
  case fold(QuietFold)
  /// Under a host's line: one of its waiting tasks, by the host's place and the task's.
  case suspect(host: Int, task: Int)

  /// Most tasks under one host: the zoom lists them all.
  static let suspectsLimit = 2
}

/// Hosts about which there is nothing to say, in one line: `web[01-40]: quiet`.
struct QuietFold: Sendable, Equatable {
  /// By it the line is found again when its hosts change.
  let id: String
  let names: String
  /// `quiet`, or the state that all of them are in.
  let word: String
  let places: [Int]

  /// Stems with fewer hosts than this share a line.
  static let leastHosts = 3

  /// Folds `places`, which are quiet hosts in the fleet's order.
  static func folds(of places: [Int], in hosts: [WatchedHost]) -> [QuietFold] {
    var order: [String] = []
    var groups: [String: [Int]] = [:]
    for place in places {
      let key = "\(word(hosts[place])) \(stem(hosts[place].name))"
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(place)
    }
    var folds: [QuietFold] = []
    var rest: [String: [Int]] = [:]
    var restOrder: [String] = []
    for key in order {
      let members = groups[key] ?? []
      guard let first = members.first else { continue }
      if members.count >= leastHosts {
        folds.append(fold(members, hosts, id: key))
      } else {
        let word = word(hosts[first])
        if rest[word] == nil { restOrder.append(word) }
        rest[word, default: []] += members
      }
    }
    return folds + restOrder.map { fold(rest[$0] ?? [], hosts, id: "\($0) others") }
  }

  private static func fold(_ places: [Int], _ hosts: [WatchedHost], id: String) -> QuietFold {
    let names = HostNames.fold(places.map { Printable.text(hosts[$0].name, limit: 80) })
    return QuietFold(
      id: "\0\(id)", names: names, word: places.first.map { word(hosts[$0]) } ?? "",
      places: places)
  }

  private static func word(_ host: WatchedHost) -> String {
    if host.isAbsent { return "no rows then" }
    return host.status.state.isHealthy ? "quiet" : host.status.state.rawValue
  }

  /// The name without the number at the end of its first label.
  private static func stem(_ name: String) -> String {
    let label = name.prefix { $0 != "." }
    let digits = label.reversed().prefix { $0.isASCII && $0.isNumber }.count
    return "\(label.dropLast(digits)) \(name.dropFirst(label.count))"
  }
}
