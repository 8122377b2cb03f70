/// In which order hosts get a new version: some canaries first, one by one, then the others in
/// waves. What goes wrong in one wave stops the next.
public struct Waves: Equatable, Sendable {
  public let waves: [[String]]

  /// - Parameters:
  ///   - canaries: how many hosts go first, each alone; 0 for none.
  ///   - size: hosts of each later wave, at least one.
  public init(_ hosts: [String], canaries: Int, size: Int) {
    let first = hosts.prefix(max(0, canaries))
    var waves = first.map { [$0] }
    var rest = hosts.dropFirst(first.count)
    while !rest.isEmpty {
      waves.append(Array(rest.prefix(max(1, size))))
      rest = rest.dropFirst(max(1, size))
    }
    self.waves = waves
  }
}
