/// Reads a stream of tar as `tar`, `pax` and GNU tar write it (ustar, GNU's long names, pax's
/// attributes), piece by piece and within bounds. What comes in is not trusted: a path that leaves
/// the folder, a device, a sparse file or a length too large ends it.
///
/// No more than one block and one attribute list is held in memory.
public struct TarReader {
  /// Fills the buffer like read(2): the count, 0 at the end, or -errno.
  public typealias Input = (UnsafeMutableRawBufferPointer) -> Int

  private let limits: TarLimits
  private let input: Input
  /// Bytes read so far.
  public private(set) var offset: UInt64 = 0
  private var entryCount = 0
  private var totalBytes: UInt64 = 0
  /// Of the current entry's contents, and the zeros that fill its last block.
  private var unread: UInt64 = 0
  private var padding: UInt64 = 0
  private var isAtEnd = false
  private var chunk = [UInt8](repeating: 0, count: 64 << 10)

  public init(limits: TarLimits = TarLimits(), input: @escaping Input) {
    self.limits = limits
    self.input = input
  }

  /// The next entry, or `nil` at the archive's end: then all of the stream was read. Contents that
  /// weren't asked for are passed over.
  public mutating func next() throws(TarError) -> TarEntry? {
    guard !isAtEnd else { return nil }
    try contents { _ in }
    try skip(padding)
    padding = 0
    var attributes = TarAttributes()
    while true {
      let start = offset
      let header = TarHeader(block: try block())
      if header.isEnd {
        try finish()
        return nil
      }
      guard header.isSound else { throw .damaged(at: start, why: "a wrong checksum") }
      guard let size = header.number(TarHeader.size) else {
        throw .damaged(at: start, why: "a size that is no number")
      }
      switch header.type {
      // pax: of this entry, of all (comments, mostly); GNU: a long name, a long target.
      case UInt8(ascii: "x"): try attributes.takePax(extensionText(size), at: start)
      case UInt8(ascii: "g"): _ = try extensionText(size)
      case UInt8(ascii: "L"): attributes.path = TarAttributes.upToNul(try extensionText(size))
      case UInt8(ascii: "K"): attributes.target = TarAttributes.upToNul(try extensionText(size))
      default: return try entry(header, attributes, attributes.size ?? size)
      }
    }
  }

  /// Hands over the contents of the entry that `next` returned, in pieces of up to 64 KiB.
  public mutating func contents(
    _ body: (Span<UInt8>) throws(TarError) -> Void
  ) throws(TarError) {
    while unread > 0 {
      let count = Int(min(unread, UInt64(chunk.count)))
      try fill(count)
      unread -= UInt64(count)
      try body(chunk.span.extracting(0..<count))
    }
  }

  private mutating func entry(
    _ header: TarHeader, _ attributes: TarAttributes, _ size: UInt64
  ) throws(TarError) -> TarEntry {
    let raw = attributes.path ?? header.path
    let target = attributes.target ?? header.linkTarget
    entryCount += 1
    guard entryCount <= limits.entries else {
      throw .tooLarge(what: "entries", limit: UInt64(limits.entries))
    }
    guard let path = EncapPath(untrusted: raw) else {
      throw .refused(raw, "its path is absolute, too long, or has “..”")
    }
    guard !attributes.isSparse else { throw .refused(raw, "it is a sparse file") }
    let kind = try TarReader.kind(header.type, raw, target)
    let hasContents = kind == .file
    // Only files have any; what others say of their size means nothing (pax(1)).
    guard hasContents || size == 0 || kind == .folder else {
      throw .refused(raw, "a link with contents")
    }
    if hasContents { try expect(size) }
    return TarEntry(
      path: path, kind: kind, mode: UInt16((header.number(TarHeader.mode) ?? 0) & 0o7777),
      size: hasContents ? size : 0,
      modified: Int64(clamping: header.number(TarHeader.modified) ?? 0))
  }

