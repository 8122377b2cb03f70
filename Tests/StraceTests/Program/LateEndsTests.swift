import Glibc
import TestSupport
import Testing

@testable import Strace

/// A strace that ends long after its trace is no zombie for ever.
struct LateEndsTests {
  @Test func endsAreTakenOnceTheyHaveCome() async throws {
    var pid: pid_t = 0
    var words: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("0.2"), nil]
    defer { for word in words { free(word) } }
    try #require(posix_spawn(&pid, "/bin/sleep", nil, nil, &words, nil) == 0)
    LateEnds.await(pid)
    LateEnds.take()
    #expect(kill(pid, 0) == 0)
    try await until("its end to be taken") {
      LateEnds.take()
      return kill(pid, 0) != 0 && errno == ESRCH
    }
  }
}
