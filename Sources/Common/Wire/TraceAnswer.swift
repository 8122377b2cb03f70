import Records

/// The frames that tell a trace: one for each process, in rank order, and one with all the rest.
public enum TraceAnswer {
  /// Most bytes of all of them; a hundred processes with all that one may tell are less.
  public static let byteLimit = 6 << 20
  /// What is left of a command line where room is short.
  private static let shortCommand = 512

  /// Files and kinds of calls that are kept for as long as there is something else to be cut.
  private static let (leastFiles, leastCalls) = (4, 16)

  /// As they travel, in answer to the request of that number. Where all processes together would
  /// tell too much, each is cut to its share, the least time first; what was cut is counted. Files go
  /// before calls, which hold the sums.
  public static func bytes(of trace: HostTrace, number: UInt64) -> [UInt8] {
    // The last frame may be as long as any.
    let room = byteLimit - WireLimits.payloadBytes
    let share = room / max(1, trace.processes.count)
    var encoder = FrameEncoder()
    for process in trace.processes {
      encoder.append(.answer(.traced(fitted(process, share))), sequence: number)
    }
    encoder.append(
      .answer(.trace(trace, processes: trace.processes.count)), sequence: number)
    return encoder.bytes
  }

  /// What they tell; `nil` where not all that belongs to it came.
  public static func trace(of frames: some Sequence<Frame>) -> HostTrace? {
    var processes: [TracedProcess] = []
    for frame in frames {
      switch frame {
      case .answer(.traced(let process)): processes.append(process)
      case .answer(.trace(var trace, let count)):
        guard processes.count == count else { return nil }
        trace.processes = processes
        return trace
      default: continue
      }
    }
    return nil
  }

  private static func fitted(_ process: TracedProcess, _ share: Int) -> TracedProcess {
    var process = process
    while size(of: process) > share {
      let (files, calls) = (process.files.count, process.calls.count)
      if files > leastFiles || files > 1 && calls <= leastCalls {
        process.cut(files: files / 2, calls: calls)
      } else if calls > 1 {
        process.cut(files: files, calls: (calls + 1) / 2)
      } else if let command = process.identity.commandLine.value,
        command.utf8.count > shortCommand
      {
        process.identity.commandLine = .known(String(command.prefix(shortCommand / 4)) + "…")
      } else {
        break
      }
    }
    return process
  }

  private static func size(of process: TracedProcess) -> Int {
    var encoder = FrameEncoder()
    encoder.append(.answer(.traced(process)), sequence: 0)
    return encoder.byteCount
  }
}

extension TracedProcess {
  fileprivate mutating func cut(files: Int, calls: Int) {
    omittedFiles += self.files.count - files
    self.files.removeLast(self.files.count - files)
    for call in self.calls[calls...] {
      let (sum, overflow) = omittedCalls.addingReportingOverflow(call.count)
      omittedCalls = overflow ? .max : sum
    }
    self.calls.removeLast(self.calls.count - calls)
  }
}