  private mutating func expect(_ size: UInt64) throws(TarError) {
    guard size <= limits.fileBytes else {
      throw .tooLarge(what: "bytes in a file", limit: limits.fileBytes)
    }
    totalBytes += size
    guard totalBytes <= limits.totalBytes else {
      throw .tooLarge(what: "bytes", limit: limits.totalBytes)
    }
    unread = size
    padding = TarReader.padding(of: size)
  }

  static func padding(of size: UInt64) -> UInt64 {
    let block = UInt64(TarHeader.blockBytes)
    return (block - size % block) % block
  }

  private static func kind(
    _ type: UInt8, _ path: [UInt8], _ target: [UInt8]
  ) throws(TarError) -> TarEntry.Kind {
    switch type {
    // Before POSIX a folder was a file whose name ends in a slash.
    case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
      return path.last == UInt8(ascii: "/") ? .folder : .file
    case UInt8(ascii: "5"): return .folder
    case UInt8(ascii: "2"):
      guard !target.isEmpty, target.count <= EncapPath.limit else {
        throw .refused(path, "a link to nothing, or too far")
      }
      return .link(target: target)
    case UInt8(ascii: "1"):
      guard let inside = EncapPath(untrusted: target), !inside.isRoot else {
        throw .refused(path, "a hard link that leads outside")
      }
      return .hardLink(target: inside)
    case UInt8(ascii: "3"), UInt8(ascii: "4"): throw .refused(path, "it is a device")
    case UInt8(ascii: "6"): throw .refused(path, "it is a FIFO")
    case UInt8(ascii: "S"): throw .refused(path, "it is a sparse file")
    default: throw .refused(path, "it is of an unknown kind (\(type))")
    }
  }

  /// The text before an entry, in whole blocks.
  private mutating func extensionText(_ size: UInt64) throws(TarError) -> [UInt8] {
    guard size <= UInt64(limits.extensionBytes) else {
      throw .tooLarge(what: "bytes of attributes", limit: UInt64(limits.extensionBytes))
    }
    var text: [UInt8] = []
    while text.count < Int(size) { text += try block() }
    text.removeLast(text.count - Int(size))
    return text
  }

  /// A second block of zeros, and what fills the last record of the tape.
  private mutating func finish() throws(TarError) {
    isAtEnd = true
    let second = TarHeader(block: try block())
    guard second.isEnd else {
      throw .damaged(at: offset - UInt64(TarHeader.blockBytes), why: "one block of zeros")
    }
    var left = limits.paddingBytes
    while true {
      let count = try read(upTo: chunk.count)
      guard count > 0 else { return }
      guard chunk[..<count].allSatisfy({ $0 == 0 }) else {
        throw .damaged(at: offset - UInt64(count), why: "more behind the archive's end")
      }
      left -= count
      guard left >= 0 else {
        throw .tooLarge(what: "bytes behind its end", limit: UInt64(limits.paddingBytes))
      }
    }
  }

  private mutating func skip(_ count: UInt64) throws(TarError) {
    if count > 0 { try fill(Int(count)) }
  }

  private mutating func block() throws(TarError) -> [UInt8] {
    try fill(TarHeader.blockBytes)
    return Array(chunk[..<TarHeader.blockBytes])
  }

  /// Exactly so many bytes, at the front of `chunk`.
  private mutating func fill(_ count: Int) throws(TarError) {
    var done = 0
    while done < count {
      let got = try read(upTo: count - done, at: done)
      guard got > 0 else { throw .truncated(at: offset) }
      done += got
    }
  }

  private mutating func read(upTo count: Int, at start: Int = 0) throws(TarError) -> Int {
    let input = input
    let got = chunk.withUnsafeMutableBytes { bytes in
      input(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + count]))
    }
    guard got >= 0 else { throw .unreadable(errno: Int32(-got)) }
    offset += UInt64(got)
    return got
  }
}
