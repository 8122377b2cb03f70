import Records

/// Brings the processes that matter to the front, in place and without allocating.
enum ProcessRanking {
  private typealias Order = (borrowing ProcessSample, borrowing ProcessSample) -> Bool

  /// Of the first places every fifth is for CPU time: where fifty processes write a little, the
  /// one that takes a whole CPU and moves nothing is told all the same.
  private static let cpuShare = 5

  /// Brings the first `count` to the front, in any order, as do the others behind them.
  static func select(_ processes: inout [ProcessSample], first count: Int) {
    select(&processes, from: 0, first: count, byRank)
  }

  /// Brings the first `count` to the front: those that moved most in their order, behind them the
  /// ones that took most CPU time of all others. Meant for some dozens.
  static func order(_ processes: inout [ProcessSample], first count: Int) {
    let movers = processes.count <= count ? count : count - count / cpuShare
    select(&processes, first: movers)
    sort(&processes, 0..<min(movers, processes.count))
    guard movers < count else { return }
    select(&processes, from: movers, first: count - movers, byCPU)
    sort(&processes, movers..<min(count, processes.count))
  }

  private static func byRank(
    _ left: borrowing ProcessSample, _ right: borrowing ProcessSample
  ) -> Bool { left.comesBefore(right) }

  private static func byCPU(
    _ left: borrowing ProcessSample, _ right: borrowing ProcessSample
  ) -> Bool {
    if left.cpuNanoseconds != right.cpuNanoseconds {
      return left.cpuNanoseconds > right.cpuNanoseconds
    }
    return left.comesBefore(right)
  }

  private static func sort(_ processes: inout [ProcessSample], _ places: Range<Int>) {
    for index in places.dropFirst() {
      var place = index
      while place > places.lowerBound, processes[place].comesBefore(processes[place - 1]) {
        processes.swapAt(place, place - 1)
        place -= 1
      }
    }
  }

  /// Quickselect: until what comes first of those from `start` on stands in the first places there.
  private static func select(
    _ processes: inout [ProcessSample], from start: Int, first count: Int, _ isBefore: Order
  ) {
    var (low, high) = (start, processes.count - 1)
    let last = min(start + count, processes.count) - 1
    while last >= start, low < high {
      let middle = partition(&processes, low, high, isBefore)
      if middle == last { break }
      if middle < last { low = middle + 1 } else { high = middle - 1 }
    }
  }

  private static func partition(
    _ processes: inout [ProcessSample], _ low: Int, _ high: Int, _ isBefore: Order
  ) -> Int {
    processes.swapAt(low + (high - low) / 2, high)
    var place = low
    for index in low..<high where isBefore(processes[index], processes[high]) {
      processes.swapAt(index, place)
      place += 1
    }
    processes.swapAt(place, high)
    return place
  }
}
