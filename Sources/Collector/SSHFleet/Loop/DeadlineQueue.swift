import HeapModule

/// Which handler is due next, among thousands.
///
/// A deadline that moves away costs nothing: its old entry comes up, is found early, and goes back
/// to its new place. One that comes nearer gets an entry of its own.
struct DeadlineQueue {
  private struct Entry: Comparable {
    var time: UInt64
    var handler: ObjectIdentifier

    static func < (left: Entry, right: Entry) -> Bool { left.time < right.time }
  }

  private var heap = Heap<Entry>()
  private var handlers: [ObjectIdentifier: any LoopHandler] = [:]
  /// The entry of each handler that counts; others of it are left over.
  private var scheduled: [ObjectIdentifier: UInt64] = [:]

  /// No handler's deadline lies before it; `.max` where none has one.
  var earliest: UInt64 { heap.min?.time ?? .max }

  mutating func add(_ handler: any LoopHandler) {
    handlers[ObjectIdentifier(handler)] = handler
    deadlineChanged(of: handler)
  }

  mutating func remove(_ handler: any LoopHandler) {
    let id = ObjectIdentifier(handler)
    handlers[id] = nil
    scheduled[id] = nil
  }

  /// It may have come nearer.
  mutating func deadlineChanged(of handler: any LoopHandler) {
    let id = ObjectIdentifier(handler)
    let deadline = handler.deadline
    guard handlers[id] != nil, deadline != .max, deadline < scheduled[id] ?? .max else { return }
    scheduled[id] = deadline
    heap.insert(Entry(time: deadline, handler: id))
  }

  /// Takes out the next handler whose deadline has come. It is to be told, and then given back
  /// by `deadlineChanged`.
  mutating func popDue(_ now: UInt64) -> (any LoopHandler)? {
    while let entry = heap.min, entry.time <= now {
      heap.removeMin()
      guard scheduled[entry.handler] == entry.time, let handler = handlers[entry.handler] else {
        continue
      }
      scheduled[entry.handler] = nil
      if handler.deadline <= now { return handler }
      deadlineChanged(of: handler)
    }
    return nil
  }
}
