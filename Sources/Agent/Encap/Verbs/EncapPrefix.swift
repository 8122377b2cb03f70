import Bytes
import Glibc

/// A folder of packages and the prefix that they are linked into: all that is done with packages
/// begins here.
public final class EncapPrefix {
  let places: OpenPlaces
  let source: SourceFolder
  let options: EncapOptions
  /// What was found undone and is done now; told with the first outcome.
  var recovered: [String] = []
  private var isHeld = false

  /// Opens both folders; takes nothing, changes nothing.
  public init(_ places: EncapPlaces, options: EncapOptions = EncapOptions()) throws(EncapError) {
    self.places = try OpenPlaces(places)
    source = SourceFolder(self.places.source)
    self.options = options
  }

  /// The same packages seen from another prefix.
  init(_ places: OpenPlaces, _ source: SourceFolder, _ options: EncapOptions) {
    (self.places, self.source, self.options) = (places, source, options)
  }

  /// What each change begins with: the lock, and the end of a change that broke off. A dry run takes
  /// neither.
  func begin(_ verb: String) throws(EncapError) {
    guard !options.isDryRun else {
      if let journal = try pendingJournal() {
        recovered = ["an interrupted \(journal.title) would be finished or undone first"]
      }
      return
    }
    guard !isHeld else { return }
    try source.hold(for: verb, patienceMilliseconds: options.patienceMilliseconds)
    isHeld = true
    try sweep()
    if let done = try recover() { recovered.append(done) }
  }

  var order: VersionOrder { options.isCompat ? .epkg : .ours }

  /// Older first.
  func isOlder(_ one: EncapPackageName, _ other: EncapPackageName) -> Bool {
    guard let left = one.version else { return other.version != nil }
    guard let right = other.version else { return false }
    return left.isOlder(than: right, by: order)
  }

  /// All versions of a package, the oldest first.
  func versions(of name: String) throws(EncapError) -> [EncapPackageName] {
    try source.packages().filter { $0.name == name }.sorted(by: isOlder)
  }

  /// The package that is meant: the folder of just that name and version, or the newest of all whose
  /// name it is.
  func package(for specifier: String) throws(EncapError) -> EncapPackageName {
    let packages = try source.packages()
    let exact = packages.first { $0.description == specifier }
    if let exact, exact.version != nil { return exact }
    if let newest = packages.filter({ $0.name == specifier }).sorted(by: isOlder).last {
      return newest
    }
    throw missing(specifier, packages)
  }

  /// The packages that are meant: the folder of just that name and version, or all whose name it is.
  func packages(for specifier: String) throws(EncapError) -> [EncapPackageName] {
    let packages = try source.packages()
    if let exact = packages.first(where: { $0.description == specifier }), exact.version != nil {
      return [exact]
    }
    return packages.filter { $0.name == specifier }
  }

  func missing(_ specifier: String, _ packages: [EncapPackageName]) -> EncapError {
    let shown = Printable.text(specifier, limit: 200)
    guard let wanted = EncapPackageName(specifier) else {
      return .noPackage(
        "“\(shown)”", why: "a package is called NAME or NAME-VERSION, without blanks and slashes")
    }
    let others = packages.filter { $0.name == wanted.name || $0.name == specifier }
    let there = others.map(\.description).joined(separator: ", ")
    return .noPackage(
      shown,
      why: others.isEmpty
        ? "nothing of that name in \(places.source.path); list shows what is there"
        : "there is \(there)")
  }

  // MARK: trees and links

  var reader: PackageReader { PackageReader(places) }

  /// A package that is to go: where its own description can't be read, what is in its folder counts.
  func departingTree(_ package: EncapPackageName) throws(EncapError) -> PackageTree {
    do throws(EncapError) {
      return try reader.tree(of: package)
    } catch {
      guard case .badFile = error else { throw error }
      return try reader.tree(of: package, ignoringInfo: true)
    }
  }

  func folderUses() throws(EncapError) -> FolderUses {
    FolderUses(try source.readNote(FolderUses.noteName), target: places.targetPath)
  }

  func text(of package: EncapPackageName) -> (EncapPath, EncapPath) -> [UInt8] {
    let links = LinkText(places: places)
    let name = Array(package.description.utf8)
    return { path, file in links.text(for: path, package: name, file: file) }
  }

  /// Whether any link of this package stands where it belongs.
  func isLinked(_ package: EncapPackageName) throws(EncapError) -> Bool {
    let tree = try departingTree(package)
    let snapshot = try TargetReader(places).read(Set(tree.folders))
    return !DepartingLinks(
      snapshot: snapshot, uses: try folderUses(), trees: [package: tree], packages: [package],
      isCompat: false
    ).links.filter { !$0.value.isDangling }.isEmpty
  }
}
