import ArgumentParser
import Bytes
import Foundation
import Records
import Watch

/// Which processes are traced, by what means and for how long; as `culprit-agent trace` takes it.
struct TraceArguments: ParsableArguments {
  enum Engine: String, ExpressibleByArgument, CaseIterable {
    case auto, bpf, strace
  }

  @Option(
    name: .customLong("match"),
    help: ArgumentHelp(
      "Processes whose full command line matches; a POSIX extended regular expression.",
      valueName: "regex"))
  var expression: String?

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("These processes.", valueName: "pid"))
  var pid: [Int32] = []

  @Flag(help: "Those that wait or move the most bytes just now.")
  var suspects = false

  @Option(
    help: ArgumentHelp("All of a systemd unit, or of a container by its id.", valueName: "name"))
  var unit: String?

  @Option(
    name: .customLong("for"), help: ArgumentHelp("How long, up to 5m.", valueName: "10s|1m"))
  var span = DurationArgument(seconds: Double(TraceRequest.defaultMilliseconds) / 1000)

  @Option(
    help: ArgumentHelp(
      "Most processes of a host; where more match, nothing is traced there.", valueName: "n"))
  var max = Int(TraceRequest.defaultProcesses)

  @Option(
    help: ArgumentHelp(
      "By what means. auto is bpf, which stops nobody, and refuses where that can't run; strace "
        + "stops a process twice at each of its calls: one that does little else gets up to 217 "
        + "times slower.", valueName: "auto|bpf|strace"))
  var engine = Engine.auto

  @Flag(help: "Only list who would be traced.")
  var dryRun = false

  func validate() throws {
    let kinds = [expression != nil, !pid.isEmpty, suspects, unit != nil].count { $0 }
    guard kinds == 1 else {
      throw ValidationError(
        kinds == 0
          ? "Say which processes: --match REGEX, --pid N, --suspects or --unit NAME."
          : "--match, --pid, --suspects and --unit can't be given together.")
    }
    if let expression { try TraceArguments.check(expression) }
    if pid.contains(where: { $0 <= 0 }) { throw ValidationError("--pid is 1 or more.") }
    if pid.count > TraceRequest.pidLimit {
      throw ValidationError("--pid: at most \(TraceRequest.pidLimit) of them.")
    }
    if let unit, !(1...TraceRequest.textLimit).contains(unit.utf8.count) {
      throw ValidationError("--unit has 1 to \(TraceRequest.textLimit) bytes.")
    }
    let longest = Double(TraceRequest.mostMilliseconds) / 1000
    guard (0.001...longest).contains(span.seconds) else {
      throw ValidationError("--for is up to \(Moments.span(longest)).")
    }
    guard (1...Int(TraceRequest.mostProcesses)).contains(max) else {
      throw ValidationError("--max is 1 to \(TraceRequest.mostProcesses).")
    }
  }

  private static func check(_ expression: String) throws {
    if expression.isEmpty { throw ValidationError("--match: an empty one matches everybody.") }
    do throws(LinePattern.Problem) {
      _ = try LinePattern(expression)
    } catch {
      throw ValidationError(
        "--match: “\(Printable.text(expression, limit: 80))”: \(error.description)")
    }
  }

  var request: TraceRequest {
    let selection: TraceRequest.Selection =
      if let expression {
        .commandLine(expression)
      } else if let unit {
        .unit(unit)
      } else {
        pid.isEmpty ? .suspects : .pids(pid)
      }
    return TraceRequest(
      selection, engine: TraceEngine(rawValue: engine.rawValue),
      milliseconds: UInt32((span.seconds * 1000).rounded(.up)), processLimit: UInt32(max),
      isDryRun: dryRun)
  }
}
