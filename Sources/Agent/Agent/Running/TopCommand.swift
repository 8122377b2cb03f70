import Records
import Sampling

/// `culprit-agent top`: suspects, over and over.
struct TopCommand {
  private let options: SamplerOptions

  init(_ words: ArraySlice<String>) throws(UsageError) {
    options = try SamplerOptions(words, of: "top")
  }

  func run() throws -> Int32 {
    var loop = try SamplingLoop(options)
    let isTerminal = Output.isTerminal
    if isTerminal { Output.write("\u{1B}[?1049h\u{1B}[?25l") }
    defer { if isTerminal { Output.write("\u{1B}[?25h\u{1B}[?1049l") } }
    var identities: [ProcessID: ProcessIdentity] = [:]
    var previous: HostTick?
    try loop.run { output in
      for identity in output.identities { identities[identity.id] = identity }
      if identities.count > 20_000 { identities.removeAll() }
      var tally = SuspectTally(identities: identities, before: previous)
      tally.add(output)
      previous = output.tick
      // The first tick has nothing to compare with: only a terminal is told that we look.
      guard tally.elapsedNanoseconds > 0 || isTerminal else { return }
      show(tally, isTerminal)
    }
    return 0
  }

  private func show(_ tally: SuspectTally, _ isTerminal: Bool) {
    var text = SuspectText(host: HostFacts.name, tally: tally)
    guard isTerminal else {
      Output.write(text.text() + "\n")
      return
    }
    text.colours = Output.hasColours
    text.width = Output.columns ?? 80
    let height = max(Output.rows ?? 24, 10)
    text.rows = max(2, (height - 10) / 2)
    let lines = text.text().split(separator: "\n", omittingEmptySubsequences: false)
    // Each line clears what was behind it, the last what was below: nothing flickers.
    let screen = lines.prefix(height - 1).joined(separator: "\u{1B}[K\r\n")
    Output.write("\u{1B}[H\(screen)\u{1B}[J")
  }
}
