import CBPF

/// From the components that the programs note to what /proc/PID/fd shows (proc_pid_fd(5)), but for the
/// ` (deleted)` behind it: what a file is called doesn't change while it is traced.
struct FileSpelling {
  private let file: culprit_trace_file
  /// The last component first, each with a NUL behind it.
  private let components: [[UInt8]]

  init(_ file: culprit_trace_file, _ bytes: UnsafeRawBufferPointer) {
    self.file = file
    components = bytes.split(separator: 0).map(Array.init)
  }

  var text: [UInt8] {
    switch Int(file.kind) {
    case Int(CULPRIT_TRACE_SOCKET): Array("socket:[\(file.inode)]".utf8)
    case Int(CULPRIT_TRACE_PIPE): Array("pipe:[\(file.inode)]".utf8)
    case Int(CULPRIT_TRACE_ANONYMOUS): Array("anon_inode:".utf8) + (components.first ?? [])
    case Int(CULPRIT_TRACE_UNMOUNTED): unmounted
    default: path
    }
  }

  private var path: [UInt8] {
    var text: [UInt8] = file.is_cut != 0 ? Array("…".utf8) : []
    for component in components.reversed() {
      text.append(UInt8(ascii: "/"))
      text += component
    }
    return text.isEmpty ? [UInt8(ascii: "/")] : text
  }

  /// memfd_create(2) and its like have a name, which the file system follows; namespaces have none.
  private var unmounted: [UInt8] {
    guard components.count > 1 else {
      return (components.first ?? []) + Array(":[\(file.inode)]".utf8)
    }
    return [UInt8(ascii: "/")] + components[0]
  }
}
