import ArgumentParser
import Collector

/// A span of time: `90s`, `5m`, `24h`, `14d`.
struct DurationArgument: ExpressibleByArgument, Equatable {
  var seconds: Double

  init(seconds: Double) {
    self.seconds = seconds
  }

  init?(argument: String) {
    guard let seconds = Quantity.seconds(argument), seconds > 0 else { return nil }
    self.seconds = seconds
  }

  var defaultValueDescription: String { Moments.span(seconds) }
}
