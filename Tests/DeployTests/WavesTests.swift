import Deploy
import Testing

@Suite struct WavesTests {
  private let hosts = (1...7).map { "web\($0)" }

  @Test func canariesGoAlone() {
    let waves = Waves(hosts, canaries: 2, size: 3).waves
    #expect(waves == [["web1"], ["web2"], ["web3", "web4", "web5"], ["web6", "web7"]])
  }

  @Test func nobodyIsLeftOutOrTwice() {
    for canaries in 0...8 {
      for size in 0...8 {
        #expect(Waves(hosts, canaries: canaries, size: size).waves.flatMap(\.self) == hosts)
      }
    }
  }
}
