/// A path below a root, built without allocation: `1234/task/1235/stat`.
///
/// What doesn't fit makes the path invalid; it is then refused as too long and never cut to
/// another file's.
public struct ProcPath: Sendable {
  /// Longest path, bytes.
  public static let limit = 127

  private var storage: InlineArray<128, UInt8> = InlineArray(repeating: 0)
  public private(set) var count = 0
  public private(set) var isValid = true

  public init() {}

  public init(_ text: StaticString) { append(text) }

  /// Anything else; a NUL makes the path invalid.
  public init(_ text: String) {
    for byte in text.utf8 { append(byte: byte) }
  }

  /// `PID/file`
  public init(pid: Int32, _ file: StaticString) {
    append(number: Int64(pid))
    append("/")
    append(file)
  }

  /// `PID/task/TID/file`
  public init(pid: Int32, tid: Int32, _ file: StaticString) {
    append(number: Int64(pid))
    append("/task/")
    append(number: Int64(tid))
    append("/")
    append(file)
  }

  public mutating func append(_ text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { append(byte: text.utf8Start[index]) }
  }

  /// A NUL makes the path invalid.
  public mutating func append(_ bytes: Span<UInt8>) {
    for index in bytes.indices { append(byte: bytes[index]) }
  }

  public mutating func append(number: Int64) {
    guard number >= 0 else { return isValid = false }
    var divisor: Int64 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      append(byte: UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
  }

  private mutating func append(byte: UInt8) {
    guard count < ProcPath.limit, byte != 0 else { return isValid = false }
    storage[count] = byte
    count += 1
  }

  /// The path as C wants it; the pointer ends with `body`.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: ProcPath.limit + 1) { body($0) }
    }
  }
}
