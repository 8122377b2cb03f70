import Foundation
import TestSupport
import Testing

@testable import Encap

/// A prefix of its own with a folder of packages, for one test.
final class EncapStage {
  let folder: TestFolder
  let places: EncapPlaces

  var source: String { places.source }
  var target: String { places.target }

  /// - Parameters:
  ///   - source: relative to the test's folder.
  ///   - target: the same.
  init(
    source: String = "local/encap", target: String = "local", in folder: TestFolder? = nil
  ) throws {
    let folder = try folder ?? TestFolder()
    self.folder = folder
    places = EncapPlaces(source: folder.file(source), target: folder.file(target))
    try folder.makeFolder(target)
    try folder.makeFolder(source)
  }

  /// A package as it is made by hand: files with their text; a path that ends in a slash is an empty
  /// folder; one that begins with `#!` is a program.
  func package(_ name: String, _ files: [String], info: String? = nil) throws {
    for path in files { try write("\(source)/\(name)/\(path)", "\(name) \(path)\n") }
    try FileManager.default.createDirectory(
      atPath: "\(source)/\(name)", withIntermediateDirectories: true)
    if let info { try write("\(source)/\(name)/encapinfo", info) }
  }

  func script(_ name: ScriptName, of package: String, _ text: String) throws {
    let path = "\(source)/\(package)/\(name.rawValue)"
    try write(path, "#!/bin/sh\n\(text)\n")
    chmod(path, 0o755)
    try TestFolder.awaitWriters(of: path)
  }

  /// Writes a file with all folders above it, in the target or anywhere.
  func write(_ path: String, _ text: String) throws {
    let path = path.hasPrefix("/") ? path : "\(target)/\(path)"
    let isFolder = path.hasSuffix("/")
    let parent = isFolder ? path : (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    if !isFolder { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
  }

  func link(_ path: String, _ text: String) throws {
    let path = "\(target)/\(path)"
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: text)
  }

  func delete(_ path: String) throws {
    try FileManager.default.removeItem(atPath: path.hasPrefix("/") ? path : "\(target)/\(path)")
  }

  func prefix(_ change: (inout EncapOptions) -> Void = { _ in }) throws -> EncapPrefix {
    var options = EncapOptions()
    options.patienceMilliseconds = 20_000
    change(&options)
    return try EncapPrefix(places, options: options)
  }

  @discardableResult
  func install(_ name: String) throws -> EncapOutcome { try prefix().install(name) }

  @discardableResult
  func remove(_ name: String) throws -> EncapOutcome { try prefix().remove(name) }

  /// All that is in the target but the source: `->` and a link's text, `/` for a folder, or a file's
  /// text.
  func tree() throws -> [String: String] {
    var tree: [String: String] = [:]
    try read("", into: &tree)
    return tree
  }

  private func read(_ path: String, into tree: inout [String: String]) throws {
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: "\(target)/\(path)") {
      let item = path.isEmpty ? name : "\(path)/\(name)"
      let full = "\(target)/\(item)"
      if full == source { continue }
      var status = stat()
      lstat(full, &status)
      switch status.st_mode & S_IFMT {
      case S_IFLNK: tree[item] = "->" + (try manager.destinationOfSymbolicLink(atPath: full))
      case S_IFDIR:
        tree[item] = "/"
        try read(item, into: &tree)
      default: tree[item] = TestFolder.text(full)
      }
    }
  }
}

extension EncapPath {
  static func of(_ text: String) -> EncapPath { EncapPath(Array(text.utf8)) }
}

/// The error that `body` throws; `nil` where it throws none.
func trouble<Result>(_ body: () throws -> Result) -> EncapError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? EncapError
  }
}
