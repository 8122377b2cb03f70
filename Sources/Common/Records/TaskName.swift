/// A task's `comm`: at most 15 bytes, any but NUL (proc_pid_comm(5)); kernel threads' names of
/// `stat` and `comm` may be up to 63 bytes and are cut here. The bytes live inside the struct.
public struct TaskName: Equatable, Sendable {
  public static let limit = 16

  private var storage: InlineArray<16, UInt8> = InlineArray(repeating: 0)
  public private(set) var count: UInt8 = 0

  public init() {}

  /// What goes beyond the limit, and everything from the first NUL on, is left out.
  public init(_ bytes: Span<UInt8>) {
    for index in bytes.indices {
      guard Int(count) < TaskName.limit, bytes[index] != 0 else { return }
      storage[Int(count)] = bytes[index]
      count += 1
    }
  }

  public init(_ text: StaticString) {
    for index in 0..<min(text.utf8CodeUnitCount, TaskName.limit) {
      storage[index] = text.utf8Start[index]
      count += 1
    }
  }

  /// As the kernel gave them: not fit for a terminal.
  public var bytes: [UInt8] { (0..<Int(count)).map { storage[$0] } }

  public subscript(index: Int) -> UInt8 { storage[index] }

  public static func == (left: TaskName, right: TaskName) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<Int(left.count) where left.storage[index] != right.storage[index] {
      return false
    }
    return true
  }
}
