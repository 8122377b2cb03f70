import Bytes
import Glibc

/// Makes a package's folder of an archive: whole, or not at all. It grows out of sight, is checked,
/// waits for the disk, and is renamed.
public struct Unpacking {
  /// What came in.
  public struct Unpacked: Equatable, Sendable {
    public let package: EncapPackageName
    /// SHA-256 of the archive.
    public let archive: String
    public let files: Int
    public let bytes: UInt64
    /// It was there already, of the same archive.
    public let wasThere: Bool
  }

  static let folderPrefix = Array("unpack-".utf8)
  /// With more files than this one wait for all of the disk is shorter than one for each.
  private static let fewFiles = 256

  public let package: EncapPackageName
  /// Refused unless the archive is this one; 64 hexadecimal digits.
  public var expectedDigest: String?
  /// Programs that run with their owner's rights stay so; else they lose that.
  public var keepsSetuid = false
  public var limits = TarLimits()
  public var patienceMilliseconds = 10_000

  public init(_ package: EncapPackageName) { self.package = package }

  /// Reads the archive to its end, and puts it into the source, which is made where there is none.
  public func run(
    into places: EncapPlaces, _ input: @escaping TarReader.Input
  ) throws(EncapError) -> Unpacked {
    let isMade = try Unpacking.makeSource(places)
    do throws(EncapError) {
      return try unpack(into: SourceFolder(try OpenPlaces(places).source), isMade, input)
    } catch {
      if isMade { try? takeBackSource(places) }
      throw error
    }
  }

  /// Whether it wasn't there.
  private static func makeSource(_ places: EncapPlaces) throws(EncapError) -> Bool {
    if mkdir(places.source, 0o755) == 0 { return true }
    guard errno == EEXIST else { throw .failed("make", places.source) }
    return false
  }

  /// It goes again, unless somebody else has begun to use it meanwhile.
  private func takeBackSource(_ places: EncapPlaces) throws(EncapError) {
    let source = SourceFolder(try Folder(Array(places.source.utf8)))
    try source.hold(for: "unpack", patienceMilliseconds: patienceMilliseconds)
    let own = [SourceFolder.madeName, SourceFolder.holderName]
    guard try source.folder.items() == [SourceFolder.notesName], let notes = source.notes,
      try notes.items().allSatisfy(own.contains)
    else { return }
    try source.folder.removeAll(SourceFolder.notesName)
    rmdir(places.source)
  }

  private func unpack(
    into source: SourceFolder, _ isMade: Bool, _ input: @escaping TarReader.Input
  ) throws(EncapError) -> Unpacked {
    // Only a moment: others needn't wait for a slow line.
    try source.hold(for: "unpack", patienceMilliseconds: patienceMilliseconds)
    if isMade { try source.note(SourceFolder.madeName, "") }
    guard let notes = source.notes else { throw .failed("open", source.folder.path) }
    let name = Unpacking.folderPrefix + Array(EncapPrefix.randomID().utf8)
    try notes.makeFolder(name, mode: 0o700)
    let folder = try notes.folder(name)
    // Held while we are at work: who sweeps leaves it alone.
    _ = folder.lock(LOCK_SH)
    source.release()
    do throws(EncapError) {
      return try fill(folder, named: name, in: source, input)
    } catch {
      try? notes.removeAll(name)
      throw error
    }
  }

  /// Whether another unpacking goes on in this folder of the notes.
  static func isAtWork(_ notes: Folder, _ name: [UInt8]) throws(EncapError) -> Bool {
    guard try notes.status(name)?.isFolder == true else { return false }
    return try !notes.folder(name).lock(LOCK_EX | LOCK_NB)
  }

  private func fill(
    _ folder: Folder, named name: [UInt8], in source: SourceFolder,
    _ input: @escaping TarReader.Input
  ) throws(EncapError) -> Unpacked {
    let sum = StreamSum()
    var reader = TarReader(limits: limits) { buffer in
      let count = input(buffer)
      if count > 0 { sum.update(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
      return count
    }
    var writer = PackageWriter(folder, package: package, keepsSetuid: keepsSetuid)
    do throws(TarError) {
      while let entry = try reader.next() { try writer.take(entry, &reader) }
    } catch {
      throw writer.trouble ?? .archive(error)
    }
    let digest = sum.hex
    if let expected = expectedDigest, expected.lowercased() != digest {
      throw .checksum(expected: expected.lowercased(), found: digest)
    }
    try writer.finish()
    try sync(folder, writer)
    var manifest = PackageManifest(archive: digest)
    manifest.files = writer.files.values.sorted { $0.path < $1.path }
    manifest.links = writer.links
    return try put(folder, named: name, into: source, manifest, writer.byteCount)
  }

  private func sync(_ folder: Folder, _ writer: PackageWriter) throws(EncapError) {
    guard writer.files.count > Unpacking.fewFiles else { return try writer.sync() }
    try folder.syncFileSystem()
  }

  /// Gives it its name; one that is there stays, and is fine if it came from the same archive.
  private func put(
    _ folder: Folder, named name: [UInt8], into source: SourceFolder, _ manifest: PackageManifest,
    _ byteCount: UInt64
  ) throws(EncapError) -> Unpacked {
    try source.hold(for: "unpack", patienceMilliseconds: patienceMilliseconds)
    guard let notes = source.notes else { throw .failed("open", source.folder.path) }
    let note = PackageManifest.noteName(package)
    let target = Array(package.description.utf8)
    if try source.folder.status(target) != nil {
      try checkSame(source, manifest)
      try notes.removeAll(name)
      return Unpacked(
        package: package, archive: manifest.archive, files: manifest.files.count, bytes: byteCount,
        wasThere: true)
    }
    try folder.setMode(0o755)
    try source.note(note, manifest.text)
    do throws(EncapError) {
      try notes.rename(name, to: target, in: source.folder)
      try source.folder.sync()
    } catch {
      try? source.removeNote(note)
      throw error
    }
    return Unpacked(
      package: package, archive: manifest.archive, files: manifest.files.count, bytes: byteCount,
      wasThere: false)
  }
}

extension Unpacking {
  /// The package's folder is there: it must be of the same archive, and as it came.
  private func checkSame(
    _ source: SourceFolder, _ manifest: PackageManifest
  ) throws(EncapError) {
    let known = try source.readNote(PackageManifest.noteName(package))
    let isSame = known.flatMap { PackageManifest($0) } == manifest
    let folder = try source.folder.folder(package.description.utf8)
    let drift = isSame ? try manifest.drift(in: folder).first : nil
    guard !isSame || drift != nil else { return }
    let why = drift.map { "and was changed since (\($0))" } ?? "of another archive, or made by hand"
    throw .noPackage(
      "\(package) can be unpacked",
      why: "\(folder.path) is there already, \(why); remove it first (encap remove --purge "
        + "\(package)), or give another version")
  }
}

/// The sum of all that comes in, shared with the closure that reads.
private final class StreamSum {
  private var sum = SHA256()

  func update(_ bytes: UnsafeRawBufferPointer) {
    bytes.withMemoryRebound(to: UInt8.self) { sum.update($0.span) }
  }

  var hex: String { sum.hex }
}
