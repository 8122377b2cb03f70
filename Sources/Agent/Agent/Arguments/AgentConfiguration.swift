import Bytes
import Glibc
import ProcFS
import Sampling

/// The agent's configuration file: the part of TOML that a flat list of settings needs. Comments,
/// `name = value`, values in quotes or plain; no tables.
enum AgentConfiguration {
  private static let byteLimit = 65_536
  /// Read by `run` where it is there and no other is named.
  static let usualPath = "/etc/culprit/agent.toml"

  static func read(_ path: String, into options: inout SamplerOptions) throws(UsageError) {
    // A FIFO would make us wait for who writes it.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw UsageError("\(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var status = stat()
    // /dev/null is a file with nothing in it.
    guard fstat(descriptor, &status) == 0, [S_IFREG, S_IFCHR].contains(status.st_mode & S_IFMT)
    else { throw UsageError("\(path) is no regular file") }
    var bytes = [UInt8](repeating: 0, count: byteLimit + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw UsageError("\(path): \(String(cString: strerror(errno)))") }
      if got == 0 { break }
      count += got
    }
    guard count <= byteLimit else { throw UsageError("\(path) is longer than 64 KiB") }
    let lines = bytes[..<count].split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      do throws(UsageError) {
        try take(String(decoding: line, as: UTF8.self), into: &options)
      } catch {
        throw UsageError("\(path):\(index + 1): \(error.message)")
      }
    }
    try requireOwner(status, path, options.resident)
  }

  /// What lets others ask more of us is for root alone to say, or for our own user.
  private static func requireOwner(
    _ status: stat, _ path: String, _ settings: ResidentSettings
  ) throws(UsageError) {
    guard settings.hasControl else { return }
    guard status.st_uid == 0 || status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      throw UsageError(
        "\(path): control = true counts only in a file that root owns and nobody else may write: "
          + "chown root \(path); chmod go-w \(path)")
    }
  }

  private static func take(
    _ line: String, into options: inout SamplerOptions
  ) throws(UsageError) {
    let text = trimmed(line)
    guard !text.isEmpty, !text.hasPrefix("#") else { return }
    guard let sign = text.firstIndex(of: "=") else {
      throw UsageError("“\(Printable.text(text, limit: 60))” is no `name = value`")
    }
    let name = trimmed(text[..<sign])
    let value = try unquoted(trimmed(text[text.index(after: sign)...]))
    if try takeTrigger(name, value, into: &options.settings) { return }
    var reader = OptionReader([value], of: "run")
    switch name {
    case "engine", "interval", "rows", "cmdline":
      _ = try options.take("--\(name)", &reader)
    case "looks_per_second":
      options.settings.looksPerSecond = try reader.number(of: name, in: 0...20)
    case "own_cpu_percent":
      options.settings.ownShare = try number(name, value, in: 0.1...100) / 100
    case "control": options.resident.hasControl = try truth(name, value)
    case "socket", "spool", "spool_size", "memory", "syslog":
      _ = try options.resident.take("--\(name.replacingUnderscores)", &reader)
    default:
      throw UsageError(
        "no setting “\(Printable.text(name, limit: 60))”; there are engine, interval, rows, "
          + "cmdline, looks_per_second, own_cpu_percent, burst_*, socket, spool, spool_size, "
          + "memory, syslog, control")
    }
  }

  private static func truth(_ name: String, _ value: String) throws(UsageError) -> Bool {
    switch value {
    case "true": return true
    case "false": return false
    default: throw UsageError("\(name) is true or false")
    }
  }

  /// `burst_io_pressure = "40/20"`: begin and end, in per cent of the time or as counts.
  private static func takeTrigger(
    _ name: String, _ value: String, into settings: inout SamplerSettings
  ) throws(UsageError) -> Bool {
    let scale: Double
    let place: WritableKeyPath<BurstLimits, BurstLimits.Limit>
    switch name {
    case "burst_cpu_pressure": (place, scale) = (\.cpuPressure, 100)
    case "burst_io_pressure": (place, scale) = (\.ioPressure, 100)
    case "burst_memory_pressure": (place, scale) = (\.memoryPressure, 100)
    case "burst_blocked_tasks": (place, scale) = (\.blockedTasks, 1)
    case "burst_run_queue": (place, scale) = (\.runQueue, 1)
    default: return false
    }
    let parts = value.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw UsageError("\(name) is two figures, where a burst begins and ends: \"40/20\"")
    }
    let begin = try number(name, String(parts[0]), in: 0...1_000_000)
    let end = try number(name, String(parts[1]), in: 0...1_000_000)
    guard end <= begin else { throw UsageError("\(name): the end lies above the begin") }
    settings.triggers[keyPath: place] = BurstLimits.Limit(begin: begin / scale, end: end / scale)
    return true
  }

  private static func number(
    _ name: String, _ text: String, in range: ClosedRange<Double>
  ) throws(UsageError) -> Double {
    guard let number = Double(text), range.contains(number) else {
      throw UsageError("\(name): “\(Printable.text(text, limit: 60))” is no figure it can take")
    }
    return number
  }

  private static func unquoted(_ text: String) throws(UsageError) -> String {
    guard let quote = text.first, quote == "\"" || quote == "'" else {
      return trimmed(text.prefix { $0 != "#" })
    }
    let rest = text.dropFirst()
    guard let end = rest.firstIndex(of: quote) else { throw UsageError("a quote isn't closed") }
    let after = trimmed(rest[rest.index(after: end)...])
    guard after.isEmpty || after.hasPrefix("#") else {
      throw UsageError("“\(Printable.text(after, limit: 60))” after the value")
    }
    return String(rest[..<end])
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    var result = String(start)
    while let last = result.last, last == " " || last == "\t" || last == "\r" || last == "\r\n" {
      result.removeLast()
    }
    return result
  }
}

extension String {
  fileprivate var replacingUnderscores: String {
    String(map { $0 == "_" ? "-" : $0 })
  }
}
