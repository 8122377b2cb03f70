import Bytes
import Glibc
import Records
import Sampling
import Wire

/// `culprit-agent run`: frames, for ever.
struct RunCommand {
  private var options: SamplerOptions

  init(_ words: ArraySlice<String>) throws(UsageError) {
    var toOutput = false
    options = try SamplerOptions(words, of: "run") { option, _ throws(UsageError) in
      guard option == "--stdout" else { return false }
      toOutput = true
      return true
    }
    guard toOutput else {
      throw UsageError("run writes frames to standard output: say --stdout")
    }
    guard !Output.isTerminal else {
      throw UsageError(
        "frames are not for a terminal: send them to a file or a collector, or try "
          + "culprit-agent top")
    }
  }

  func run() throws -> Int32 {
    var loop = try SamplingLoop(options)
    var stream = FrameStream()
    stream.begin(
      engine: loop.sampler.engineKind, reason: loop.sampler.engineReason,
      intervalNanoseconds: options.settings.intervalNanoseconds)
    stream.flush()
    try loop.run { output in
      stream.append(output)
      stream.flush()
    }
    return 0
  }
}
