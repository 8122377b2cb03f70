import Bytes
import Records
import Reports
import Sampling

/// `culprit-agent suspects`: a look at who waits and who moves the bytes.
struct SuspectsCommand {
  /// Processes of a tick that are added up.
  private static let tallied = 1000

  private var options: SamplerOptions
  private var isJSON = false
  private var isCheck = false

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var (isJSON, isCheck) = (false, false)
    options = try SamplerOptions(words, of: "suspects") { option, _ throws(UsageError) in
      switch option {
      case "--json": isJSON = true
      case "--check": isCheck = true
      default: return false
      }
      return true
    }
    (self.isJSON, self.isCheck) = (isJSON, isCheck)
  }

  func run() throws -> Int32 {
    var options = options
    let limit = options.limitNanoseconds ?? 1_000_000_000
    options.limitNanoseconds = limit
    options.settings.intervalNanoseconds =
      min(options.settings.intervalNanoseconds, max(limit, 100_000_000))
    options.settings.looksAlways = true
    // All are added up over the while; as many as were asked for are shown.
    options.settings.rows = SuspectsCommand.tallied
    var loop = try SamplingLoop(options)
    // One alone has nothing to compare with.
    loop.leastTicks = 2
    var tally = SuspectTally()
    let progress = Progress(totalNanoseconds: limit)
    try loop.run { output in
      tally.add(
        output.tick, identities: output.identities, hiddenTasks: output.hiddenTasks)
      progress.show()
    } look: { waiting in
      tally.add(waiting: waiting)
    }
    progress.clear()
    if isJSON {
      var json = SuspectJSON(
        host: HostFacts.name, tally: tally, movers: self.options.settings.rows)
      Output.write(json.lines())
    } else {
      var text = SuspectText(host: HostFacts.name, tally: tally)
      text.colours = Output.hasColours
      text.width = Output.columns ?? 160
      // More than fit a screen are there for who asks.
      text.rows = max(text.rows, self.options.asksForRows ? self.options.settings.rows : 0)
      text.wantedNanoseconds = options.settings.intervalNanoseconds
      Output.write(text.text())
    }
    return isCheck && tally.hasTrouble ? 3 : 0
  }
}
