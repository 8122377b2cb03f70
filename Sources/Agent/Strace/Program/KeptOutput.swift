import Bytes
import CSystem
import Glibc
import Records
import Synchronization

/// Raw output that is kept, a file for each process, as `(strace -p 4711 > command-4711.strace 2>&1) &`
/// would. A thread of its own writes it: a disk that hangs must not hold up who is traced.
final class KeptOutput: Sendable {
  private struct Piece: Sendable {
    var file: Int32
    var bytes: [UInt8]
  }

  private struct State {
    var files: [Tracee: Int32] = [:]
    var waiting: [Piece] = []
    var waitingBytes = 0
    /// The thread is in the middle of a write.
    var isWriting = false
    var isClosed = false
    /// What went wrong first; nothing more is kept then.
    var trouble: String?
  }

  private static let stackBytes: UInt = 128 << 10

  private let folder: String
  private let descriptor: Int32
  private let limit: Int
  private let patienceMilliseconds: Int
  private let wake: Int32
  private let state = Mutex(State())

  /// Opens the folder, or makes it. One that others can look into is none for raw traces.
  ///
  /// - Parameters:
  ///   - waitingBytes: so much may wait for the disk.
  ///   - patienceMilliseconds: how long the disk may take at the end.
  /// - Throws: `TraceFailure.failed`
  init(
    in folder: String, waitingBytes: Int, patienceMilliseconds: Int = 5000
  ) throws(TraceFailure) {
    self.folder = Printable.text(folder, limit: 300)
    limit = waitingBytes
    self.patienceMilliseconds = patienceMilliseconds
    descriptor = try KeptOutput.openFolder(folder, shown: self.folder)
    wake = eventfd(0, Int32(EFD_CLOEXEC))
    // What is open is closed by `deinit`.
    guard wake >= 0 else { throw .failed("no eventfd: \(errorText(errno))") }
    guard startThread() else {
      throw .failed("no thread that writes to \(self.folder)")
    }
  }

  deinit {
    close(descriptor)
    if wake >= 0 { close(wake) }
  }

  private static func openFolder(_ path: String, shown: String) throws(TraceFailure) -> Int32 {
    if mkdir(path, 0o700) < 0, errno != EEXIST {
      throw .failed("\(shown) can't be made: \(errorText(errno))")
    }
    // Behind a slash at its end a link would be followed.
    var name = Substring(path)
    while name.utf8.count > 1, name.utf8.last == UInt8(ascii: "/") { name.removeLast() }
    let descriptor = culprit_open_at(AT_FDCWD, String(name), O_DIRECTORY | O_NOFOLLOW)
    guard descriptor >= 0 else {
      throw .failed("\(shown) is no folder of ours to keep traces in: \(errorText(-descriptor))")
    }
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 {
      return descriptor
    }
    close(descriptor)
    throw .failed(
      "\(shown) is another user's, or others can look into it: name a new folder, which is made "
        + "for us alone, or take their rights away: chmod 700")
  }

  // MARK: Files

  /// Makes the file of a process: `command-PID.strace`. Nothing that is there is written over.
  ///
  /// - Throws: `TraceFailure.failed`
  func open(for tracee: Tracee) throws(TraceFailure) {
    let name = KeptOutput.fileName(tracee)
    let file = culprit_create_at(descriptor, name, 0o600)
    guard file >= 0 else {
      let advice = file == -EEXIST ? ": move it away, or name another folder" : ""
      throw .failed("\(folder)/\(name) can't be made: \(errorText(-file))\(advice)")
    }
    state.withLock { $0.files[tracee] = file }
  }

  /// Of a command's name letters, digits and `._-` are kept; a dot doesn't lead.
  static func fileName(_ tracee: Tracee) -> String {
    var name: [UInt8] = []
    for byte in tracee.name.bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        name.append(byte)
      case UInt8(ascii: ".") where !name.isEmpty: name.append(byte)
      default: name.append(UInt8(ascii: "_"))
      }
    }
    return "\(String(decoding: name, as: UTF8.self))-\(tracee.id.pid).strace"
  }

  /// Hands bytes to the thread that writes. Where too many wait, no more is kept of anybody.
  func append(_ bytes: Span<UInt8>, of tracee: Tracee) {
    let isFirst = state.withLock { state -> Bool in
      guard state.trouble == nil, let file = state.files[tracee] else { return false }
      guard state.waitingBytes + bytes.count <= limit else {
        state.trouble = "the disk doesn't take it as fast as it comes"
        return false
      }
      var copy: [UInt8] = []
      copy.reserveCapacity(bytes.count)
      for index in bytes.indices { copy.append(bytes[index]) }
      state.waiting.append(Piece(file: file, bytes: copy))
      state.waitingBytes += copy.count
      return state.waiting.count == 1
    }
    if isFirst { KeptOutput.signal(wake) }
  }

  /// Waits until all is written, not for ever. Returns what there is to say of it.
  func finish() -> [String] {
    state.withLock { $0.isClosed = true }
    KeptOutput.signal(wake)
    var steps = patienceMilliseconds / 10
    while steps > 0, state.withLock({ !$0.waiting.isEmpty || $0.isWriting }) {
      Pause.sleep(milliseconds: 10)
      steps -= 1
    }
    return state.withLock { state in
      let isStuck = !state.waiting.isEmpty || state.isWriting
      // A thread that hangs in a write still has its file.
      if !isStuck { closeFiles(&state) }
      guard let trouble = state.trouble ?? (isStuck ? "the disk hangs" : nil) else { return [] }
      return ["what is kept in \(folder) is not all: \(trouble)"]
    }
  }

  /// A process that never said anything needs no file.
  private func closeFiles(_ state: inout State) {
    for (tracee, file) in state.files {
      var status = stat()
      if fstat(file, &status) == 0, status.st_size == 0 {
        unlinkat(descriptor, KeptOutput.fileName(tracee), 0)
      }
      close(file)
    }
    state.files.removeAll()
  }

  // MARK: The thread

  private func startThread() -> Bool {
    let keeper = Unmanaged.passRetained(self)
    let result = culprit_start_thread(
      { argument in
        guard let argument else { return nil }
        Unmanaged<KeptOutput>.fromOpaque(argument).takeRetainedValue().serve()
        return nil
      }, keeper.toOpaque(), KeptOutput.stackBytes)
    if result != 0 { keeper.release() }
    return result == 0
  }

  private func serve() {
    while true {
      var count: UInt64 = 0
      _ = read(wake, &count, 8)
      while let piece = next() {
        let trouble = KeptOutput.write(piece)
        state.withLock { state in
          state.isWriting = false
          state.waitingBytes -= piece.bytes.count
          guard let trouble else { return }
          state.trouble = state.trouble ?? trouble
          state.waiting.removeAll()
        }
      }
      if state.withLock({ $0.isClosed }) { return }
    }
  }

  private func next() -> Piece? {
    state.withLock { state in
      guard !state.waiting.isEmpty else { return nil }
      state.isWriting = true
      return state.waiting.removeFirst()
    }
  }

  /// What went wrong, in words.
  private static func write(_ piece: Piece) -> String? {
    piece.bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress
        let count = Glibc.write(piece.file, base, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return errorText(errno) }
        rest = rest.dropFirst(count)
      }
      return nil
    }
  }

  private static func signal(_ descriptor: Int32) {
    var one: UInt64 = 1
    _ = Glibc.write(descriptor, &one, 8)
  }
}
