import Bytes
import Records

// What it has open: files and whether they grow, sockets and who is at the other end, locks and
// who is on the other side.

extension ProcessReportText {
  func fileLines() -> String {
    let files = report.files
    guard case .known(let told) = files.told else {
      return heading("Open files: \(absence(files.told))")
    }
    guard !told.isEmpty else { return heading("No open files") }
    let count = report.descriptors.value.map { " (\($0) descriptors)" } ?? ""
    var lines = heading("Open files\(count)")
    let table = LineTable([(.right, 5), (.left, 4), (.right, 8), (.right, 8), (.right, 8)])
    lines += cut(table.line(["FD", "MODE", "OFFSET", "SIZE", "GROWS/s"], "WHERE"))
    for file in told.prefix(rows) {
      lines += cut(
        table.line(
          [
            "\(file.descriptor)", file.access.value?.name ?? absence(file.access),
            bytes(file.offset, of: file), bytes(file.size, of: file), growth(file),
          ], place(of: file)))
    }
    return lines + more(told.count, files.omitted) + unseen()
  }

  /// Descriptors beyond the limit weren't looked at.
  private func unseen() -> String {
    let count = (report.descriptors.value ?? 0) - ProcessReport.descriptorLimit
    return count > 0 ? "  \(count) descriptors weren't looked at\n" : ""
  }

  private func bytes(_ reading: Reading<UInt64>, of file: OpenFile) -> String {
    // Where there is no such figure, nothing is missing.
    guard file.kind == .file || file.kind == .memory else { return "" }
    return reading.value.map { ByteFigure.text(Double($0)) } ?? OpenWords.short(reading)
  }

  private func growth(_ file: OpenFile) -> String {
    guard file.kind == .file || file.kind == .memory || file.kind == .device,
      let advance = file.advance.value, advance != 0, report.watched.intervalNanoseconds > 0
    else { return "" }
    let perSecond = report.watched.perSecond(advance.magnitude)
    return (advance < 0 ? "-" : "") + ByteFigure.text(perSecond)
  }

  private func place(of file: OpenFile) -> String {
    var words = file.path.value ?? "path \(absence(file.path))"
    if file.isDeleted { words += " (deleted)" }
    if file.kind == .ring { words += ": what goes through it strace can't see" }
    if file.kind == .file || file.kind == .folder, let mount = report.files.mount(of: file) {
      words += "  {\(mount.type) \(mount.source)}"
    }
    let flags = file.flags.subtracting([.closeOnExec, .nonBlocking]).names
    return words + (flags.isEmpty ? "" : "  \(flags.joined(separator: ","))")
  }

  func socketLines() -> String {
    let sockets = report.sockets
    guard case .known(let told) = sockets.told else {
      return heading("Sockets: \(absence(sockets.told))")
    }
    guard !told.isEmpty else { return heading("No sockets") }
    var lines = heading("Sockets")
    let table = LineTable([
      (.right, 5), (.left, 5), (.left, 11), (.right, 7), (.right, 7),
    ])
    lines += cut(table.line(["FD", "PROTO", "STATE", "TO READ", "TO SEND"], "LOCAL > REMOTE"))
    for socket in told.prefix(rows) {
      let queues = [socket.receiveQueue, socket.sendQueue].map {
        $0.value.map { ByteFigure.text(Double($0)) } ?? ""
      }
      let state = socket.transport == .other ? "" : socket.state.name
      lines += cut(
        table.line(
          ["\(socket.descriptor)", socket.transport.name, state] + queues, ends(of: socket)))
    }
    lines += more(told.count, sockets.omitted)
    return lines + (sockets.isCut ? "  the tables were too long to be read to their end\n" : "")
  }

  private func ends(of socket: OpenSocket) -> String {
    if socket.transport == .unix { return socket.path ?? "without a name" }
    guard let local = socket.local else { return "socket \(socket.inode), of another kind" }
    return local.text + (socket.remote.map { " > \($0.text)" } ?? "")
  }

  func lockLines() -> String {
    guard case .known(let locks) = report.locks else {
      return heading("File locks: \(absence(report.locks))")
    }
    guard !locks.isEmpty else { return heading("No file locks") }
    var lines = heading("File locks")
    let pid = report.identity.id.pid
    for lock in locks.prefix(rows) {
      let isHeld = lock.holder == pid
      var line = "  \(isHeld ? "holds" : "waits for") a \(lock.kind.rawValue) lock for "
      line += "\(lock.isExclusive ? "writing" : "reading") on \(lock.path ?? lock.file)"
      lines += cut(line)
      if !isHeld {
        let holder = lock.holder.map { name($0) } ?? "somebody who can't be seen here"
        lines += cut("    held by \(holder)" + (lock.client.map { " for \($0)" } ?? ""))
      }
      for waiter in lock.waiters.prefix(rows) where waiter != pid {
        lines += cut("    \(isHeld ? "keeps waiting" : "waits too"): \(name(waiter))")
      }
    }
    return lines + more(locks.count, report.omittedLocks)
  }

  private func more(_ count: Int, _ omitted: Int) -> String {
    let more = max(0, count - rows).addingSaturated(omitted)
    return more > 0 ? "  and \(more) more\n" : ""
  }
}

/// Absences in narrow columns.
enum OpenWords {
  static func short<Value>(_ reading: Reading<Value>) -> String {
    switch reading {
    case .known: ""
    case .unsupported: "-"
    default: reading.absence ?? ""
    }
  }
}
