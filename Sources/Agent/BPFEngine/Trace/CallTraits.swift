import CBPF

/// What a system call does, as far as the programs that count it need to know.
public struct CallTraits: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Its first argument is a descriptor.
  public static let onDescriptor = CallTraits(rawValue: UInt8(CULPRIT_TRACE_ON_DESCRIPTOR))
  /// It returns a new descriptor.
  public static let opens = CallTraits(rawValue: UInt8(CULPRIT_TRACE_OPENS))
  /// It may make a descriptor mean another file, or none.
  public static let closes = CallTraits(rawValue: UInt8(CULPRIT_TRACE_CLOSES))
  /// It returns how many bytes it moved.
  public static let movesBytes = CallTraits(rawValue: UInt8(CULPRIT_TRACE_MOVES_BYTES))
  /// It is about an io_uring.
  public static let ring = CallTraits(rawValue: UInt8(CULPRIT_TRACE_RING))
}

/// A system call by its number, which means another one in a 32-bit program.
public struct CallNumber: Hashable, Sendable {
  /// Numbers of either kind; one beyond counts as the last.
  public static let limit = Int(CULPRIT_TRACE_CALLS)

  public var number: Int
  public var is32Bit: Bool

  public init(_ number: Int, is32Bit: Bool = false) {
    self.number = min(max(number, 0), CallNumber.limit - 1)
    self.is32Bit = is32Bit
  }

  /// As the tables have it: the numbers of 32-bit programs follow the others.
  init(place: Int) {
    self.init(place % CallNumber.limit, is32Bit: place >= CallNumber.limit)
  }

  var place: Int { is32Bit ? number + CallNumber.limit : number }
}
