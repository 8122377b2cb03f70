import Wire

/// Answers what is asked about single processes. Called on one thread at a time.
struct ReportSource: Sendable {
  let answer: @Sendable (Int32) -> Answer
}

extension ReportSource {
  static func make(_ options: SamplerOptions) -> ReportSource {
    ReportSource { _ in .refused("not in this version") }
  }
}
