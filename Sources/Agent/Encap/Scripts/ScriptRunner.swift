import Bytes
import CSystem
import Glibc

/// How a script of a package went.
public struct ScriptResult: Equatable, Sendable {
  public let script: String
  public let package: EncapPackageName
  /// Its exit code; below zero the signal that ended it; `nil` where it was never heard of in time, or
  /// couldn't be started.
  public let code: Int32?
  /// The end of what it printed, fit for a terminal.
  public let output: String
  /// Why it counts as failed; `nil` where it went well.
  public let trouble: String?
}

/// Runs the scripts of packages: in a session of their own, with nothing of our environment, and not
/// for ever.
struct ScriptRunner {
  static let outputLimit = 16 << 10
  private static let pollMilliseconds: Int32 = 20

  let places: OpenPlaces
  let limitMilliseconds: Int

  /// What a script may rely on (encap2.1-specification, 2.3.1; `ENCAP_MODE` is epkg's own).
  private func environment(_ call: ScriptCall) -> [[UInt8]] {
    let fixed = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LC_ALL=C",
      "ENCAP_PKGNAME=\(call.package)",
      "ENCAP_MODE=\(call.script.isInstall ? "install" : "remove")",
    ]
    return fixed.map { Array($0.utf8) } + [
      Array("ENCAP_SOURCE=".utf8) + places.sourcePath,
      Array("ENCAP_TARGET=".utf8) + places.targetPath,
    ]
  }

  func run(_ call: ScriptCall) -> ScriptResult {
    let name = Array("/\(call.package)/\(call.script.rawValue)".utf8)
    let path = places.sourcePath + name
    var pipe: [Int32] = [-1, -1]
    guard culprit_pipe(&pipe) == 0 else { return result(call, nil, [], "can't be run: no pipe") }
    defer { close(pipe[0]) }
    var child = spawn([path], environment(call), output: pipe[1])
    // As sh would: no “#!” line, and it is a script for sh.
    if child == -ENOEXEC {
      child = spawn([Array("/bin/sh".utf8), path], environment(call), output: pipe[1])
    }
    close(pipe[1])
    guard child > 0 else {
      return result(call, nil, [], "can't be run: \(String(cString: strerror(-child)))")
    }
    return follow(child, pipe[0], call)
  }

  private func result(
    _ call: ScriptCall, _ code: Int32?, _ output: [UInt8], _ trouble: String?
  ) -> ScriptResult {
    ScriptResult(
      script: call.script.rawValue, package: call.package, code: code,
      output: Printable.lines(output), trouble: trouble)
  }

  /// Its pid, or -errno.
  private func spawn(_ words: [[UInt8]], _ environment: [[UInt8]], output: Int32) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    // A group of its own: kill(2) reaches all that it started.
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(flags))
    let arguments = words.map { ScriptRunner.duplicate($0) } + [nil]
    let variables = environment.map { ScriptRunner.duplicate($0) } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var child: pid_t = 0
    guard let program = arguments[0] else { return -ENOMEM }
    let code = posix_spawn(&child, program, &actions, &attributes, arguments, variables)
    return code == 0 ? child : -code
  }

  private static func duplicate(_ text: [UInt8]) -> UnsafeMutablePointer<CChar>? {
    Folder.withName(text) { strdup($0) }
  }

  /// Reads what it prints until it ends: it, and not all that it leaves running with our pipe open.
  private func follow(_ child: pid_t, _ pipe: Int32, _ call: ScriptCall) -> ScriptResult {
    let deadline = ScriptRunner.nowMilliseconds + limitMilliseconds
    // A script has a process group of its own, which Ctrl-C doesn't reach.
    let signals = HeldSignals()
    defer { signals.release() }
    _ = culprit_set_nonblocking(pipe)
    var output: [UInt8] = []
    var status: Int32 = 0
    while true {
      let hasEnded = waitpid(child, &status, WNOHANG) == child
      drain(pipe, &output)
      if hasEnded { break }
      let isInterrupted = signals.isPending
      guard !isInterrupted, ScriptRunner.nowMilliseconds < deadline else {
        kill(-child, SIGKILL)
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        if isInterrupted { return result(call, nil, output, "was killed with what ran it") }
        let seconds = limitMilliseconds / 1000
        return result(call, nil, output, "was killed after \(seconds) s (--script-limit)")
      }
      var waiting = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
      if poll(&waiting, 1, ScriptRunner.pollMilliseconds) > 0, waiting.revents & Int16(POLLIN) == 0
      {
        // It closed its output and goes on.
        usleep(UInt32(ScriptRunner.pollMilliseconds) * 1000)
      }
    }
    let signal = status & 0x7F
    let code = signal == 0 ? status >> 8 & 0xFF : -signal
    let trouble = signal == 0 ? "returned \(code)" : "was ended by signal \(signal)"
    return result(call, code, output, code == 0 ? nil : trouble)
  }

  private func drain(_ pipe: Int32, _ output: inout [UInt8]) {
    var part = [UInt8](repeating: 0, count: 4096)
    // One that prints without end is to reach its deadline, too.
    for _ in 0..<64 {
      let count = part.withUnsafeMutableBytes { read(pipe, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      output += part[..<count]
      if output.count > ScriptRunner.outputLimit {
        output.removeFirst(output.count - ScriptRunner.outputLimit)
      }
    }
  }

  private static var nowMilliseconds: Int { Int(MonotonicClock.now / 1_000_000) }
}

extension Printable {
  /// Several lines, each made harmless.
  static func lines(_ bytes: [UInt8]) -> String {
    bytes.split(separator: UInt8(ascii: "\n")).map { line in
      let line = Array(line)
      return text(line.span, limit: 500)
    }.joined(separator: "\n")
  }
}
