/// A line of the rules that can't be taken, and what could stand there.
public struct RuleError: Error, Equatable, CustomStringConvertible {
  public var file: String
  /// From 1.
  public var line: Int
  public var reason: String

  public var description: String { "\(file):\(line): \(reason)" }
}
