import Glibc
import Records
import Reports
import Sampling

/// `culprit-agent top`: suspects, over and over.
struct TopCommand {
  private let options: SamplerOptions

  init(_ words: ArraySlice<String>) throws(UsageError) {
    options = try SamplerOptions(words, of: "top")
  }

  func run() throws -> Int32 {
    var loop = try SamplingLoop(options)
    let screen =
      Output.isTerminal
      ? TopScreen(wantedNanoseconds: options.settings.intervalNanoseconds) : nil
    if let screen { loop.sleep = { screen.wait(until: $0) } }
    defer { screen?.close() }
    var identities: [ProcessID: ProcessIdentity] = [:]
    var previous: HostTick?
    try loop.run { output in
      for identity in output.identities { identities[identity.id] = identity }
      if identities.count > 20_000 { identities.removeAll() }
      var tally = SuspectTally(identities: identities, before: previous)
      tally.add(
        output.tick, identities: output.identities, hiddenTasks: output.hiddenTasks)
      previous = output.tick
      if let screen {
        screen.show(tally)
      } else if tally.elapsedNanoseconds > 0 {
        // The first tick has nothing to compare with: only a terminal is told that we look.
        Output.write(SuspectText(host: HostFacts.name, tally: tally).text() + "\n")
      }
    }
    return 0
  }
}
