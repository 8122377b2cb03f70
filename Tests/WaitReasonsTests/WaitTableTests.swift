import Records
import Testing

@testable import WaitReasons

/// The table checks itself: a typing mistake in it would make a reason silently unreachable.
struct WaitTableTests {
  private func words(_ text: String) -> [String] {
    text.split(whereSeparator: \.isWhitespace).map(String.init)
  }

  @Test func noFunctionStandsTwiceInAColumn() {
    let columns: [(String, KeyPath<WaitEntry, String>)] = [
      ("waits", \.waits), ("first", \.first), ("locks", \.locks),
      ("perCPULocks", \.perCPULocks), ("pages", \.pages),
    ]
    for (name, column) in columns {
      var owner: [String: String] = [:]
      for entry in WaitTable.entries {
        for function in words(entry[keyPath: column]) {
          #expect(
            owner[function] == nil,
            "\(name): \(function) of \(entry.name), \(owner[function] ?? "")")
          owner[function] = entry.name
        }
      }
    }
    for entry in WaitTable.entries {
      let both = Set(words(entry.waits)).intersection(words(entry.first))
      #expect(both.isEmpty, "\(entry.name): \(both)")
    }
  }

  /// What is looked through can't decide as well.
  @Test func noFunctionIsLookedThroughAndDecides() {
    var primitives: [String: WaitPrimitive] = [:]
    for primitive in WaitPrimitive.allCases {
      for function in words(primitive.functions) {
        #expect(primitives[function] == nil, "\(function) is looked through twice")
        primitives[function] = primitive
      }
    }
    for entry in WaitTable.entries {
      for text in [entry.waits, entry.first, entry.locks, entry.perCPULocks, entry.pages] {
        for function in words(text) {
          #expect(primitives[function] == nil, "\(entry.name): \(function)")
        }
      }
    }
  }

  @Test func functionsAreNamesOfC() {
    for entry in WaitTable.entries {
      for text in [
        entry.waits, entry.first, entry.locks, entry.perCPULocks, entry.pages, entry.heldIn,
      ] {
        for function in words(text) {
          #expect(KernelSymbol.plain(function) == function, "\(entry.name): \(function)")
          #expect(function.utf8.allSatisfy(KernelSymbol.isPart), "\(entry.name): \(function)")
        }
      }
    }
  }

  @Test func everyReasonIsToldToPeople() {
    var names: Set<String> = []
    for entry in WaitTable.entries {
      #expect(names.insert(entry.name).inserted, "\(entry.name) stands twice")
      #expect(!entry.name.isEmpty && entry.name.utf8.count <= 40)
      #expect(entry.sentence.hasSuffix("."), "\(entry.name)")
      #expect(entry.nextStep.count >= 10, "\(entry.name)")
      #expect(!entry.sentence.contains("  ") && !entry.nextStep.contains("  "), "\(entry.name)")
      #expect(WaitReasons.entry(named: entry.name)?.sentence == entry.sentence)
    }
    for kind in WaitClass.allCases {
      #expect(WaitTable.entries.contains { $0.kind == kind }, "no reason of class \(kind.rawValue)")
    }
  }

  /// The names that code refers to.
  @Test func everyNameThatIsReferredToExists() {
    var names = WaitPrimitive.allCases.compactMap(\.fallback)
    names += WaitTable.systemCalls.values
    names += PageCarrier.all.flatMap { [$0.read, $0.writeback] }
    names += [
      "page read", "page writeback", "swap-in", "vfork child", "bcache bucket",
      WaitReason.unknown.name,
    ]
    for name in names { #expect(WaitReasons.entry(named: name) != nil, "\(name)") }
    #expect(WaitReasons.entry(named: "unknown")?.kind == .unknown)
    #expect(WaitReasons.entry(named: "no such reason") == nil)
  }

  /// The fixed vocabulary of the design.
  @Test(arguments: [
    ("ext4 journal commit", WaitClass.filesystemLog), ("dirty page throttling", .writeback),
    ("NFS RPC", .networkFileSystem), ("file lock", .lock), ("frozen filesystem", .frozen),
    ("swap-in", .memory), ("FUSE reply", .fuse), ("block I/O", .disk), ("vfork child", .process),
  ])
  func theVocabularyIsFixed(name: String, kind: WaitClass) {
    #expect(WaitReasons.entry(named: name)?.kind == kind)
  }
}
