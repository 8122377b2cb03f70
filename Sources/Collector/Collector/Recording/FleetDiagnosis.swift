import Diagnosis
import History
import Logging
import Records

/// One episode detector per host, each taking up what an earlier collector left open.
struct FleetDiagnosis {
  private var detectors: [String: EpisodeDetector] = [:]
  private var leftOpen: [String: Episode] = [:]

  init(store: HistoryStore, log: Logger) {
    do throws(HistoryError) {
      for episode in try store.openEpisodes() { leftOpen[episode.host] = episode }
    } catch {
      log.error("can't read the open episodes: \(error.description)")
    }
  }

  /// The host is watched no more: its spike ends with its last row.
  mutating func end(_ host: String) -> Episode? {
    var detector = detectors.removeValue(forKey: host)
    return detector?.finish()
  }

  mutating func feed(_ sample: HostSample) -> [Episode] {
    if detectors[sample.host] == nil {
      let open = leftOpen.removeValue(forKey: sample.host)
      detectors[sample.host] = EpisodeDetector(host: sample.host, resuming: open)
    }
    return detectors[sample.host]?.feed(sample) ?? []
  }
}
