import Testing

@testable import SSHFleet

struct OutputQueueTests {
  /// Whatever sizes go in and out, the bytes come out once each and in order.
  @Test(arguments: [1, 7, 64, 4096])
  func bytesLeaveInOrder(limit: Int) {
    var queue = OutputQueue()
    let expected = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var rest = expected[...]
    var size = 1
    while !rest.isEmpty {
      let fits = queue.append(Array(rest.prefix(size)))
      #expect(fits)
      rest = rest.dropFirst(size)
      size = size * 3 % 701 + 1
    }
    #expect(queue.count == expected.count)
    var received: [UInt8] = []
    while !queue.isEmpty {
      queue.withNext(limit: limit) { bytes in
        #expect(bytes.count <= limit)
        // As a socket does: less than it was offered.
        let taken = max(1, bytes.count / 2)
        received += bytes.prefix(taken)
        return taken
      }
    }
    #expect(received == expected)
  }

  @Test func itIsBounded() {
    var queue = OutputQueue()
    let piece = [UInt8](repeating: 7, count: OutputQueue.limit / 4)
    var fit = (0..<4).map { _ in queue.append(piece) }
    fit.append(queue.append([1]))
    #expect(fit == [true, true, true, true, false])
    #expect(queue.count == OutputQueue.limit)
    queue.withNext(limit: 10) { _ in 10 }
    fit = [queue.append([UInt8](repeating: 1, count: 10)), queue.append([1])]
    #expect(fit == [true, false])
  }

  /// A failed write (-1) lets nothing go.
  @Test func aFailedWriteKeepsAll() {
    var queue = OutputQueue()
    let fits = queue.append([1, 2, 3])
    #expect(fits)
    queue.withNext(limit: 10) { _ in -1 }
    #expect(queue.count == 3)
  }
}
