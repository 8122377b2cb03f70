import Strace
import Testing

@Suite struct TraceFailureTests {
  /// Who is refused is told what to do.
  @Test func tooManySaysWhatToDo() {
    let text = TraceFailure.tooMany(matched: 500, limit: 20).description
    #expect(text.contains("500") && text.contains("--max 500"))
  }
}
