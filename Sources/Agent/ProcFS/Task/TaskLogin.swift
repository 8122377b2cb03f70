import Bytes

/// `/proc/PID/loginuid` and `/proc/PID/sessionid` (proc_pid_loginuid(5), proc_pid_sessionid(5)): a
/// number without a line end, `4294967295` where nobody logged in. Without auditing in the kernel
/// there are no such files.
public enum TaskLogin {
  public static func number(_ bytes: Span<UInt8>) -> UInt32? {
    var end = bytes.count
    if end > 0, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    return bytes.decimal(in: 0..<end).flatMap { UInt32(exactly: $0) }
  }
}
