// swift-tools-version: 6.2
// The targets, what each owns and who may import whom: see README.md, "Inside".
// `Tests/LayerTests` holds the imports to the rows written there.

import PackageDescription

let warningsAreErrors: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let tomlKit = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

/// A module map over a Debian library, with the few shims Swift needs.
func cTarget(_ name: String, links libraries: [String] = []) -> Target {
  .target(
    name: name, path: "Sources/C/\(name)",
    linkerSettings: libraries.map { .linkedLibrary($0) })
}

/// What the agent is made of: without regular expressions, which would be an eighth of it, and for
/// size, which costs it no time that can be measured.
let ofAgent: [SwiftSetting] =
  warningsAreErrors + [
    .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]),
    .unsafeFlags(["-Osize", "-Xfrontend", "-function-sections"], .when(configuration: .release)),
  ]

/// A Swift target in one of the rooms of `Sources`. The agent is made of the first two.
func room(_ room: String, _ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(room)/\(name)",
    swiftSettings: room == "Collector" ? warningsAreErrors : ofAgent)
}

/// The agent is one static executable; small where it is released.
let agentLinking: [LinkerSetting] = [
  .unsafeFlags(["-static-executable"]),
  .unsafeFlags(["-Xlinker", "--gc-sections", "-Xlinker", "-s"], .when(configuration: .release)),
]

/// Tests read their fixtures in place, so these are no resources.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)",
    exclude: recordings[name] ?? [], swiftSettings: warningsAreErrors)
}

/// Folders of recorded input and expected output.
let recordings = [
  "CollectorTests": ["Fixtures"], "DiagnosisTests": ["Fixtures"], "VmstatTests": ["Fixtures"],
  "WatchTests": ["Golden"],
  "ReportsTests": ["Golden"], "WireTests": ["Golden"],
]

