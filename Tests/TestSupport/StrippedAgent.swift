import Foundation

/// The agent as it is rolled out by tests: the one that was built, without its debugging symbols,
/// which are more than a third of it.
public enum StrippedAgent {
  public static let canBeMade = Machine.has("strip") || Machine.has("llvm-strip")
  public static let needs = "needs strip (binutils)"

  /// Makes it beside the one it is made of, once for each build.
  public static func path() async throws -> String {
    let agent = Machine.executable("culprit-agent")
    let stripped = agent + ".stripped"
    if let made = modified(stripped), let built = modified(agent), made > built { return stripped }
    // Tests run beside each other: each makes its own.
    let new = "\(stripped).\(UUID().uuidString)"
    try await Program.output(
      Machine.has("strip") ? "strip" : "llvm-strip", "-o", new, agent)
    rename(new, stripped)
    return stripped
  }

  private static func modified(_ path: String) -> Date? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.modificationDate] as? Date
  }
}
