import Foundation
import PackagePlugin

/// Compiles the BPF programs beside a target's Swift sources (`Programs/*.bpf.c`) with the
/// toolchain's own clang, and gives the target a Swift file with each compiled object in it.
@main
struct EmbedPrograms: BuildToolPlugin {
  /// Instructions that a program needs, where the oldest ones won't do. `v3` has atomic operations
  /// that return what was there: Linux 5.12.
  private static let instructionSets = ["trace.bpf.c": "v3"]

  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let programs = target.directoryURL.appending(path: "Programs")
    let headers = context.package.directoryURL.appending(path: "Sources/C/CBPF/include")
    let names = try FileManager.default.contentsOfDirectory(atPath: programs.path)
    let shared =
      try names.filter { $0.hasSuffix(".h") }.map { programs.appending(path: $0) }
      + FileManager.default.contentsOfDirectory(atPath: headers.path).filter {
        $0.hasSuffix(".h")
      }.map { headers.appending(path: $0) }
    let tool = try context.tool(named: "embed-program").url
    let clang = try context.tool(named: "clang").url
    let strip = try context.tool(named: "llvm-objcopy").url
    return names.filter { $0.hasSuffix(".bpf.c") }.sorted().map { name in
      let source = programs.appending(path: name)
      let output = context.pluginWorkDirectoryURL.appending(
        path: name.replacingOccurrences(of: ".bpf.c", with: "Program.swift"))
      return .buildCommand(
        displayName: "Compiling BPF program \(name)", executable: tool,
        arguments: [
          clang.path, strip.path, headers.path, Self.instructionSets[name] ?? "v2", source.path,
          output.path,
        ],
        inputFiles: [source] + shared, outputFiles: [output])
    }
  }
}
