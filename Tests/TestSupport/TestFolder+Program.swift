extension TestFolder {
  /// Writes a shell script that can be run at once, and returns its path.
  ///
  /// Another process writes it: a file that this one had open for writing can't be run as long as
  /// a child that another test starts at that moment has it open too (ETXTBSY of execve(2)).
  @discardableResult
  public func writeProgram(_ script: String, to name: String) async throws -> String {
    let path = file(name)
    try await Program.output(
      "sh", "-c", "printf '%s\\n' '#!/bin/sh' \"$1\" >\"$2\" && chmod 755 \"$2\"", "sh", script,
      path)
    return path
  }
}
