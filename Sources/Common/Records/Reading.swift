/// A reading of the kernel, or the reason why there is none. What could not be read is never 0.
public enum Reading<Value> {
  case known(Value)
  /// We may not: a permission or capability is missing.
  case denied
  /// The kernel could, but it is switched off (delay accounting, PSI).
  case disabled
  /// This kernel, file system or engine doesn't have it.
  case unsupported
  /// It was there, and a reading was missed (a deadline, a lost event).
  case gap

  public var value: Value? {
    if case .known(let value) = self { value } else { nil }
  }

  /// What JSON says in place of a value; `nil` where there is one.
  public var absence: String? {
    switch self {
    case .known: nil
    case .denied: "denied"
    case .disabled: "disabled"
    case .unsupported: "unsupported"
    case .gap: "gap"
    }
  }

  public func map<Other>(_ change: (Value) -> Other) -> Reading<Other> {
    switch self {
    case .known(let value): .known(change(value))
    case .denied: .denied
    case .disabled: .disabled
    case .unsupported: .unsupported
    case .gap: .gap
    }
  }
}

extension Reading: Equatable where Value: Equatable {}
extension Reading: Sendable where Value: Sendable {}
