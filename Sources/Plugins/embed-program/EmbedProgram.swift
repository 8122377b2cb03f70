import Foundation

/// `embed-program CLANG OBJCOPY HEADERS INSTRUCTIONS SOURCE OUTPUT`: compiles a BPF program, and writes the
/// object into a Swift file, as hexadecimal digits: a string of a megabyte compiles at once, an
/// array literal of a kilobyte doesn't.
@main
enum EmbedProgram {
  static func main() throws {
    let words = CommandLine.arguments
    guard words.count == 7 else {
      fail("usage: embed-program CLANG OBJCOPY HEADERS INSTRUCTIONS SOURCE OUTPUT")
    }
    let (clang, objcopy, headers, instructions, source, output) = (
      words[1], words[2], words[3], words[4], words[5], words[6]
    )
    let object = output + ".o"
    // v2: the instructions of Linux 4.14.
    try run(
      clang,
      [
        "-target", "bpf", "-mcpu=\(instructions)", "-O2", "-g", "-Wall", "-Wextra", "-Werror",
        "-I", headers, "-c", source, "-o", object,
      ])
    // The BTF stays, which the kernel wants; DWARF is for nobody here.
    try run(objcopy, ["--strip-debug", object])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: object))
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    let name = URL(fileURLWithPath: output).deletingPathExtension().lastPathComponent
    let swift = """
      /// Compiled from \(URL(fileURLWithPath: source).lastPathComponent).
      enum \(name.prefix(1).uppercased() + name.dropFirst()) {
        static let digits: StaticString = "\(String(decoding: text, as: UTF8.self))"
      }

      """
    try swift.write(toFile: output, atomically: true, encoding: .utf8)
  }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { fail("\(program) failed") }
  }

  private static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("embed-program: \(message)\n".utf8))
    exit(1)
  }
}
