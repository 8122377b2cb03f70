import Records

/// Something that an agent wants people to read: it limits its own cost, it lost a permission.
public struct Notice: Equatable, Sendable {
  public enum Severity: UInt8, CaseIterable, Sendable {
    /// A newer agent's severity.
    case unknown = 0
    case information = 1
    case warning = 2
    case error = 3
  }

  public var time: Timestamp
  public var severity: Severity
  public var text: String

  public init(time: Timestamp, severity: Severity, text: String) {
    self.time = time
    self.severity = severity
    self.text = text
  }
}
