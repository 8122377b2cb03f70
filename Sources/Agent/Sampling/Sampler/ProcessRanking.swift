import Records

/// Brings the processes that matter to the front, in place and without allocating.
enum ProcessRanking {
  /// Brings the first `count` to the front, in any order, as do the others behind them.
  static func select(_ processes: inout [ProcessSample], first count: Int) {
    var (low, high) = (0, processes.count - 1)
    let last = min(count, processes.count) - 1
    // Quickselect: until what comes first stands in the first places.
    while last >= 0, low < high {
      let middle = partition(&processes, low, high)
      if middle == last { break }
      if middle < last { low = middle + 1 } else { high = middle - 1 }
    }
  }

  /// Brings the first `count` to the front, in their order. Meant for some dozens.
  static func order(_ processes: inout [ProcessSample], first count: Int) {
    select(&processes, first: count)
    let last = min(count, processes.count) - 1
    guard last > 0 else { return }
    for index in 1...last {
      var place = index
      while place > 0, processes[place].comesBefore(processes[place - 1]) {
        processes.swapAt(place, place - 1)
        place -= 1
      }
    }
  }

  private static func partition(
    _ processes: inout [ProcessSample], _ low: Int, _ high: Int
  ) -> Int {
    processes.swapAt(low + (high - low) / 2, high)
    var place = low
    for index in low..<high where processes[index].comesBefore(processes[high]) {
      processes.swapAt(index, place)
      place += 1
    }
    processes.swapAt(place, high)
    return place
  }
}
