import Bytes
import ProcFS

/// The capabilities a process has in effect: `CapEff` of proc_pid_status(5), bits of
/// include/uapi/linux/capability.h.
public struct Capabilities: Equatable, Sendable {
  public enum Capability: UInt8, CaseIterable, Sendable {
    case dacReadSearch = 2
    case netAdmin = 12
    case sysPtrace = 19
    case sysAdmin = 21
    case syslog = 34
    case perfmon = 38
    case bpf = 39

    /// The name setcap(8) takes.
    public var name: String {
      switch self {
      case .dacReadSearch: "cap_dac_read_search"
      case .netAdmin: "cap_net_admin"
      case .sysPtrace: "cap_sys_ptrace"
      case .sysAdmin: "cap_sys_admin"
      case .syslog: "cap_syslog"
      case .perfmon: "cap_perfmon"
      case .bpf: "cap_bpf"
      }
    }
  }

  private let bits: UInt64

  public init(bits: UInt64) { self.bits = bits }

  public func has(_ capability: Capability) -> Bool { bits >> UInt64(capability.rawValue) & 1 == 1 }

  /// From a text of `status`; `nil` where it has no such line.
  public init?(_ status: Span<UInt8>) {
    var cursor = 0
    while let range = status.nextLine(&cursor) {
      let line = status.extracting(range)
      guard line.starts(with: "CapEff:") else { continue }
      var (start, bits): (Int, UInt64) = (7, 0)
      guard let word = line.nextWord(&start), word.count <= 16 else { return nil }
      for index in word {
        guard let digit = Capabilities.hexadecimal(line[index]) else { return nil }
        bits = bits << 4 | UInt64(digit)
      }
      self.init(bits: bits)
      return
    }
    return nil
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x57
    case 0x41...0x46: byte - 0x37
    default: nil
    }
  }

  /// What the agent is to be given where it doesn't run as root.
  public static let setcap =
    "setcap cap_sys_ptrace,cap_dac_read_search,cap_bpf,cap_perfmon,cap_net_admin+ep culprit-agent"
  /// The same, and what `/proc/PID/stack` wants.
  public static let setcapWithAdmin = "setcap cap_sys_admin," + setcap.dropFirst("setcap ".count)
}
