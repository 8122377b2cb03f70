import Records

extension BootID {
  /// Of this host: `/proc/sys/kernel/random/boot_id`; `nil` where it can't be read.
  public static func read(
    from proc: borrowing ProcRoot, using buffer: inout ReadBuffer
  ) -> BootID? {
    guard proc.readRecord(ProcPath("sys/kernel/random/boot_id"), into: &buffer) == .bytes else {
      return nil
    }
    return buffer.withBytes { BootID($0) }
  }
}
