/// What stands under one name in the target.
enum TargetNode: Equatable {
  case folder
  case link(TargetLink)
  /// A plain file, a socket and so on.
  case other(String)
}

/// A link in the target: what it says and where that leads.
struct TargetLink: Equatable {
  enum End: Equatable { case nothing, file, folder }

  let text: [UInt8]
  /// Where it leads into the source: which package's folder, which file in it.
  let package: [UInt8]?
  let file: EncapPath
  /// Whether that package is there.
  let hasPackage: Bool
  /// What it leads to in the end.
  let end: End

  var packageName: EncapPackageName? {
    package.flatMap { EncapPackageName(String(decoding: $0, as: UTF8.self)) }
  }

  /// It leads into the source, to what isn't there: anybody of ours may replace it.
  var isDangling: Bool { package != nil && (!hasPackage || end == .nothing) }
}

/// The part of the target that matters for a plan, as it was when it was read. A value: planning
/// touches nothing.
struct TargetSnapshot: Equatable {
  /// What is there; a path that was looked for and isn't here is free.
  var nodes: [EncapPath: TargetNode] = [:]
  /// The names in each folder that was read.
  var names: [EncapPath: [EncapPath]] = [:]

  subscript(path: EncapPath) -> TargetNode? { nodes[path] }

  func link(_ path: EncapPath) -> TargetLink? {
    if case .link(let link) = nodes[path] { link } else { nil }
  }

  /// All links that lead into the source.
  var packageLinks: [(path: EncapPath, link: TargetLink)] {
    nodes.compactMap { path, node in
      guard case .link(let link) = node, link.package != nil else { return nil }
      return (path, link)
    }.sorted { $0.path < $1.path }
  }
}
