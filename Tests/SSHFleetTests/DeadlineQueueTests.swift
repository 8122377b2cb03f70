import Testing

@testable import SSHFleet

@Suite struct DeadlineQueueTests {
  private final class Handler: LoopHandler {
    var deadline: UInt64
    let name: Int

    init(_ name: Int, _ deadline: UInt64) {
      self.name = name
      self.deadline = deadline
    }

    func handle(_ events: UInt32, of descriptor: Int32) {}
    func deadlinePassed(_ now: UInt64) {}
  }

  private func due(_ queue: inout DeadlineQueue, _ now: UInt64) -> [Int] {
    var names: [Int] = []
    while let handler = queue.popDue(now) as? Handler {
      names.append(handler.name)
      handler.deadline = .max
      queue.deadlineChanged(of: handler)
    }
    return names
  }

  @Test func theyComeInOrderAndOnce() {
    var queue = DeadlineQueue()
    for (name, time) in [(1, 30), (2, 10), (3, 20)] { queue.add(Handler(name, UInt64(time))) }
    #expect(queue.earliest == 10)
    #expect(due(&queue, 5) == [])
    #expect(due(&queue, 20) == [2, 3])
    #expect(due(&queue, 20) == [])
    #expect(due(&queue, 100) == [1])
    #expect(queue.earliest == .max)
  }

  @Test func oneThatMovesIsFoundAtItsNewTime() {
    var queue = DeadlineQueue()
    let handler = Handler(1, 50)
    queue.add(handler)
    // Away: nobody has to be told.
    handler.deadline = 80
    #expect(due(&queue, 60) == [])
    #expect(queue.earliest == 80)
    // Nearer.
    handler.deadline = 70
    queue.deadlineChanged(of: handler)
    #expect(due(&queue, 75) == [1])
    #expect(due(&queue, 100) == [])
  }

  @Test func oneThatIsTakenOutIsForgotten() {
    var queue = DeadlineQueue()
    let handler = Handler(1, 50)
    queue.add(handler)
    queue.remove(handler)
    queue.deadlineChanged(of: handler)
    #expect(due(&queue, 100) == [])
  }

  @Test func manyAgreeWithASearch() {
    var random = SystemRandomNumberGenerator()
    var queue = DeadlineQueue()
    let handlers = (0..<200).map { Handler($0, UInt64.random(in: 1...1000, using: &random)) }
    for handler in handlers { queue.add(handler) }
    for now in stride(from: UInt64(0), through: 2000, by: 7) {
      let expected = Set(handlers.filter { $0.deadline <= now }.map(\.name))
      #expect(Set(due(&queue, now)) == expected)
      for handler in handlers.shuffled().prefix(20) {
        handler.deadline = now + UInt64.random(in: 1...300, using: &random)
        queue.deadlineChanged(of: handler)
      }
    }
  }
}
