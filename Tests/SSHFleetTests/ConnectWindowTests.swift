import Synchronization
import Testing

@testable import SSHFleet

@Suite struct ConnectWindowTests {
  /// Counts the places granted.
  private final class Granted: Sendable {
    private let number = Mutex(0)
    var count: Int { number.withLock { $0 } }
    func grant() { number.withLock { $0 += 1 } }
  }

  private func request(_ count: Int, of window: ConnectWindow, _ granted: Granted) {
    for _ in 0..<count { window.request { granted.grant() } }
  }

  @Test func theFirstGetAPlaceAndTheRestWait() {
    let (window, granted) = (ConnectWindow(), Granted())
    request(100, of: window, granted)
    #expect(granted.count == ConnectWindow.start)
    window.giveBack(.other)
    #expect(granted.count == ConnectWindow.start + 1)
  }

  @Test func eachLoginThatWorksWidensIt() {
    let (window, granted) = (ConnectWindow(), Granted())
    request(1000, of: window, granted)
    for _ in 0..<10 { window.giveBack(.worked) }
    // Each one makes its own place free and adds one.
    #expect(granted.count == ConnectWindow.start + 20)
    for _ in 0..<500 { window.giveBack(.worked) }
    let ended = 510
    #expect(granted.count - ended == ConnectWindow.most)
  }

  @Test func aServerThatHangsUpHalvesIt() {
    let (window, granted) = (ConnectWindow(), Granted())
    request(1000, of: window, granted)
    window.giveBack(.pushedBack)
    // 31 are under way and 16 allowed: nobody new comes before 15 more have ended.
    #expect(granted.count == ConnectWindow.start)
    for _ in 0..<15 { window.giveBack(.other) }
    #expect(granted.count == ConnectWindow.start)
    window.giveBack(.other)
    #expect(granted.count == ConnectWindow.start + 1)
  }

  @Test func itNeverClosesAltogether() {
    let (window, granted) = (ConnectWindow(), Granted())
    request(200, of: window, granted)
    var ended = 0
    while ended < granted.count {
      ended += 1
      window.giveBack(.pushedBack)
    }
    #expect(granted.count == 200)
    #expect(ended == 200)
  }

  @Test func everybodyGetsAPlaceFromManyThreads() async {
    let (window, granted) = (ConnectWindow(), Granted())
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<500 {
        group.addTask {
          window.request {
            granted.grant()
            Task.detached { window.giveBack(index % 7 == 0 ? .pushedBack : .worked) }
          }
        }
      }
    }
    for _ in 0..<1000 where granted.count < 500 { try? await Task.sleep(for: .milliseconds(10)) }
    #expect(granted.count == 500)
  }
}
