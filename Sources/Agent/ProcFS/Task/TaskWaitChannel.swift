import Bytes

/// `/proc/PID/wchan`: the kernel function a task sleeps in (proc_pid_wchan(5)).
public enum TaskWaitChannel {
  /// `nil` where the kernel says `0`: the task runs, we may not know, or it can't tell.
  public static func function(_ bytes: Span<UInt8>) -> String? {
    var end = 0
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n"), bytes[end] != 0 { end += 1 }
    guard end > 0, !bytes.equals("0", in: 0..<end) else { return nil }
    return Printable.text(bytes.extracting(0..<end), limit: TaskStack.nameLimit)
  }
}
