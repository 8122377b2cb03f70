import ProcFS
import Sampling

/// The options that all sampling commands share.
struct SamplerOptions {
  var settings = SamplerSettings()
  /// How long to go on, nanoseconds; `nil`: until told to stop.
  var limitNanoseconds: UInt64?
  /// Of a resident agent: only `run` heeds them.
  var resident = ResidentSettings()
  /// A number of rows was given.
  private(set) var asksForRows = false

  /// What `--help` says of them.
  static let help = """
      --engine auto|bpf|proc  how to read tasks (default auto: bpf where it runs)
      --interval D            time between ticks, 100ms to 60s (default 1s)
      --for D                 stop after this time
      --rows N                most processes named in a tick (default 50)
      --cmdline masked|name|full
                              command lines: secrets masked (default), the program's
                              name only, or as they are
      --config FILE           settings from a file; options win over it
    """

  /// Takes `option` in, if it is one of them.
  mutating func take(
    _ option: String, _ reader: inout OptionReader
  ) throws(UsageError) -> Bool {
    switch option {
    case "--engine": settings.engine = try reader.choice(of: option, EngineWish.self)
    case "--interval":
      settings.intervalNanoseconds = try SamplerOptions.interval(
        try reader.duration(of: option), option)
    case "--for": limitNanoseconds = try reader.duration(of: option)
    case "--rows":
      settings.rows = try reader.number(of: option, in: 1...10_000)
      asksForRows = true
    case "--cmdline":
      settings.commandLine = try reader.choice(of: option, CommandLinePolicy.self)
    default: return false
    }
    return true
  }

  /// Reads all of `words`. The configuration file comes first, wherever it is named.
  init(
    _ words: ArraySlice<String>, of command: String,
    other: (String, inout OptionReader) throws(UsageError) -> Bool = { _, _ in false }
  ) throws(UsageError) {
    var search = OptionReader(words, of: command)
    while let word = search.next() {
      if word == "--config" { try AgentConfiguration.read(try search.value(of: word), into: &self) }
    }
    var reader = OptionReader(words, of: command)
    while let word = reader.next() {
      if word == "--config" {
        _ = try reader.value(of: word)
      } else if command == "run", try resident.take(word, &reader) {
        continue
      } else if try !take(word, &reader), try !other(word, &reader) {
        throw reader.unknown(word)
      }
    }
  }

  static func interval(_ nanoseconds: UInt64, _ name: String) throws(UsageError) -> UInt64 {
    guard (100_000_000...60_000_000_000).contains(nanoseconds) else {
      throw UsageError("\(name) is from 100ms to 60s")
    }
    return nanoseconds
  }
}
