import Bytes
import Records

/// What part of a process's time went into one class of calls.
struct ClassShare {
  var kind: CallClass
  var count: UInt64
  var nanoseconds: UInt64

  /// Of all classes, in the order of ``CallClass``; those without a call too.
  static func all(of process: TracedProcess) -> [ClassShare] {
    CallClass.allCases.map { kind in
      var share = ClassShare(kind: kind, count: 0, nanoseconds: 0)
      for call in process.calls where call.kind == kind {
        share.count = share.count.addingSaturated(call.count)
        share.nanoseconds = share.nanoseconds.addingSaturated(call.nanoseconds)
      }
      return share
    }
  }
}
