import Bytes

/// Clients of this host's NFSv4 server, and the locks they hold: `/proc/fs/nfsd/clients/N/{info,
/// states}` (fs/nfsd/nfs4state.c), since Linux 5.3. Locks of older protocols, which lockd keeps,
/// name no client anywhere.
public enum NFSClients {
  /// Who holds a lock.
  public struct Holder: Equatable, Sendable {
    /// Address and, where it says one, the name the client goes by; printable, bounded.
    public var client: String
    /// The file's last two names, as nfsd prints them.
    public var file: String?
  }

  /// Most clients that are looked at.
  public static let limit = 1024

  /// The client that holds a lock on `file` (`major:minor:inode`, as in `/proc/locks`).
  public static func holder(
    of file: String, in proc: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> Holder? {
    var numbers: [Int32] = []
    _ = proc.listNumbers(ProcPath("fs/nfsd/clients"), using: &buffer) { number in
      if numbers.count < limit { numbers.append(number) }
    }
    for number in numbers {
      guard proc.read(path(number, "/states"), into: &buffer) == .bytes,
        let name = buffer.withBytes({ lock(on: file, in: $0) })
      else { continue }
      let isRead = proc.read(path(number, "/info"), into: &buffer) == .bytes
      let client = isRead ? buffer.withBytes { self.client($0) } : nil
      return Holder(client: client ?? "client \(number)", file: name.isEmpty ? nil : name)
    }
    return nil
  }

  /// The file's name in the first lock state on `file`, empty where it has none:
  /// `- 0x…: { type: lock, superblock: "fd:00:1234", filename: "dir/file", owner: "…" }`.
  static func lock(on file: String, in states: Span<UInt8>) -> String? {
    var cursor = 0
    while let range = states.nextWholeLine(&cursor) {
      let line = states.extracting(range)
      guard line.contains("type: lock,"), quoted("superblock: ", line) == file else { continue }
      return quoted("filename: ", line) ?? ""
    }
    return nil
  }

  /// `10.0.0.7:862 (Linux NFSv4.2 web3)` from `address: "…"` and `name: "…"`.
  static func client(_ info: Span<UInt8>) -> String? {
    guard let address = quoted("address: ", info) else { return nil }
    guard let name = quoted("name: ", info), !name.isEmpty else { return address }
    return "\(address) (\(name))"
  }

  /// What stands in quotes behind `key`. The kernel escapes quotes in it (seq_escape).
  private static func quoted(_ key: StaticString, _ text: Span<UInt8>) -> String? {
    guard let start = text.end(of: key), start < text.count, text[start] == UInt8(ascii: "\""),
      let end = text.first(UInt8(ascii: "\""), in: start + 1..<text.count)
    else { return nil }
    return Printable.text(text.extracting(start + 1..<end), limit: 128)
  }

  private static func path(_ number: Int32, _ file: StaticString) -> ProcPath {
    var path = ProcPath("fs/nfsd/clients/")
    path.append(number: Int64(number))
    path.append(file)
    return path
  }
}
