import Glibc

/// Where a trace takes place, and on whose behalf.
struct TraceSite: Sendable {
  /// Of `/proc`.
  var root = "/proc"
  /// Processes that ask for it over a socket; none where the command line does.
  var askers: [Int32] = []
  /// We: never traced, nor are those that we have started.
  var own: Int32 = getpid()
}
