/// How far a link has got on its way to a host; each stage begins when the one before is done.
public enum LinkStage: Int, Comparable, Sendable {
  /// Configuration and name.
  case resolving
  /// Waiting for a bastion.
  case routing
  case connecting
  /// Connected; banner, key exchange, host key.
  case keyExchange
  /// The host key is known.
  case loggingIn
  /// Logged in; the command is being started.
  case starting

  public static func < (left: LinkStage, right: LinkStage) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// Where a link to a host stands.
public enum LinkState: Equatable, Sendable {
  case waiting
  /// Under way; the text says how far ("key exchange with 10.0.0.1:22"). Some of it is news: that
  /// the host doesn't answer, or that the ssh program is taken.
  case connecting(String, stage: LinkStage, isNews: Bool = false)
  /// The command runs; rows may come.
  case connected(address: String)
  /// Connected, but without a row for three intervals.
  case stale
  /// Failed; tried again in `seconds`.
  case backingOff(LinkFailure, seconds: Double)
  /// Failed in a way that trying again can't mend: someone has to change something first.
  case given(up: LinkFailure)
  case stopped
}

/// Why a link broke or was never made; `description` names the next step.
public struct LinkFailure: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Kind: Equatable, Sendable {
    /// Name look-up, TCP, time-outs, closed connections: may pass by itself.
    case unreachable
    /// The server refused every key that was offered.
    case refusedKey
    /// The host key is not in known_hosts.
    case unknownKey
    /// The host key isn't the one in known_hosts, or is revoked.
    case changedKey
    /// Algorithms or kinds of key that this transport doesn't speak.
    case unsupported
    /// Logged in, but the stream isn't what it should be.
    case noVmstat
  }

  public var kind: Kind
  public var description: String
  /// Whether it is libssh2 that can't, and OpenSSH's own program may.
  public var program: ProgramUse
  /// Whether it is the bastion that failed, and the host was never asked.
  public var isOfBastion = false

  /// What OpenSSH's program could do about a failure of libssh2.
  public enum ProgramUse: Equatable, Sendable {
    case none
    /// It may manage.
    case any
    /// With these keys only: libssh2 can't use them, and all others were refused already.
    case keys([String])
  }

  public init(_ kind: Kind, _ description: String, program: ProgramUse = .none) {
    self.kind = kind
    self.description = description
    self.program = program
  }

  /// Whether only a change by a person can help: the keys, the algorithms, the configuration.
  public var isFinal: Bool {
    switch kind {
    case .unreachable, .noVmstat: false
    case .refusedKey, .unknownKey, .changedKey, .unsupported: true
    }
  }
}

/// What a delegate makes of the bytes it was handed.
public struct LinkFeedback: Sendable {
  /// A row or greeting was among them: the host isn't silent.
  public var isProgress: Bool
  /// The stream is no use: close it.
  public var failure: LinkFailure?
  /// A second command to run there now; it holds no single quote. Passed over while an earlier
  /// one is under way.
  public var question: String?
  /// To be written to the command's standard input.
  public var output: [UInt8] = []
  /// Rows come at this interval from now on, not at the target's: the host spares itself.
  public var intervalSeconds: Double?

  public init(isProgress: Bool, failure: LinkFailure? = nil, question: String? = nil) {
    self.isProgress = isProgress
    self.failure = failure
    self.question = question
  }
}

/// Takes a host's stream. Called on the host's event-loop thread, and only there, so it needs
/// no lock for what is its own; it must not block.
public protocol LinkDelegate: AnyObject, Sendable {
  func linkDidChange(to state: LinkState)
  /// A try begins: the command that is to run there in place of the target's own, if any.
  func linkWillTry() -> String?
  /// A command is about to be started: what its standard input begins with, which it may need to
  /// say anything at all. Called before `linkDidOpen`.
  func linkWillStart() -> [UInt8]
  /// A new stream begins; what an earlier one left unfinished will never be finished.
  func linkDidOpen()
  /// Bytes of the command's standard output.
  func linkDidReceive(_ bytes: Span<UInt8>) -> LinkFeedback
  /// Bytes of its standard error.
  func linkDidReceiveError(_ bytes: Span<UInt8>)
  /// The answer to a question: at most 64 KiB, or `nil` where there was none within 10 s.
  func linkDidAnswer(_ answer: [UInt8]?)
  /// All that was handed over for the command's standard input has left (it may still be under
  /// way), or somebody called `Fleet.nudge`: what to send next, nothing if empty.
  func linkDidDrain() -> [UInt8]
  /// The command ended. `status` is its exit status, where the host told.
  func linkDidEnd(status: Int32?) -> LinkFailure
}

extension LinkDelegate {
  public func linkWillTry() -> String? { nil }
  public func linkWillStart() -> [UInt8] { [] }
  public func linkDidAnswer(_ answer: [UInt8]?) {}
  public func linkDidDrain() -> [UInt8] { [] }
}

extension LinkFailure {
  /// How a command ended, in words. libssh2 tells 0 also where no status came: a killed session, a
  /// host without memory.
  public static func ending(_ status: Int32?) -> String {
    guard let status, status != 0 else { return "ended" }
    return "ended with status \(status)"
  }

  /// What a command said on standard error, made printable, behind how it ended: `: no such file`.
  public static func saying(_ text: String) -> String {
    // Of the line's end a sign was made.
    let said = text.replacing("\u{240A}", with: "\n").split(separator: "\n")
    return said.isEmpty ? "" : ": " + said.joined(separator: "; ")
  }
}
