import CSystem
import Glibc
import Records

/// Hears of every task that exits, with what it moved: the taskstats family of generic netlink
/// (Documentation/accounting/taskstats.rst).
///
/// Needs CAP_NET_ADMIN, and the initial user and pid namespaces. It owns its socket.
public struct ExitListener: ~Copyable {
  /// Why there is none.
  public enum Failure: Error, Equatable {
    /// CAP_NET_ADMIN is missing, or this isn't the initial user or pid namespace.
    case denied
    /// The kernel was built without taskstats.
    case unsupported
    case failed(call: String, errno: Int32)
  }

  private static let netlinkFamily: Int32 = 16  // AF_NETLINK
  private static let genericProtocol: Int32 = 16  // NETLINK_GENERIC
  private static let controlType: UInt16 = 16  // GENL_ID_CTRL
  private static let getFamily: UInt8 = 3  // CTRL_CMD_GETFAMILY
  private static let familyName: UInt16 = 2  // CTRL_ATTR_FAMILY_NAME
  private static let familyNumber: UInt16 = 1  // CTRL_ATTR_FAMILY_ID
  private static let get: UInt8 = 1  // TASKSTATS_CMD_GET
  private static let registerCPUs: UInt16 = 3  // TASKSTATS_CMD_ATTR_REGISTER_CPUMASK
  private static let statistics: UInt16 = 3  // TASKSTATS_TYPE_STATS
  private static let ofTask: UInt16 = 4  // TASKSTATS_TYPE_AGGR_PID

  /// Bytes the kernel may keep for us; some 3,000 exits.
  private static let roomBytes: Int32 = 4 << 20
  /// Milliseconds that the kernel gets for its answers, which it gives at once.
  private static let answerTimeout: Int32 = 1000

  private let descriptor: Int32
  private var buffer: [UInt8]
  /// How often the kernel found no room for an exit: at least as many went by unheard.
  public private(set) var overflows = 0

  private init(descriptor: Int32) {
    self.descriptor = descriptor
    buffer = [UInt8](repeating: 0, count: 1 << 14)
  }

  /// - Parameter cpus: as `/sys/devices/system/cpu/possible` has it: `0-7`.
  public static func open(cpus: [UInt8]) throws(Failure) -> ExitListener {
    let result = socket(
      netlinkFamily, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), genericProtocol)
    guard result >= 0 else { throw .failed(call: "socket", errno: errno) }
    let listener = ExitListener(descriptor: result)
    listener.makeRoom()
    var text = cpus
    while let last = text.last, last <= UInt8(ascii: " ") { text.removeLast() }
    var request = NetlinkMessage(type: try listener.family(), command: get, sequence: 2)
    request.append(attribute: registerCPUs, text: text)
    _ = try listener.ask(request)
    return listener
  }

  deinit { close(descriptor) }

  /// Calls `body` with each exit that was heard since the last call. Returns `false` where some
  /// went by unheard.
  public mutating func drain(_ body: (Taskstats) -> Void) -> Bool {
    let before = overflows
    while true {
      let size = receive()
      if size > 0 {
        ExitListener.forEachExit(in: buffer.span.extracting(0..<size), body)
      } else if size == -Int(ENOBUFS) {
        overflows &+= 1
      } else if size != -Int(EINTR) {
        return overflows == before
      }
    }
  }

  /// Of an exit the kernel tells twice where it ends a process with threads; the second time it
  /// adds the threads' delays up, which have been heard of by then.
  static func forEachExit(in bytes: Span<UInt8>, _ body: (Taskstats) -> Void) {
    NetlinkMessage.forEach(in: bytes) { type, payload in
      guard type > NetlinkMessage.errorType, payload.count >= 4 else { return }
      NetlinkMessage.forEachAttribute(in: payload.extracting(4..<payload.count)) { type, value in
        guard type == ofTask else { return }
        NetlinkMessage.forEachAttribute(in: value) { type, value in
          guard type == statistics, let record = Taskstats(value) else { return }
          body(record)
        }
      }
    }
  }

  /// SO_RCVBUFFORCE may pass the system's limit where we may; else as much as there is.
  private func makeRoom() {
    var size = ExitListener.roomBytes
    let length = socklen_t(MemoryLayout<Int32>.size)
    if setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, length) != 0 {
      _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, length)
    }
  }

  private func family() throws(Failure) -> UInt16 {
    var request = NetlinkMessage(
      type: ExitListener.controlType, command: ExitListener.getFamily, sequence: 1)
    request.append(attribute: ExitListener.familyName, text: Array("TASKSTATS".utf8))
    let answer = try ask(request)
    var family: UInt16?
    NetlinkMessage.forEach(in: answer.span) { type, payload in
      guard type == ExitListener.controlType, payload.count >= 4 else { return }
      NetlinkMessage.forEachAttribute(in: payload.extracting(4..<payload.count)) { type, value in
        if type == ExitListener.familyNumber { family = value.number16(at: 0) }
      }
    }
    guard let family else { throw .unsupported }
    return family
  }

  /// Sends a request; what comes before its acknowledgement is the answer.
  private func ask(_ request: NetlinkMessage) throws(Failure) -> [UInt8] {
    let bytes = request.finished
    let sent = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
    guard sent == bytes.count else { throw .failed(call: "send", errno: errno) }
    var answer: [UInt8] = []
    while true {
      var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&poller, 1, ExitListener.answerTimeout) > 0 else {
        throw .failed(call: "poll", errno: ETIMEDOUT)
      }
      var piece = [UInt8](repeating: 0, count: 1 << 14)
      let size = piece.withUnsafeMutableBytes {
        recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
      }
      guard size > 0 else { throw .failed(call: "recv", errno: errno) }
      let end = ExitListener.acknowledgement(piece.span.extracting(0..<size))
      if let end {
        if end == 0 { return answer + piece[0..<size] }
        throw ExitListener.failure(end)
      }
      answer += piece[0..<size]
    }
  }

  /// errno of the acknowledgement in `bytes`, 0 for yes; `nil` where there is none.
  private static func acknowledgement(_ bytes: Span<UInt8>) -> Int32? {
    var result: Int32?
    NetlinkMessage.forEach(in: bytes) { type, payload in
      guard type == NetlinkMessage.errorType, let code = payload.number32(at: 0) else { return }
      result = 0 &- Int32(bitPattern: code)
    }
    return result
  }

  /// `add_del_listener` in kernel/taskstats.c says EINVAL outside of the initial namespaces.
  private static func failure(_ code: Int32) -> Failure {
    switch code {
    case EPERM, EACCES, EINVAL: .denied
    case ENOENT, EOPNOTSUPP: .unsupported
    default: .failed(call: "netlink", errno: code)
    }
  }

  /// Bytes, or -errno.
  private mutating func receive() -> Int {
    buffer.withUnsafeMutableBytes {
      let size = recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
      return size < 0 ? -Int(errno) : size
    }
  }
}
