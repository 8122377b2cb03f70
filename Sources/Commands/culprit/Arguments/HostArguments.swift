import Bytes
import History
import Records

/// Hosts named in a question to the history.
enum HostArguments {
  /// The names that `arguments` stand for; `nil` for all. One that the history doesn't know is
  /// an error that names those it does.
  static func names(_ arguments: [String], in store: HistoryStore) throws(HistoryError) -> [String]?
  {
    guard !arguments.isEmpty else { return nil }
    return try find(arguments, known: store.hosts().map(\.status.host))
  }

  private static func find(_ arguments: [String], known: [String]) -> [String] {
    arguments.flatMap { argument in
      known.contains(argument) ? [argument] : (try? HostNames.expand(argument)) ?? [argument]
    }
  }

  /// Refuses a host that the history has never heard of.
  static func requireKnown(_ names: [String]?, in store: HistoryStore) throws {
    let known = try store.hosts().map(\.status.host)
    for name in names ?? [] where !known.contains(name) {
      let list = known.isEmpty ? "it is empty" : "it has \(HostNames.fold(known))"
      throw CommandFailure.failed(
        "the history has no host “\(Printable.text(name, limit: 80))”; \(list)")
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
}
