import Glibc

/// Reads a package's folder.
struct PackageReader {
  static let itemLimit = 200_000
  private static let excludeName = Array("encap.exclude".utf8)
  /// Never linked, wherever: what file systems keep for themselves (epkg's default list).
  private static let usualExcludes = ["lost+found"].map { EncapPath(Array($0.utf8)) }

  let source: Folder
  /// Paths in the target that packages have no business in: the source.
  let forbidden: EncapPath?

  init(_ places: OpenPlaces) {
    source = places.source
    forbidden = places.sourceInTarget
  }

  func info(of package: EncapPackageName) throws(EncapError) -> EncapInfo {
    let folder = try source.folder(package.description.utf8)
    return try info(folder, PackageReader.scripts(folder))
  }

  /// - Parameter ignoringInfo: all that is in its folder counts, whatever the package says of it.
  func tree(
    of package: EncapPackageName, ignoringInfo: Bool = false
  ) throws(EncapError) -> PackageTree {
    let folder = try source.folder(package.description.utf8)
    let scripts = try PackageReader.scripts(folder)
    var info = ignoringInfo ? EncapInfo(format: .latest) : try info(folder, scripts)
    var items: [PackageTree.Item] = []
    try walk(.root, folder, &info, &items)
    let hasReadme = try folder.status("README".utf8)?.isFile == true
    return PackageTree(
      package: package, info: info, items: items, scripts: scripts, hasReadme: hasReadme)
  }

  private static func scripts(_ folder: Folder) throws(EncapError) -> Set<ScriptName> {
    var scripts: Set<ScriptName> = []
    for script in ScriptName.allCases {
      if try folder.status(script.rawValue.utf8)?.isFile == true { scripts.insert(script) }
    }
    return scripts
  }

  private func info(
    _ folder: Folder, _ scripts: Set<ScriptName>
  ) throws(EncapError) -> EncapInfo {
    guard let file = try folder.file(EncapInfo.fileName) else {
      return EncapInfo(format: scripts.isEmpty ? .classic : .scripted)
    }
    return try EncapInfo(try file.contents(limit: EncapInfo.fileLimit), path: file.path)
  }

  private func walk(
    _ path: EncapPath, _ folder: Folder, _ info: inout EncapInfo,
    _ items: inout [PackageTree.Item]
  ) throws(EncapError) {
    guard path.isRoot || path.depth < EncapPath.depthLimit - 1 else {
      throw .tooLarge(what: "folders in each other in \(folder.path)", limit: EncapPath.depthLimit)
    }
    if info.format < .info { try readExcludes(path, folder, &info) }
    for name in try folder.items() {
      guard let status = try folder.status(name) else { continue }
      let item = path.appending(name)
      guard !isSpecial(name, in: path, info), !isExcluded(item, info) else { continue }
      // Files beside the folders are about the package, not of it.
      guard !path.isRoot || status.isFolder else { continue }
      let isLinkFolder = status.isFolder && info.linkFolders.contains { $0.matches(item) }
      let isRequired = info.requires.contains {
        $0.matches(item) || isLinkFolder && $0.mayMatch(below: item)
      }
      let other = status.isFolder && !isLinkFolder ? nil : info.linkNames[item]
      items.append(
        PackageTree.Item(
          path: item, linkPath: other.map { path.appending($0) } ?? item,
          isFolder: status.isFolder, isLinkFolder: isLinkFolder, isRequired: isRequired))
      guard items.count <= PackageReader.itemLimit else {
        throw .tooLarge(what: "names in \(source.path)", limit: PackageReader.itemLimit)
      }
      if status.isFolder { try walk(item, try folder.folder(name), &info, &items) }
    }
  }

  private func isSpecial(_ name: [UInt8], in path: EncapPath, _ info: EncapInfo) -> Bool {
    if info.format < .info, name == PackageReader.excludeName { return true }
    return path.isRoot && (name == EncapInfo.fileName || name == SourceFolder.notesName)
  }

  private func isExcluded(_ item: EncapPath, _ info: EncapInfo) -> Bool {
    PackageReader.usualExcludes.contains(item) || item == forbidden
      || info.excludes.contains { $0.matches(item) }
  }

  /// `encap.exclude` of the formats before 2.0: words that name what is in the same folder, or below
  /// it.
  private func readExcludes(
    _ path: EncapPath, _ folder: Folder, _ info: inout EncapInfo
  ) throws(EncapError) {
    guard let status = try folder.status(PackageReader.excludeName), status.isFile,
      let file = try folder.file(PackageReader.excludeName)
    else { return }
    let text = try file.contents(limit: EncapInfo.fileLimit)
    for word in text.split(whereSeparator: { $0 <= 0x20 }) {
      guard let named = EncapPath(untrusted: word), !named.isRoot else { continue }
      let full = named.names.reduce(path) { $0.appending($1) }
      info.excludes.append(Glob(pattern: full.bytes, isExact: true))
    }
  }
}
