import ProcFS
import Records

/// Tells the sockets among the descriptors of a process, by the tables of its own network
/// namespace.
enum SocketFinder {
  /// A busy proxy's tables have hundreds of thousands of lines: so much of each is read, and for
  /// so long.
  private static let byteLimit = 32 << 20
  private static let patienceNanoseconds: UInt64 = 300_000_000

  private static let internet: [(file: StaticString, transport: OpenSocket.Transport)] = [
    ("net/tcp", .tcp), ("net/tcp6", .tcp), ("net/udp", .udp), ("net/udp6", .udp),
    ("net/raw", .raw), ("net/raw6", .raw),
  ]

  static func sockets(
    of pid: Int32, _ descriptors: DescriptorScan, _ root: borrowing ProcRoot,
    _ buffer: inout ReadBuffer
  ) -> OpenSockets {
    guard descriptors.count.value != nil else {
      return OpenSockets(told: descriptors.count.map { _ in [] })
    }
    var sockets: [OpenSocket] = []
    var places: [UInt64: [Int]] = [:]
    for entry in descriptors.entries {
      guard let inode = entry.inode else { continue }
      places[inode, default: []].append(sockets.count)
      sockets.append(OpenSocket(descriptor: entry.descriptor, inode: inode))
    }
    let isCut = complete(&sockets, places, of: pid, root)
    let first = sockets.filter { $0.remote != nil } + sockets.filter { $0.remote == nil }
    let told = Array(first.prefix(ProcessReport.socketLimit))
    return OpenSockets(told: .known(told), omitted: sockets.count - told.count, isCut: isCut)
  }

  /// Fills in what the tables say; whether one of them was too long.
  private static func complete(
    _ sockets: inout [OpenSocket], _ places: [UInt64: [Int]], of pid: Int32,
    _ root: borrowing ProcRoot
  ) -> Bool {
    var isCut = false
    var missing = places.count
    let deadline = Clocks.monotonic &+ patienceNanoseconds
    for (file, transport) in internet where missing > 0 {
      let outcome = root.forEachLine(
        of: ProcPath(pid: pid, file), byteLimit: byteLimit, until: deadline
      ) { line in
        guard let inode = InternetSocket.inode(line), let found = places[inode],
          let socket = InternetSocket(line)
        else { return true }
        for place in found { sockets[place].take(socket, transport) }
        missing -= 1
        return missing > 0
      }
      if outcome.isCut { isCut = true }
    }
    guard missing > 0 else { return isCut }
    let outcome = root.forEachLine(
      of: ProcPath(pid: pid, "net/unix"), byteLimit: byteLimit, until: deadline
    ) { line in
      guard let inode = UnixSocket.inode(line), let found = places[inode],
        let socket = UnixSocket(line)
      else { return true }
      for place in found { sockets[place].take(socket) }
      missing -= 1
      return missing > 0
    }
    return isCut || outcome.isCut
  }
}

extension OpenSocket {
  fileprivate mutating func take(_ socket: InternetSocket, _ transport: Transport) {
    self.transport = transport
    state = socket.state
    local = socket.local
    remote = socket.remote.port == 0 && transport != .raw ? nil : socket.remote
    sendQueue = .known(socket.sendQueue)
    receiveQueue = .known(socket.receiveQueue)
  }

  fileprivate mutating func take(_ socket: UnixSocket) {
    transport = .unix
    state = socket.state
    path = socket.path
  }
}
