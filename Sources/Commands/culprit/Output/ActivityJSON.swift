import Bytes
import Records

extension JSONWriter {
  /// A process during a tick, by the names that `culprit-agent suspects --json` has: figures are
  /// per second, and one that couldn't be read says why.
  mutating func process(_ process: ProcessActivity, of activity: HostActivity) {
    object { json in
      json.field("host", activity.host)
      json.field("time", RFC3339.string(nanoseconds: activity.time.nanoseconds))
      json.field("pid", Int(process.id.pid))
      json.field("start_time", Int64(clamping: process.id.startTicks))
      json.field("comm", process.owner.name)
      json.field("user", process.owner.user)
      json.field("command", process.owner.command)
      json.field("unit", process.owner.unit)
      json.field("container", process.owner.container)
      json.field("kernel_thread", process.isKernelThread)
      json.field("state", String(Character(Unicode.Scalar(process.state.rawValue))))
      json.field("ended", process.hasEnded)
      json.rate("read_bytes", process.io.map(\.readBytes), activity)
      json.rate("write_bytes", process.io.map(\.writeBytes), activity)
      json.rate("cancelled_write_bytes", process.io.map(\.cancelledWriteBytes), activity)
      json.field(
        "cpu_percent", (activity.perSecond(process.cpuNanoseconds) / 1e6).rounded() / 10)
      // By children that came and went unseen.
      json.rate("reaped_read_bytes", .known(process.reaped.readBytes), activity)
      json.rate("reaped_write_bytes", .known(process.reaped.writeBytes), activity)
    }
  }

  /// What an agent only counted in a tick.
  mutating func omittedProcesses(of activity: HostActivity) {
    object { json in
      json.field("host", activity.host)
      json.field("time", RFC3339.string(nanoseconds: activity.time.nanoseconds))
      json.field("omitted_processes", activity.omittedProcesses)
      json.rate("omitted_read_bytes", .known(activity.omittedIO.readBytes), activity)
      json.rate("omitted_write_bytes", .known(activity.omittedIO.writeBytes), activity)
    }
  }

  private mutating func rate(
    _ name: String, _ reading: Reading<UInt64>, _ activity: HostActivity
  ) {
    key(name)
    guard case .known(let count) = reading else { return value(reading.absence ?? "gap") }
    value(Int64(bounding: activity.perSecond(count)))
  }
}
