import Bytes

/// Writes an archive whose bytes depend on nothing but what goes into it: owner root, one time for
/// all, entries in the order given. So the same package has the same checksum wherever it is made.
///
/// ``bytes`` may be taken away and sent at any time.
public struct TarWriter: Sendable {
  public private(set) var bytes: [UInt8] = []
  private let modified: UInt64

  /// - Parameter modified: what each entry says about when it was changed, seconds since 1970.
  public init(modified: UInt64 = 0) { self.modified = modified }

  public mutating func takeBytes() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  public mutating func addFolder(_ path: EncapPath, mode: UInt16 = 0o755) {
    addHeader(path.bytes + [UInt8(ascii: "/")], type: UInt8(ascii: "5"), mode: mode, size: 0)
  }

  public mutating func addLink(_ path: EncapPath, to target: [UInt8]) {
    addHeader(path.bytes, type: UInt8(ascii: "2"), mode: 0o777, size: 0, target: target)
  }

  public mutating func addFile(_ path: EncapPath, mode: UInt16 = 0o644, _ contents: Span<UInt8>) {
    let size = UInt64(contents.count)
    addHeader(path.bytes, type: UInt8(ascii: "0"), mode: mode, size: size)
    contents.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    bytes += [UInt8](repeating: 0, count: Int(TarReader.padding(of: size)))
  }

  /// Two blocks of zeros: without them a reader takes it for broken off.
  public mutating func finish() {
    bytes += [UInt8](repeating: 0, count: 2 * TarHeader.blockBytes)
  }

  private mutating func addHeader(
    _ path: [UInt8], type: UInt8, mode: UInt16, size: UInt64, target: [UInt8] = []
  ) {
    let cut = TarWriter.cut(path)
    var attributes: [UInt8] = []
    if cut == nil { attributes += TarWriter.attribute("path", path) }
    if target.count > TarHeader.linkName.count {
      attributes += TarWriter.attribute("linkpath", target)
    }
    // Eleven octal digits.
    if size >> 33 != 0 { attributes += TarWriter.attribute("size", Array(String(size).utf8)) }
    if !attributes.isEmpty { addAttributes(attributes) }
    let (prefix, name) = cut ?? ([], path[..<100])
    addBlock(
      name, prefix, type: type, mode: mode, size: size >> 33 == 0 ? size : 0,
      target: target.prefix(TarHeader.linkName.count))
  }

  private mutating func addAttributes(_ text: [UInt8]) {
    let size = UInt64(text.count)
    addBlock(
      Array("PaxHeaders".utf8)[...], [], type: UInt8(ascii: "x"), mode: 0o644, size: size,
      target: [])
    bytes += text + [UInt8](repeating: 0, count: Int(TarReader.padding(of: size)))
  }

  private mutating func addBlock(
    _ name: ArraySlice<UInt8>, _ prefix: ArraySlice<UInt8>, type: UInt8, mode: UInt16,
    size: UInt64, target: ArraySlice<UInt8>
  ) {
    var block = [UInt8](repeating: 0, count: TarHeader.blockBytes)
    func put(_ text: some Collection<UInt8>, _ start: Int) {
      block.replaceSubrange(start..<start + text.count, with: text)
    }
    put(name, 0)
    put(TarWriter.octal(UInt64(mode & 0o7777), digits: 7), TarHeader.mode.lowerBound)
    put(TarWriter.octal(0, digits: 7), TarHeader.uid.lowerBound)
    put(TarWriter.octal(0, digits: 7), TarHeader.gid.lowerBound)
    put(TarWriter.octal(size, digits: 11), TarHeader.size.lowerBound)
    put(TarWriter.octal(modified & (1 << 33 - 1), digits: 11), TarHeader.modified.lowerBound)
    block[TarHeader.type] = type
    put(target, TarHeader.linkName.lowerBound)
    put("ustar\0".utf8, TarHeader.magic.lowerBound)
    put("00".utf8, TarHeader.version.lowerBound)
    put("root".utf8, 265)
    put("root".utf8, 297)
    put(prefix, TarHeader.prefix.lowerBound)
    put("        ".utf8, TarHeader.checksum.lowerBound)
    let sum = block.reduce(UInt64(0)) { $0 + UInt64($1) }
    put(TarWriter.octal(sum, digits: 6) + [0], TarHeader.checksum.lowerBound)
    bytes += block
  }

  private static func octal(_ number: UInt64, digits: Int) -> [UInt8] {
    let text = Array(String(number, radix: 8).utf8)
    return [UInt8](repeating: UInt8(ascii: "0"), count: max(0, digits - text.count)) + text
  }

  /// The path in the two fields that a header has for it; `nil` where it doesn't fit.
  private static func cut(_ path: [UInt8]) -> (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
  {
    if path.count <= 100 { return ([], path[...]) }
    let first = max(1, path.count - 101)
    let last = min(TarHeader.prefix.count, path.count - 2)
    guard first <= last,
      let slash = (first...last).first(where: { path[$0] == UInt8(ascii: "/") })
    else { return nil }
    return (path[..<slash], path[(slash + 1)...])
  }

  /// `LENGTH name=value`, where the length counts itself.
  private static func attribute(_ name: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(name)=".utf8) + value + [UInt8(ascii: "\n")]
    var length = rest.count
    while length != rest.count + String(length).utf8.count {
      length = rest.count + String(length).utf8.count
    }
    return Array(String(length).utf8) + rest
  }
}
