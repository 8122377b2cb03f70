import Bytes
import Records

extension ProcessReportJSON {
  static func write(_ files: OpenFiles, _ watched: ProcessReport.Point, to json: inout JSONWriter) {
    json.reading("files", files.told) { json, told in
      json.array { list in
        for file in told { list.file(file, files.mount(of: file), watched) }
      }
    }
    json.field("files_omitted", files.omitted)
  }

  static func write(_ sockets: OpenSockets, to json: inout JSONWriter) {
    json.reading("sockets", sockets.told) { json, told in
      json.array { list in for socket in told { list.socket(socket) } }
    }
    json.field("sockets_omitted", sockets.omitted)
    json.field("socket_tables_cut", sockets.isCut)
  }

  static func write(
    _ locks: Reading<[FileLock]>, _ omitted: Int, of pid: Int32, to json: inout JSONWriter
  ) {
    json.reading("locks", locks) { json, told in
      json.array { list in for lock in told { list.lock(lock, of: pid) } }
    }
    json.field("locks_omitted", omitted)
  }
}

extension JSONWriter {
  fileprivate mutating func file(
    _ file: OpenFile, _ mount: FileMount?, _ watched: ProcessReport.Point
  ) {
    object { json in
      json.field("fd", Int(file.descriptor))
      json.field("kind", file.kind.name)
      json.reading("path", file.path)
      json.field("deleted", file.isDeleted)
      json.reading("access", file.access) { $0.value($1.name) }
      json.key("flags")
      json.array { list in for name in file.flags.names { list.value(name) } }
      json.reading("offset", file.offset) { $0.value(Int64(clamping: $1)) }
      json.reading("bytes_per_second", file.advance) { json, advance in
        let rate = watched.perSecond(advance.magnitude).rounded()
        json.value(Int64(clamping: Int(min(rate, 1e18))) * (advance < 0 ? -1 : 1))
      }
      json.reading("size", file.size) { $0.value(Int64(clamping: $1)) }
      json.key("mount")
      guard let mount else { return json.null() }
      json.object { json in
        json.field("point", mount.mountPoint)
        json.field("type", mount.type)
        json.field("source", mount.source)
        json.field("device", "\(mount.major):\(mount.minor)")
      }
    }
  }

  fileprivate mutating func socket(_ socket: OpenSocket) {
    object { json in
      json.field("fd", Int(socket.descriptor))
      json.field("inode", Int64(clamping: socket.inode))
      json.field("protocol", socket.transport.name)
      json.field("state", socket.transport == .other ? nil : socket.state.name)
      json.key("local")
      if let local = socket.local { json.endpoint(local) } else { json.null() }
      json.key("remote")
      if let remote = socket.remote { json.endpoint(remote) } else { json.null() }
      json.field("path", socket.path)
      json.reading("send_queue", socket.sendQueue) { $0.value(Int64(clamping: $1)) }
      json.reading("receive_queue", socket.receiveQueue) { $0.value(Int64(clamping: $1)) }
    }
  }

  fileprivate mutating func lock(_ lock: FileLock, of pid: Int32) {
    object { json in
      json.field("held", lock.holder == pid)
      json.field("kind", lock.kind.rawValue)
      json.field("exclusive", lock.isExclusive)
      json.field("path", lock.path)
      json.field("file", lock.file)
      json.field("holder", lock.holder.map { Int($0) })
      json.field("client", lock.client)
      json.key("waiters")
      json.array { list in for waiter in lock.waiters { list.value(Int64(waiter)) } }
    }
  }
}
