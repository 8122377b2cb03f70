/// The last `capacity` values of a series; older ones are forgotten.
struct RecentValues<Value: Sendable>: Sendable {
  let capacity: Int
  /// Values ever appended: the position after the newest one. Positions don't move when old
  /// values are forgotten.
  private(set) var end = 0
  private var storage: [Value] = []

  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { storage.count }

  /// The position of the oldest value that is kept.
  var start: Int { end - storage.count }

  var last: Value? { end == start ? nil : self[end - 1] }

  mutating func append(_ value: Value) {
    if storage.count < capacity {
      storage.append(value)
    } else {
      storage[end % capacity] = value
    }
    end += 1
  }

  /// The value at a position from `start` up to `end`.
  subscript(position: Int) -> Value {
    precondition(position >= start && position < end)
    return storage[position % capacity]
  }

  /// The newest `limit` values, oldest first.
  func suffix(_ limit: Int) -> [Value] {
    (max(start, end - max(0, limit))..<end).map { self[$0] }
  }
}
