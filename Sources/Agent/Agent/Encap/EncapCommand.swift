import Bytes
import Encap
import Glibc

/// `culprit-agent encap`: packages in folders of their own, linked into a prefix.
struct EncapCommand {
  private let arguments: EncapArguments
  private let report: EncapReport

  init(_ words: ArraySlice<String>) throws(UsageError) {
    arguments = try EncapArguments(words)
    report = EncapReport(arguments)
  }

  func run() throws(UsageError) -> Int32 {
    // What is made in the prefix is for all to read.
    umask(0o022)
    do throws(EncapError) {
      return try carryOut()
    } catch {
      report.show(error)
      return 1
    }
  }

  private func carryOut() throws(EncapError) -> Int32 {
    if arguments.verb == .unpack { return try unpack() }
    let prefix = try EncapPrefix(arguments.places, options: arguments.options)
    switch arguments.verb {
    case .install:
      return try each(arguments.packages) { name throws(EncapError) in try prefix.install(name) }
    case .upgrade:
      let names = arguments.packages.isEmpty ? try prefix.linkedNames() : arguments.packages
      if names.isEmpty { report.showNothingLinked() }
      return try each(names) { name throws(EncapError) in try prefix.upgrade(name) }
    case .rollback:
      return try each(arguments.packages) { name throws(EncapError) in try prefix.rollback(name) }
    case .remove:
      let isPurging = arguments.isPurging
      return try each(arguments.packages) { name throws(EncapError) in
        try prefix.remove(name, purging: isPurging)
      }
    case .check: return try check(prefix)
    case .list: return try list(prefix)
    case .gc, .unpack: return try collect(prefix)
    }
  }

  /// Each package by itself: one that can't be done doesn't keep the others.
  private func each(
    _ names: [String], _ change: (String) throws(EncapError) -> EncapOutcome
  ) throws(EncapError) -> Int32 {
    var code: Int32 = 0
    for name in names {
      do throws(EncapError) {
        let outcome = try change(name)
        report.show(outcome)
        if outcome.status == .failed || outcome.status == .partial { code = 1 }
      } catch {
        guard names.count > 1 else { throw error }
        report.show(error)
        code = 1
      }
    }
    return code
  }

  private func check(_ prefix: EncapPrefix) throws(EncapError) -> Int32 {
    let interruption = try prefix.interruption()
    if let interruption { report.show(interruption) }
    var states: [EncapState] = []
    if arguments.packages.isEmpty { states = try prefix.check() }
    for name in arguments.packages { states += try prefix.check(name) }
    for state in states { report.showCheck(state) }
    let isFine = interruption == nil && states.allSatisfy { $0.drift.isEmpty }
    return isFine ? 0 : 3
  }

  private func list(_ prefix: EncapPrefix) throws(EncapError) -> Int32 {
    var states: [EncapState] = []
    if arguments.packages.isEmpty { states = try prefix.list() }
    for name in arguments.packages { states += try prefix.list(name) }
    report.showList(states)
    return 0
  }

  private func collect(_ prefix: EncapPrefix) throws(EncapError) -> Int32 {
    let keep = arguments.keep ?? 0
    if arguments.packages.isEmpty { report.show(try prefix.collect(keeping: keep)) }
    for name in arguments.packages { report.show(try prefix.collect(keeping: keep, of: name)) }
    return 0
  }

  private func unpack() throws(EncapError) -> Int32 {
    guard let package = EncapPackageName(arguments.packages[0]), package.version != nil else {
      throw .noPackage(
        "“\(Printable.text(arguments.packages[0], limit: 100))” can be unpacked",
        why: "a package is called NAME-VERSION, without blanks, “/” and “..”")
    }
    guard isatty(0) == 0 else {
      throw .places(
        why: "unpack reads a tar archive from its standard input: … | encap unpack \(package)")
    }
    var unpacking = Unpacking(package)
    unpacking.expectedDigest = arguments.digest
    unpacking.keepsSetuid = arguments.keepsSetuid
    unpacking.patienceMilliseconds = arguments.options.patienceMilliseconds
    let unpacked = try unpacking.run(into: arguments.places) { buffer in
      while true {
        let count = read(0, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        return count < 0 ? -Int(errno) : count
      }
    }
    report.show(unpacked)
    return 0
  }
}
