import Bytes
import Records

/// A report of one process as a line of JSON. What couldn't be read is the string "denied",
/// "disabled", "unsupported" or "gap".
public struct ProcessReportJSON {
  private let host: String
  private let report: ProcessReport

  public init(host: String, report: ProcessReport) {
    self.host = host
    self.report = report
  }

  /// The line and its end.
  public func line() -> String {
    var writer = JSONWriter()
    writer.object { json in
      json.field("host", host)
      json.field("time", RFC3339.string(nanoseconds: report.time.nanoseconds))
      json.write(report.identity, start: report.start)
      writeState(to: &json)
      writeOrigin(to: &json)
      writeWaits(to: &json)
      writeMoves(to: &json)
      json.reading("descriptors", report.descriptors) { $0.value(Int64($1)) }
      ProcessReportJSON.write(report.files, report.watched, to: &json)
      ProcessReportJSON.write(report.sockets, to: &json)
      ProcessReportJSON.write(
        report.locks, report.omittedLocks, of: report.identity.id.pid, to: &json)
      json.key("related")
      json.array { list in
        for other in report.related { list.object { $0.write(other, start: nil) } }
      }
    }
    return writer.text + "\n"
  }

  private func writeState(to json: inout JSONWriter) {
    json.field("state", SuspectJSON.letter(report.state))
    json.field("threads", Int(report.threads))
    json.field("kernel_thread", report.isKernelThread)
    json.reading("wchan", report.waitChannel)
    json.reading("exe", report.executable)
    json.reading("cwd", report.workingDirectory)
  }

  private func writeOrigin(to json: inout JSONWriter) {
    json.key("parents")
    json.array { list in
      for parent in report.parents {
        list.object { $0.write(parent.identity, start: parent.start) }
      }
    }
    json.field("parents_complete", report.reachesFirstParent)
    let login = report.login
    json.key("login")
    json.object { json in
      // Nobody logged in is null: that is known.
      json.reading("session", login.number) { json, number in json.login(number) }
      json.reading("loginuid", login.userID) { json, number in json.login(number) }
      json.field("user", login.user)
      json.reading("tty", login.terminal) { json, name in
        if name.isEmpty { json.null() } else { json.value(name) }
      }
      json.key("ssh")
      guard let ssh = login.ssh else { return json.null() }
      json.object { json in
        json.field("user", ssh.user)
        json.field("server_pid", Int(ssh.serverPID))
        json.reading("client", ssh.connection.map(\.client)) { $0.endpoint($1) }
        json.reading("server", ssh.connection.map(\.server)) { $0.endpoint($1) }
      }
    }
  }

  private func writeWaits(to json: inout JSONWriter) {
    json.reading("waiting", report.waiting) { json, tasks in
      json.array { list in
        for task in tasks {
          list.object { json in
            json.field("tid", Int(task.tid))
            json.field("comm", taskText(task.name))
            json.field("state", SuspectJSON.letter(task.state))
            SuspectJSON.write(task, to: &json)
          }
        }
      }
    }
    json.field("waiting_omitted", report.omittedWaiting)
  }

  private func writeMoves(to json: inout JSONWriter) {
    json.reading("io", report.io) { $0.counters($1) }
    json.field("cpu_seconds", Double(report.cpuNanoseconds / 1_000_000) / 1000)
    json.reading("block_delay_seconds", report.blockDelayNanoseconds) {
      $0.value(Double($1 / 1_000_000) / 1000)
    }
    json.key("watched")
    json.point(report.watched)
    json.key("past")
    json.array { list in for point in report.past { list.point(point) } }
  }
}
