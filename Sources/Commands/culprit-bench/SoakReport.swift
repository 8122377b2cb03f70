/// The figures of a soak, and how they stand to the bars.
struct SoakReport {
  let hosts: Int
  let result: SoakResult

  func printFigures(json: Bool) {
    if json {
      printJSON { line in
        line.field("client", Client.culprit.rawValue)
        line.field("hosts", hosts)
        line.field("seconds", result.wallSeconds)
        line.field("lag_median_s", median(result.lags))
        line.field("lag_max_s", result.lags.max())
        line.field("rows_sent", result.rowsSent)
        line.field("rows_stored", result.rowsStored)
      }
    } else {
      print(
        "soak of \(hosts) hosts at 1 Hz, \(fixed(result.wallSeconds, 0)) s; lag "
          + "\(fixed(median(result.lags), 1)) s median, \(fixed(result.lags.max() ?? .nan, 1)) s "
          + "at most; \(result.rowsStored) rows stored of \(result.rowsSent) sent")
    }
    printBars(bars, json: json)
  }

  var bars: [Bar] {
    let lost = max(0, result.rowsSentBeforeEnd - result.rowsStored)
    let doubled = max(0, result.rowsStored - result.rowsSent)
    return [
      Bar(
        title: "lag growth", key: "lag_growth_s", value: result.lagGrowth, limit: .atMost(1),
        unit: " s"),
      Bar(title: "cores", key: "cores", value: result.cores, limit: .atMost(0.5), unit: ""),
      Bar(
        title: "memory, peak PSS", key: "pss_peak_mb",
        value: Double(result.pssKilobytesMax) * 1024 / 1e6, limit: .atMost(250), digits: 0,
        unit: " MB"),
      Bar(
        title: "memory, peak resident", key: "resident_peak_mb",
        value: Double(result.residentKilobytesMax) * 1024 / 1e6, limit: .atMost(250), digits: 0,
        unit: " MB"),
      Bar(
        title: "rows lost (sent 2 s before the end)", key: "rows_lost", value: Double(lost),
        limit: .atMost(0), digits: 0, unit: ""),
      Bar(
        title: "rows doubled", key: "rows_doubled", value: Double(doubled), limit: .atMost(0),
        digits: 0, unit: ""),
    ]
  }
}
