import Bytes
import Collector
import Foundation
import History
import Records

/// Hosts named in a question to the history.
enum HostArguments {
  /// The names that `arguments` stand for (hosts, ranges, tags of the fleet file); `nil` for all.
  /// One that the history doesn't know is an error that names those it does.
  static func names(
    _ arguments: [String], in store: HistoryStore, _ options: HistoryOptions
  ) throws -> [String]? {
    guard !arguments.isEmpty else { return nil }
    let known = try store.answering { store throws(HistoryError) in
      try store.hosts().map(\.status.host)
    }
    let (wanted, excluded) = HostSelection.parted(arguments)
    let chosen = wanted.isEmpty ? known : try names(wanted, known: known, options)
    let left = Set(try names(excluded, known: known, options))
    return chosen.filter { !left.contains($0) }
  }

  private static func names(
    _ arguments: [String], known: [String], _ options: HistoryOptions
  ) throws -> [String] {
    var names: [String] = []
    for argument in arguments {
      if known.contains(argument) {
        names.append(argument)
      } else if argument.hasPrefix("@") {
        names += try tagged(String(argument.dropFirst()), options)
      } else {
        names += try expanded(argument)
      }
    }
    for name in names where !known.contains(name) {
      let list = known.isEmpty ? "it is empty" : "it has \(HostNames.fold(known))"
      throw CommandFailure.failed(
        "the history has no host “\(Printable.text(name, limit: 80))”; \(list)")
    }
    return names
  }

  private static func tagged(_ tag: String, _ options: HistoryOptions) throws -> [String] {
    let selection = HostSelection(fleet: try options.fleetFile())
    do throws(HostSelection.Problem) {
      return try selection.tagged(tag).map(\.name)
    } catch {
      throw CommandFailure.usage(error.description)
    }
  }

  private static func expanded(_ argument: String) throws -> [String] {
    do throws(HostNames.RangeError) {
      return try HostNames.expand(argument)
    } catch {
      throw CommandFailure.usage(Printable.text(error.description))
    }
  }
}

extension HistoryStore {
  /// Asks a question; what goes wrong becomes the command's failure.
  func answering<Answer>(
    _ question: (HistoryStore) throws(HistoryError) -> Answer
  ) throws(CommandFailure) -> Answer {
    do throws(HistoryError) {
      return try question(self)
    } catch {
      throw .failed(error.description)
    }
  }

  /// Fails where nothing was recorded in a time: without a row nobody can say that all was well.
  func requireRows(
    _ names: [String]?, _ from: Timestamp, _ to: Timestamp?, _ timeZone: TimeZone
  ) throws {
    var hasRows = false
    try forEachSample(hosts: names, from: from, to: to, limit: 1) { _ in
      hasRows = true
      return false
    }
    guard !hasRows else { return }
    throw CommandFailure.failed(
      "nothing was recorded since \(Moments.date(from, timeZone))"
        + (to.map { " until \(Moments.date($0, timeZone))" } ?? "")
        + ", so nothing can be said of that time; look at culprit hosts, or give an earlier "
        + "--since")
  }
}
