/// Pressure of one resource during a tick, microseconds of stall (Documentation/accounting/psi.rst).
public struct Stall: Equatable, Sendable {
  /// At least one task was stalled.
  public var someMicroseconds: UInt64
  /// All that were not idle were stalled. Of the CPU it is always 0 for the whole host.
  public var fullMicroseconds: UInt64

  public init(someMicroseconds: UInt64, fullMicroseconds: UInt64) {
    self.someMicroseconds = someMicroseconds
    self.fullMicroseconds = fullMicroseconds
  }
}

/// Pressure stall information of a host; `disabled` where the kernel was booted without `psi=1`.
public struct Pressure: Equatable, Sendable {
  public var cpu: Reading<Stall>
  public var io: Reading<Stall>
  public var memory: Reading<Stall>

  public init(cpu: Reading<Stall>, io: Reading<Stall>, memory: Reading<Stall>) {
    self.cpu = cpu
    self.io = io
    self.memory = memory
  }

  public static let unsupported = Pressure(
    cpu: .unsupported, io: .unsupported, memory: .unsupported)
}

/// Memory that is on its way to a device, and swap, KiB (proc_meminfo(5)).
public struct MemoryFigures: Equatable, Sendable {
  public var dirtyKiB: Reading<UInt64>
  public var writebackKiB: Reading<UInt64>
  public var swapTotalKiB: Reading<UInt64>
  public var swapFreeKiB: Reading<UInt64>

  public init(
    dirtyKiB: Reading<UInt64> = .unsupported, writebackKiB: Reading<UInt64> = .unsupported,
    swapTotalKiB: Reading<UInt64> = .unsupported, swapFreeKiB: Reading<UInt64> = .unsupported
  ) {
    self.dirtyKiB = dirtyKiB
    self.writebackKiB = writebackKiB
    self.swapTotalKiB = swapTotalKiB
    self.swapFreeKiB = swapFreeKiB
  }
}
