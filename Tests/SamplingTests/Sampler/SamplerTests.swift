import CAllocations
import Foundation
import Records
import TestSupport
import Testing

@testable import Sampling

/// The whole of a tick, on this host.
@Suite("the sampler", .enabled(if: Machine.hasLoad, "\(Machine.needsLoad)"))
struct SamplerTests {
  private static let engines: [EngineWish] = Machine.runsBPF ? [.bpf, .proc] : [.proc]

  private func settings(_ engine: EngineWish) -> SamplerSettings {
    var settings = SamplerSettings()
    settings.engine = engine
    // As often as we like: it isn't we who must be spared.
    settings.ownShare = 1
    return settings
  }

  /// Bytes are conserved: processes + reaped + unattributed = what the devices did.
  @Test(
    "what no process is charged with stays below a tenth", .liveAlone,
    .enabled(if: Machine.isRoot, "needs root, to see whose bytes they are"))
  func conservation() async throws {
    for engine in Self.engines { try await conserve(engine) }
  }

  private func conserve(_ engine: EngineWish) async throws {
    let folder = try TestFolder(below: "/var/tmp")
    let bytes = "\(64 << 20)"
    let loads = [
      ["write", "--direct", "--file", folder.file("a"), "--bytes", bytes, "--threads", "4"],
      ["write", "--fsync", "--file", folder.file("b"), "--bytes", bytes],
      ["read", "--direct", "--file", folder.file("c"), "--bytes", bytes],
      [
        "fork", "--children", "100", "--bytes", "262144", "--file", folder.file("d"), "--parallel",
        "4", "--waited",
      ],
    ]
    let maker = try LoadGenerator([
      "write", "--fsync", "--file", folder.file("c"), "--bytes", bytes,
    ])
    _ = try await maker.truth()
    try await maker.finish()
    sync()
    var sampler = try Sampler(settings(engine))
    var output = Sampler.Output()
    try sampler.sample(into: &output)
    var (read, write) = (Attribution.Bytes(), Attribution.Bytes())
    func add() throws {
      try sampler.sample(into: &output)
      let attribution = output.tick.attribution
      read.processes += attribution.read.processes
      read.reaped += attribution.read.reaped
      read.devices += attribution.read.devices
      write.processes += attribution.write.processes
      write.reaped += attribution.write.reaped
      write.devices += attribution.write.devices
    }
    for words in loads {
      let load = try LoadGenerator(words)
      while load.truths.isEmpty {
        try await Task.sleep(for: .milliseconds(50))
        try add()
      }
      try await load.finish()
    }
    sync()
    for _ in 0..<3 { try add() }
    #expect(read.devices >= 64 << 20 && write.devices >= 128 << 20)
    for (name, sum) in [("read", read), ("write", write)] {
      let residue = Double(abs(sum.unattributed)) / Double(max(sum.devices, 1))
      #expect(residue < 0.1, "\(name): \(sum)")
    }
  }

  /// A steady tick gives back all that it takes, however many there are.
  @Test("thousands of ticks leave the heap as it was", .liveAlone)
  func heap() throws {
    for (engine, ticks) in zip(Self.engines.reversed(), [2_000, 10_000]) {
      try tick(engine, ticks)
    }
  }

  private func tick(_ engine: EngineWish, _ ticks: Int) throws {
    var sampler = try Sampler(settings(engine))
    var output = Sampler.Output()
    for _ in 0..<500 { try sampler.sample(into: &output) }
    // Who comes and goes on the host meanwhile takes room; what leaks does so in every round.
    var rounds: [culprit_allocations] = []
    for _ in 0..<5 {
      culprit_allocations_begin()
      for _ in 0..<ticks / 5 { try sampler.sample(into: &output) }
      rounds.append(culprit_allocations_end())
    }
    let least = try #require(rounds.map(\.bytes).min())
    #expect(least < 16 << 10, "\(rounds)")
    #expect(rounds.contains { $0.count < ticks / 5 * 60 }, "\(rounds)")
  }
}
