/// The second socket: what goes beyond reading streams.
enum ControlSocket {
  static let isOff =
    "asking for one process, or for a trace, is off on this host: root allows it with "
    + "`control = true` in \(AgentConfiguration.usualPath) there, and a restart of culprit-agent"

  /// Beside the one for reading.
  static func path(beside socket: String) -> String {
    let ending = ".sock"
    return socket.hasSuffix(ending)
      ? socket.dropLast(ending.count) + "-control" + ending : socket + "-control"
  }
}
