import Foundation
import TestSupport
import Testing

@testable import Encap

/// A program made of its source, the way its own makefile installs it.
@Suite(
  "from source", .enabled(if: Machine.has("make") && Machine.has("cc"), "needs make and cc"))
struct BuildTests {
  private static let makefile = """
    prefix = /usr/local
    CFLAGS = -O1 -DVERSION='"$(VERSION)"' -DDATADIR='"$(datadir)"'
    datadir = $(prefix)/share/hello

    hello: hello.c
    \t$(CC) $(CFLAGS) -o $@ hello.c
    install: hello
    \tmkdir -p $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/share/hello $(DESTDIR)$(prefix)/share/man/man1
    \tinstall -m 755 hello $(DESTDIR)$(prefix)/bin/hello
    \tinstall -m 644 hello.1 $(DESTDIR)$(prefix)/share/man/man1/hello.1
    \techo "greeting $(VERSION)" >$(DESTDIR)$(prefix)/share/hello/greeting
    clean:
    \trm -f hello

    """

  private static let program = """
    #include <stdio.h>
    int main(void) {
      char line[80];
      FILE *file = fopen(DATADIR "/greeting", "r");
      if (!file || !fgets(line, sizeof line, file)) return 1;
      printf("hello " VERSION ": %s", line);
      return 0;
    }

    """

  private func source(in stage: EncapStage) throws {
    try stage.folder.makeFolder("src")
    try stage.folder.write(Self.makefile, to: "src/Makefile")
    try stage.folder.write(Self.program, to: "src/hello.c")
    try stage.folder.write(".TH HELLO 1\n", to: "src/hello.1")
  }

  private func make(_ stage: EncapStage, _ words: [String]) async throws {
    let result = try await Program.run(["make", "-s", "-C", stage.folder.file("src")] + words)
    #expect(result.code == 0, "\(result)")
  }

  private func run(_ stage: EncapStage) async throws -> String {
    try await Program.output("\(stage.target)/bin/hello")
  }

  /// The trick as people know it: built for the prefix where the links are, installed with another
  /// prefix, or with DESTDIR and none.
  @Test func aRealProgramIsInstalledUpgradedAndGone() async throws {
    let stage = try EncapStage()
    try source(in: stage)
    let data = "datadir=\(stage.target)/share/hello"
    for (version, place) in [
      ("1.9", ["prefix=\(stage.source)/hello-1.9"]),
      ("1.10", ["DESTDIR=\(stage.source)/hello-1.10", "prefix=/"]),
    ] {
      try await make(stage, ["clean"])
      try await make(stage, ["VERSION=\(version)", data, "hello"])
      try await make(stage, ["VERSION=\(version)", data, "install"] + place)
    }
    #expect(try stage.install("hello-1.9").status == .success)
    #expect(try await run(stage) == "hello 1.9: greeting 1.9\n")
    let outcome = try stage.prefix().upgrade("hello")
    #expect(outcome.package?.description == "hello-1.10")
    #expect(try await run(stage) == "hello 1.10: greeting 1.10\n")
    _ = try stage.prefix().rollback("hello")
    #expect(try await run(stage) == "hello 1.9: greeting 1.9\n")
    try stage.remove("hello")
    #expect(try stage.tree().isEmpty)
  }

  /// DESTDIR with the usual prefix: it lies too deep, and that is told.
  @Test func aForgottenPrefixIsTold() async throws {
    let stage = try EncapStage()
    try source(in: stage)
    try await make(stage, ["VERSION=1", "DESTDIR=\(stage.source)/hello-1", "install"])
    let outcome = try stage.prefix { $0.isDryRun = true }.install("hello")
    #expect(outcome.notes.contains { $0.contains("usr/local") && $0.contains("prefix=/") })
  }

  /// It goes through an archive to another prefix.
  @Test func anArchiveOfItRunsElsewhere() async throws {
    let stage = try EncapStage()
    try source(in: stage)
    let other = try EncapStage(source: "other/encap", target: "other", in: stage.folder)
    try await make(
      stage,
      [
        "VERSION=3", "datadir=\(other.target)/share/hello", "DESTDIR=\(stage.source)/hello-3",
        "prefix=/", "install",
      ])
    try await Program.output(
      "tar", "-C", stage.source, "-cf", stage.folder.file("hello.tar"), "hello-3")
    let file = try Folder(Array(stage.folder.path.utf8)).file("hello.tar".utf8)
    let archive = try #require(try file?.contents())
    var rest = archive[...]
    _ = try Unpacking(try #require(EncapPackageName("hello-3"))).run(into: other.places) { buffer in
      let part = rest.prefix(buffer.count)
      buffer.copyBytes(from: part)
      rest = rest.dropFirst(part.count)
      return part.count
    }
    try other.install("hello")
    #expect(try await run(other) == "hello 3: greeting 3\n")
  }
}
