import Records

// What the vocabulary's words are on the wire. A code is never used again, and none depends on
// the order of cases. Engine, layer and task state travel as their raw values.
//
// A new engine, layer or trigger makes a frame `unknown` to older decoders; one that must not be
// lost to them gets a field of its own beside the old one, which says what comes closest.

extension BurstTrigger {
  var wireCode: UInt8 {
    switch self {
    case .cpuPressure: 1
    case .ioPressure: 2
    case .memoryPressure: 3
    case .blockedTasks: 4
    case .runQueue: 5
    }
  }

  init(wireCode: UInt8) throws(PayloadFault) {
    guard let found = BurstTrigger.allCases.first(where: { $0.wireCode == wireCode }) else {
      throw .unknownMeaning
    }
    self = found
  }
}

extension WaitClass {
  var wireCode: UInt8 {
    switch self {
    case .unknown: 0
    case .disk: 1
    case .filesystemLog: 2
    case .writeback: 3
    case .memory: 4
    case .networkFileSystem: 5
    case .fuse: 6
    case .lock: 7
    case .mappedDevice: 8
    case .crypto: 9
    case .frozen: 10
    case .process: 11
    }
  }

  /// A newer agent's class is `unknown`; the reason's name tells it still.
  init(wireCode: UInt8) {
    self = WaitClass.allCases.first { $0.wireCode == wireCode } ?? .unknown
  }
}

extension FileLock.Kind {
  var wireCode: UInt8 {
    switch self {
    case .other: 0
    case .flock: 1
    case .posix: 2
    case .openFile: 3
    case .lease: 4
    }
  }

  /// A newer agent's kind is `other`.
  init(wireCode: UInt8) {
    self = FileLock.Kind.allCases.first { $0.wireCode == wireCode } ?? .other
  }
}

extension EngineKind {
  init(wireCode: UInt8) throws(PayloadFault) {
    guard let engine = EngineKind(rawValue: wireCode) else { throw .unknownMeaning }
    self = engine
  }
}

extension DiskSample.Layer {
  init(wireCode: UInt8) throws(PayloadFault) {
    guard let layer = DiskSample.Layer(rawValue: wireCode) else { throw .unknownMeaning }
    self = layer
  }
}

extension TraceEngine {
  var wireCode: UInt8 {
    switch self {
    case .bpf: 1
    case .strace: 2
    }
  }

  init(wireCode: UInt8) throws(PayloadFault) {
    guard let found = TraceEngine.allCases.first(where: { $0.wireCode == wireCode }) else {
      throw .unknownMeaning
    }
    self = found
  }
}

extension CallClass {
  var wireCode: UInt8 {
    switch self {
    case .other: 0
    case .read: 1
    case .write: 2
    case .sync: 3
    case .open: 4
    case .stat: 5
    case .network: 6
    case .pipe: 7
    case .wait: 8
    case .memory: 9
    case .process: 10
    }
  }

  /// A newer agent's class is `other`; the call's name tells it still.
  init(wireCode: UInt8) {
    self = CallClass.allCases.first { $0.wireCode == wireCode } ?? .other
  }
}

extension TracedProcess.Ending {
  var wireCode: UInt8 {
    switch self {
    case .detached: 0
    case .exited: 1
    case .replaced: 2
    case .overBudget: 3
    case .unverified: 4
    }
  }

  /// What a newer agent calls otherwise is nothing that we could call verified.
  init(wireCode: UInt8) {
    self = TracedProcess.Ending.allCases.first { $0.wireCode == wireCode } ?? .unverified
  }
}

extension SkippedProcess.Reason {
  var wireCode: UInt8 {
    switch self {
    case .isDenied: 0
    case .isInit: 1
    case .isAgent: 2
    case .isSSHD: 3
    case .isKernelThread: 4
    case .isTraced: 5
    case .isUninterruptible: 6
    case .isStopped: 7
    case .isZombie: 8
    case .isGone: 9
    case .isOverBudget: 10
    }
  }

  /// A newer agent's reason is `denied`; its detail tells it in words.
  init(wireCode: UInt8) {
    self = SkippedProcess.Reason.allCases.first { $0.wireCode == wireCode } ?? .isDenied
  }
}
