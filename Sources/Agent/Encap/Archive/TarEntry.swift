/// What an archive says about one file, folder or link.
public struct TarEntry: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    case file
    case folder
    case link(target: [UInt8])
    /// Another name for a file that came before.
    case hardLink(target: EncapPath)
  }

  public var path: EncapPath
  public var kind: Kind
  /// The twelve bits of chmod(2).
  public var mode: UInt16
  /// Bytes of a file; 0 for all else.
  public var size: UInt64
  /// When it was last changed, seconds since 1970.
  public var modified: Int64
}

/// What an archive may hold at most.
public struct TarLimits: Sendable {
  public var entries = 200_000
  public var fileBytes: UInt64 = 4 << 30
  public var totalBytes: UInt64 = 16 << 30
  /// A long name or a list of attributes before an entry.
  public var extensionBytes = 64 << 10
  /// Zeros behind the archive's end; `tar -b` may ask for many.
  public var paddingBytes = 4 << 20

  public init() {}
}
