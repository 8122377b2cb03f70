/// Why a command line or a configuration file can't be taken: exit code 2.
struct UsageError: Error, Equatable {
  var message: String

  init(_ message: String) { self.message = message }
}

/// Why a command could not do its work: exit code 1.
struct Failure: Error, Equatable {
  var message: String

  init(_ message: String) { self.message = message }
}
