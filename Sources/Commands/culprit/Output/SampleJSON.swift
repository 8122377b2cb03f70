import Bytes
import Collector
import History
import Records

extension JSONWriter {
  /// A row: `host`, `time`, vmstat's own column names, and where they were read the load
  /// averages. A column that the host's vmstat doesn't print is null.
  mutating func sample(_ sample: HostSample) {
    object { json in
      json.field("host", sample.host)
      json.field("time", RFC3339.string(nanoseconds: sample.time.nanoseconds))
      json.field("source", sample.source.name)
      for column in VmstatColumn.standard { json.field(column.name, sample.row[column]) }
      for column: VmstatColumn in [.gu, .inact, .active] {
        if let value = sample.row[column] { json.field(column.name, value) }
      }
      if let load = sample.load {
        json.field("load1", load.oneMinute)
        json.field("load5", load.fiveMinutes)
        json.field("load15", load.fifteenMinutes)
      }
      json.field("cpus", sample.cpus)
    }
  }

  /// A spike. `suspects` is null where no look at the tasks was taken, or none found any; `movers`
  /// where no agent looked, or nobody did enough to be named.
  mutating func episode(_ episode: Episode, suspects: Suspects) {
    object { json in
      json.field("episode", episode.id)
      json.field("host", episode.host)
      json.field("start", RFC3339.string(nanoseconds: episode.start.nanoseconds))
      json.field("peak", RFC3339.string(nanoseconds: episode.peak.nanoseconds))
      json.field("end", RFC3339.string(nanoseconds: episode.end.nanoseconds))
      json.field("open", episode.isOpen)
      json.field("kind", episode.kind.rawValue)
      json.field("load1_peak", episode.load1Peak)
      json.field("runnable_peak", episode.runnablePeak)
      json.field("blocked_peak", episode.blockedPeak)
      json.field("cpus", episode.cpus)
      json.key("suspects")
      if suspects.ranked.isEmpty {
        json.null()
      } else {
        json.array { list in
          for suspect in suspects.ranked { list.suspect(suspect, suspects.details(of: suspect)) }
        }
      }
      json.key("movers")
      if suspects.movers.isEmpty {
        json.null()
      } else {
        json.array { list in
          for mover in suspects.movers.prefix(Suspects.shown * 3) { list.past(mover) }
        }
      }
      json.field("verdict", episode.verdict)
    }
  }
}

extension JSONWriter {
  /// `details` is what an agent knows of it.
  private mutating func suspect(_ suspect: RankedSuspect, _ details: PastProcess?) {
    object { json in
      json.field("pid", suspect.pid)
      json.field("user", suspect.user)
      json.field("command", suspect.command)
      json.key("wait_channels")
      json.array { list in
        for channel in suspect.waitChannels { list.value(channel) }
      }
      json.field("wait_reason", suspect.waitReasons.first)
      json.field("wait_class", details?.waits.map { $0.waitClass ?? "unknown" })
      json.field("wait_seconds", suspect.waitSeconds)
      json.field("unit", details?.unit)
      json.field("container", details?.container)
      json.key("holders")
      json.array { list in
        for pid in (details?.waits?.holders ?? "").split(separator: " ") {
          if let pid = Int64(pid) { list.value(pid) }
        }
      }
      json.field("lock_path", details?.waits?.lockPath)
      json.field("sightings", suspect.sightings)
      json.field("threads", suspect.threads)
      json.field("first", RFC3339.string(nanoseconds: suspect.first.nanoseconds))
      json.field("last", RFC3339.string(nanoseconds: suspect.last.nanoseconds))
    }
  }

  /// The line, with its newline; the writer is empty afterwards.
  mutating func takeLine() -> [UInt8] {
    let line = bytes + [UInt8(ascii: "\n")]
    removeAll()
    return line
  }
}
