import Bytes

/// What came in a package's archive, noted when it was unpacked: by it a file that was changed later is
/// found.
struct PackageManifest: Equatable {
  private static let firstLine = "culprit-encap-package 1"

  struct File: Equatable {
    let path: EncapPath
    let size: UInt64
    let mode: UInt16
    let digest: [UInt8]
  }

  /// SHA-256 of the whole archive.
  let archive: String
  var files: [File] = []
  var links: [EncapPath: [UInt8]] = [:]

  init(archive: String) { self.archive = archive }

  static func noteName(_ package: EncapPackageName) -> [UInt8] {
    Array("package-\(package)".utf8)
  }

  var text: String {
    var lines = [PackageManifest.firstLine, "archive \(archive)"]
    lines += files.map {
      "file \(SHA256.hex($0.digest)) \($0.size) \(String($0.mode, radix: 8)) "
        + EscapedText.word($0.path.bytes)
    }
    lines += links.sorted { $0.key < $1.key }.map {
      "link \(EscapedText.word($0.key.bytes)) \(EscapedText.word($0.value))"
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `nil` for what `text` doesn't write.
  init?(_ text: [UInt8]) {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let words = lines.map { $0.split(separator: " ").map(String.init) }
    guard lines.first == Self.firstLine[...], words.count >= 2, words[1].count == 2,
      words[1][0] == "archive"
    else { return nil }
    archive = words[1][1]
    for line in words.dropFirst(2) {
      guard !line.isEmpty else { return nil }
      switch (line[0], line.count) {
      case ("file", 5):
        guard let digest = SHA256.bytes(ofHex: line[1]), let size = UInt64(line[2]),
          let mode = UInt16(line[3], radix: 8),
          let path = EscapedText.bytes(line[4]).flatMap({ EncapPath(untrusted: $0) })
        else { return nil }
        files.append(File(path: path, size: size, mode: mode, digest: digest))
      case ("link", 3):
        guard let path = EscapedText.bytes(line[1]).flatMap({ EncapPath(untrusted: $0) }),
          let target = EscapedText.bytes(line[2])
        else { return nil }
        links[path] = target
      default: return nil
      }
    }
  }
}
