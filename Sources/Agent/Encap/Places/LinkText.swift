/// What is written in links into the source: relative ones, as epkg makes them by default.
struct LinkText {
  let places: OpenPlaces

  /// `../encap/foo-1.0/bin/foo`, for the link `path` of the target.
  func text(for path: EncapPath, package: [UInt8], file: EncapPath) -> [UInt8] {
    let from = OpenPlaces.names(places.targetPath) + path.parent.names
    let to = OpenPlaces.names(places.sourcePath) + [package[...]] + file.names
    let common = zip(from, to).prefix { $0.elementsEqual($1) }.count
    let up = [ArraySlice<UInt8>](repeating: Array("..".utf8)[...], count: from.count - common)
    return Array((up + to.dropFirst(common)).joined(separator: [UInt8(ascii: "/")]))
  }

  /// Package and file that a link of the target names, by its text alone; `nil` where it leads
  /// elsewhere. Both may be missing.
  func destination(of text: [UInt8], at path: EncapPath) -> (package: [UInt8], file: EncapPath)? {
    let isAbsolute = text.first == UInt8(ascii: "/")
    var names = isAbsolute ? [] : OpenPlaces.names(places.targetPath) + path.parent.names
    for name in text.split(separator: UInt8(ascii: "/")) where !name.elementsEqual(".".utf8) {
      if name.elementsEqual("..".utf8) { _ = names.popLast() } else { names.append(name) }
    }
    for source in [places.sourcePath, places.namedSource] {
      let folder = OpenPlaces.names(source)
      guard source.first == UInt8(ascii: "/"), names.count > folder.count,
        names.starts(with: folder, by: { $0.elementsEqual($1) })
      else { continue }
      let inside = names.dropFirst(folder.count + 1)
      return (
        Array(names[folder.count]), EncapPath(Array(inside.joined(separator: [UInt8(ascii: "/")])))
      )
    }
    return nil
  }
}
