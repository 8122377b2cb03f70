/// How a data source stands on this host, as `doctor` tells it.
public struct SourceStatus: Equatable, Sendable {
  public enum Status: String, CaseIterable, Sendable {
    case available
    /// A permission or capability is missing.
    case denied
    /// The kernel has it, switched off.
    case disabled
    /// This kernel doesn't have it.
    case unsupported
  }

  /// A fixed name: `delay accounting`.
  public var name: String
  /// What it is read for.
  public var purpose: String
  public var status: Status
  /// What was found, in a sentence; empty where there is nothing to add.
  public var detail: String
  /// The one command that would enable it; `nil` where it is there, or nothing would. Nothing here
  /// ever runs it.
  public var remedy: String?
  /// Many hosts have no use for it: nothing is wrong where it isn't there.
  public var isOptional = false

  public init(
    name: String, purpose: String, status: Status, detail: String = "", remedy: String? = nil
  ) {
    self.name = name
    self.purpose = purpose
    self.status = status
    self.detail = detail
    self.remedy = remedy
  }
}