let package = Package(
  name: "culprit",
  products: [
    .executable(name: "culprit", targets: ["culprit"]),
    .executable(name: "culprit-agent", targets: ["culprit-agent"]),
    .executable(name: "culprit-bench", targets: ["culprit-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // C: libraries and what Swift can't call.
    cTarget("CSystem"),
    cTarget("CBPF", links: ["bpf", "elf", "z"]),
    cTarget("CZlib", links: ["z"]),
    cTarget("CLibSSH2", links: ["ssh2", "crypto"]),
    cTarget("CNcurses", links: ["ncursesw", "tinfo"]),
    cTarget("CPeerLoop", links: ["ssh2"]),
    cTarget("CAllocations"),

    // Common: no Foundation, no async.
    room("Common", "Bytes", ["CSystem"]),
    room("Common", "Records", []),
    room("Common", "WaitReasons", ["Bytes", "Records"]),
    room("Common", "TraceReport", ["Bytes", "Records"]),
    room("Common", "Reports", ["TraceReport", "WaitReasons", "Bytes", "Records"]),
    room("Common", "Wire", ["Bytes", "Records"]),
    room("Common", "Diagnosis", ["Records"]),

    // Agent: no Foundation, no async; it is linked statically.
    room("Agent", "ProcFS", ["CSystem", "Bytes", "Records"]),
    .target(
      name: "BPFEngine", dependencies: ["CBPF", "Records"], path: "Sources/Agent/BPFEngine",
      exclude: ["Programs"], swiftSettings: ofAgent, plugins: ["EmbedPrograms"]),
    room(
      "Agent", "Sampling",
      ["ProcFS", "BPFEngine", "WaitReasons", "Records", "Bytes", "CSystem"]),
    room(
      "Agent", "Strace",
      [
        "TraceReport", "Sampling", "ProcFS", "BPFEngine", "WaitReasons", "Records", "Bytes",
        "CSystem",
      ]),
    room("Agent", "Encap", ["Bytes", "CSystem"]),
    room("Agent", "Spool", ["CZlib", "CSystem", "Wire", "Bytes", "Records"]),
    room(
      "Agent", "Agent",
      [
        "Sampling", "Strace", "Spool", "Encap", "ProcFS", "BPFEngine", "Wire", "TraceReport",
        "Reports", "WaitReasons", "Records", "Bytes", "CSystem",
      ]),
    .plugin(
      name: "EmbedPrograms", capability: .buildTool(), dependencies: ["embed-program"],
      path: "Sources/Plugins/EmbedPrograms"),
    .executableTarget(
      name: "embed-program", path: "Sources/Plugins/embed-program",
      swiftSettings: warningsAreErrors),

    // Collector.
    room("Collector", "SSHFleet", ["CLibSSH2", "CSystem", "Bytes", logging, heap, deque]),
    room("Collector", "History", ["Bytes", "Records", grdb, logging]),
    room(
      "Collector", "Collector",
      [
        "SSHFleet", "Diagnosis", "History", "Wire", "TraceReport", "Bytes", "Records", "CSystem",
        tomlKit, logging,
      ]),
    .target(
      name: "Deploy",
      dependencies: [
        "Collector", "SSHFleet", "Encap", "Wire", "Bytes", "Records", "CZlib", logging,
      ],
      path: "Sources/Collector/Deploy", resources: [.embedInCode("Files")],
      swiftSettings: warningsAreErrors),
    room("Collector", "Watch", ["Bytes", "Records", "CNcurses"]),

    // Commands.
    .executableTarget(
      name: "culprit",
      dependencies: [
        "Collector", "Deploy", "Watch", "History", "TraceReport", "Reports", "WaitReasons",
        "Records", "Bytes", argumentParser, logging,
      ],
      path: "Sources/Commands/culprit", swiftSettings: warningsAreErrors),
    .executableTarget(
      name: "culprit-agent", dependencies: ["Agent"], path: "Sources/Commands/culprit-agent",
      swiftSettings: ofAgent, linkerSettings: agentLinking),
    .executableTarget(
      name: "culprit-bench",
      dependencies: [
        "CPeerLoop", "CAllocations", "CSystem", "Collector", "Watch", "Wire", "Records", "Bytes",
        argumentParser, grdb,
      ],
      path: "Sources/Commands/culprit-bench", resources: [.copy("Resources")],
      swiftSettings: warningsAreErrors),

    // Tests.
    .target(
      name: "TestSupport", dependencies: ["CSystem", "Wire", "Records"], path: "Tests/TestSupport",
      swiftSettings: warningsAreErrors),
    .executableTarget(
      name: "culprit-test-load", path: "Tests/TestLoad",
      cSettings: [.treatAllWarnings(as: .error)]),
    tests("StallTests", ["TestSupport"]),
    tests("BytesTests", ["Bytes"]),
    tests("WaitReasonsTests", ["WaitReasons", "Bytes", "Records", "TestSupport"]),
    tests("TraceReportTests", ["TraceReport", "Bytes", "Records", "TestSupport"]),
    tests("ReportsTests", ["Reports", "TraceReport", "Bytes", "Records"]),
    tests("WireTests", ["Wire", "Bytes", "Records", "TestSupport"]),
    tests(
      "ProcFSTests", ["ProcFS", "Bytes", "Records", "CSystem", "TestSupport"]),
    tests(
      "SamplingTests",
      [
        "Sampling", "ProcFS", "BPFEngine", "WaitReasons", "Bytes", "Records", "CSystem",
        "CAllocations", "TestSupport",
      ]),
    tests(
      "StraceTests",
      ["Strace", "TraceReport", "ProcFS", "BPFEngine", "Records", "CSystem", "TestSupport"]),
    tests("EncapTests", ["Encap", "Bytes", "TestSupport"]),
    tests("SpoolTests", ["Spool", "Wire", "Bytes", "Records", "TestSupport"]),
    tests(
      "AgentTests",
      ["Agent", "Sampling", "Strace", "Wire", "Bytes", "Records", "CSystem", "TestSupport"]),
    tests("DiagnosisTests", ["Diagnosis", "Records"]),
    tests("VmstatTests", ["Collector", "Bytes", "Records"]),
    tests("HistoryTests", ["History", "Records", grdb]),
    tests("WatchTests", ["Watch", "Bytes", "Records", "CNcurses", "TestSupport"]),
    tests(
      "CollectorTests",
      ["Collector", "SSHFleet", "History", "Reports", "Wire", "Records", "TestSupport", logging]),
    tests("DeployTests", ["Deploy", "Collector", "SSHFleet", "Encap", "TestSupport", logging]),
    tests("SSHFleetTests", ["SSHFleet", "Bytes", "TestSupport", logging]),
    tests("CommandTests", ["culprit", "culprit-bench", "Wire", "Records", "TestSupport"]),
    tests("LayerTests", []),
  ])
