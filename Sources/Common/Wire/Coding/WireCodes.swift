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
