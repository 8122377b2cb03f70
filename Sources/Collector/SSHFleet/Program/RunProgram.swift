import CSystem
import Glibc

/// Runs a program to its end and returns what it printed; `nil` output where it isn't installed.
/// One that takes longer than `seconds` is killed, with all it started.
public func runProgram(
  _ arguments: [String], seconds: Double = 30
) throws(LinkFailure) -> (output: String?, error: String) {
  var pipes: (output: [Int32], error: [Int32]) = ([-1, -1], [-1, -1])
  guard culprit_pipe(&pipes.output) == 0, culprit_pipe(&pipes.error) == 0 else {
    let reason = errorText(errno)
    for number in pipes.output + pipes.error where number >= 0 { close(number) }
    throw LinkFailure(.unreachable, "no pipe for \(arguments[0]): \(reason)")
  }
  let output = Descriptor(owning: pipes.output[0])
  let error = Descriptor(owning: pipes.error[0])
  let child = spawn(arguments, output: pipes.output[1], error: pipes.error[1])
  close(pipes.output[1])
  close(pipes.error[1])
  guard child > 0 else {
    if child == -ENOENT { return (nil, "") }
    throw LinkFailure(.unreachable, "can't start \(arguments[0]): \(errorText(-child))")
  }
  let end = monotonicNow() + UInt64(seconds * 1e9)
  let texts = readAll([output.number, error.number], until: end)
  if texts == nil { kill(-child, SIGKILL) }
  var status: Int32 = 0
  while waitpid(child, &status, 0) < 0, errno == EINTR {}
  guard let texts else { return ("", "no end within \(Int(seconds)) s") }
  return (texts[0], texts[1])
}

/// `culprit_spawn` with Swift strings; the pid, or -errno.
func spawn(_ arguments: [String], input: Int32 = -1, output: Int32, error: Int32) -> pid_t {
  var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return culprit_spawn(pointers, input, output, error, 1)
}

/// Reads descriptors to their ends, each up to 1 MiB; `nil` where that takes too long.
private func readAll(_ numbers: [Int32], until end: UInt64) -> [String]? {
  var texts: [[UInt8]] = numbers.map { _ in [] }
  var waiting = numbers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  var buffer = [UInt8](repeating: 0, count: 16 << 10)
  // A negative descriptor is passed over by poll(2).
  while waiting.contains(where: { $0.fd >= 0 }) {
    let now = monotonicNow()
    guard now < end else { return nil }
    poll(&waiting, nfds_t(waiting.count), Int32(min(1000, (end - now) / 1_000_000 + 1)))
    for index in waiting.indices where waiting[index].fd >= 0 && waiting[index].revents != 0 {
      let count = read(waiting[index].fd, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { waiting[index].fd = -1 }
      if count > 0, texts[index].count < 1 << 20 { texts[index] += buffer[0..<count] }
    }
  }
  return texts.map { String(decoding: $0, as: UTF8.self) }
}
