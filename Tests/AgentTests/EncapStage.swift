import Foundation
import TestSupport

/// A prefix with packages, and the agent as built at work on it.
final class EncapStage {
  let folder: TestFolder
  var target: String { folder.file("local") }
  var source: String { folder.file("local/encap") }

  init() throws {
    folder = try TestFolder()
    try folder.makeFolder("local/encap")
  }

  /// A package's files, each with its name for text.
  func package(_ name: String, _ files: [String]) throws {
    for path in files {
      let parent = "local/encap/\(name)/\((path as NSString).deletingLastPathComponent)"
      try folder.makeFolder(parent)
      try folder.write("\(name) \(path)\n", to: "local/encap/\(name)/\(path)")
    }
  }

  func run(
    _ words: String..., through: [String] = [], input: [UInt8]? = nil
  ) async throws -> ProgramResult {
    try await Program.run(
      through + [AgentProgram.path, "encap"] + words + ["--target", target], input: input)
  }

  /// A line of JSON that must be there.
  func json(_ words: String...) async throws -> [String: Any] {
    let result = try await Program.run(
      [AgentProgram.path, "encap"] + words + ["--json", "--target", target])
    return try EncapStage.object(result)
  }

  static func object(_ result: ProgramResult) throws -> [String: Any] {
    let line = result.lines.first ?? ""
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    else { throw TestTrouble("no JSON: \(result)") }
    return object
  }

  /// Each link of the target and what it says, and `/` for each folder.
  func tree() throws -> [String: String] {
    var tree: [String: String] = [:]
    let walk = FileManager.default.enumerator(atPath: target)
    while let path = walk?.nextObject() as? String {
      if path == "encap" {
        walk?.skipDescendants()
        continue
      }
      let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(target)/\(path)")
      tree[path] = link ?? "/"
    }
    return tree
  }

  func copy() throws -> EncapStage {
    let copy = try EncapStage()
    try FileManager.default.removeItem(atPath: copy.target)
    try FileManager.default.copyItem(atPath: target, toPath: copy.target)
    return copy
  }
}
