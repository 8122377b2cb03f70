import CSystem
import Glibc

/// A Unix socket that clients come to: owned by root and the group `culprit`, mode 0660. Its file
/// goes with it.
final class ListeningSocket {
  let path: String
  let descriptor: Int32
  let rights: ClientSession.Rights
  /// Whose members may come; `nil` where there is no such group.
  let group: UInt32?

  static let groupName = "culprit"

  /// Makes the socket, in the place of one that nobody listens on any more.
  init(_ path: String, rights: ClientSession.Rights) throws(Failure) {
    self.path = path
    self.rights = rights
    group = GroupFile.number(of: ListeningSocket.groupName)
    try ListeningSocket.makeFolder(of: path)
    try ListeningSocket.removeStale(path)
    let listener = culprit_unix_listen(path, 0o660)
    guard listener >= 0 else {
      throw Failure(
        "can't listen on \(path): \(String(cString: strerror(-listener))); name another socket "
          + "with --socket PATH")
    }
    descriptor = listener
    if let group, chown(path, geteuid(), group) != 0 {
      Output.complain(
        "\(path) stays without its group \(ListeningSocket.groupName): "
          + String(cString: strerror(errno)))
    }
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// `/run/culprit` is gone after each boot; a folder that somebody named must be there.
  private static func makeFolder(of path: String) throws(Failure) {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    let folder = String(path[..<slash])
    guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
      throw Failure("can't make \(folder): \(String(cString: strerror(errno)))")
    }
  }

  /// A socket's file stays when its owner is killed: nobody answers there then.
  private static func removeStale(_ path: String) throws(Failure) {
    let probe = culprit_unix_connect(path, 0)
    // A queue that is full (EAGAIN) is somebody's, too.
    if probe >= 0 || probe == -EAGAIN {
      if probe >= 0 { close(probe) }
      throw Failure(
        "another culprit-agent listens on \(path): end it first, or name another socket with "
          + "--socket PATH")
    }
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw Failure("\(path) is no socket: name another place with --socket PATH")
    }
    unlink(path)
  }
}

/// `/etc/group` (group(5)): the name service can't be asked from a static executable.
enum GroupFile {
  static func number(of name: String, path: String = "/etc/group") -> UInt32? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let fields = text.split(separator: ":", omittingEmptySubsequences: false)
      if fields.count >= 3, fields[0] == name { return UInt32(fields[2]) }
    }
    return nil
  }
}
