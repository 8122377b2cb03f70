import Records
import Testing

/// Real logs, most of them sent to a mailing list because something was wrong.
@Suite(.enabled(if: Recorded.hasCorpora, "no ../shared/corpora beside this repository"))
struct CorporaTests {
  @Test(
    "finds the spike",
    arguments: [
      // dd to a log file: 3 to 5 tasks blocked from the fifth row on, 15 MiB/s written.
      ("lkml-2.6-dd-write-logfile.txt", nil, EpisodeKind.disk, 5...10),
      ("lkml-2.6-dd-write-logfile.txt", 1, .disk, 5...10),
      // Memory is scanned: 100 % CPU, mostly in the kernel, some swapping out, no waiting.
      ("lkml-shm-swapstorm-tabs.txt", nil, .cpu, 0...10),
      ("lkml-shm-swapstorm-tabs.txt", 8, .cpu, 0...10),
      // Two tasks starved by the elevator behind half a megabyte a second.
      ("lkml-2.4.0test10-wcol.txt", nil, .disk, 0...6),
    ] as [(String, Int?, EpisodeKind, ClosedRange<Int64>)])
  func spike(name: String, cpus: Int?, kind: EpisodeKind, seconds: ClosedRange<Int64>) throws {
    let told = Told(try Recorded.log(name, cpus: cpus))
    #expect(told.kinds == [kind])
    let span = try #require(told.episodes.first).span(since: 1_000_000_000)
    #expect(span.first == seconds.lowerBound && span.last == seconds.upperBound)
  }

  @Test("finds the swap storm in rows that a mailer broke in two", arguments: [nil, 2, 8])
  func swapStorm(cpus: Int?) {
    // lkml-2.4.7-SAP-wrapped.txt, its columns r b si so bi bo us sy id, a row every 5 s.
    let rows: [[Int64]] = [
      [0, 15, 5102, 692, 5109, 713, 2, 1, 96], [0, 13, 3316, 467, 3316, 478, 2, 2, 96],
      [0, 21, 3973, 1162, 3978, 1197, 3, 2, 95], [0, 21, 1539, 1187, 1539, 1191, 1, 1, 98],
      [0, 16, 4510, 951, 4517, 982, 3, 4, 94],
    ]
    // The same on 2.4.14: it runs instead of waiting, and still for the sake of its swapping.
    let later: [[Int64]] = [
      [11, 1, 2661, 489, 2813, 1576, 91, 9, 0], [21, 3, 2863, 666, 2947, 2096, 77, 9, 14],
      [15, 2, 3134, 658, 3260, 2023, 84, 4, 7],
    ]
    let columns: [VmstatColumn] = [.r, .b, .si, .so, .bi, .bo, .us, .sy, .id]
    for rows in [rows, later] {
      var samples = HostScript(cpus: cpus, interval: 5, loadEvery: nil).samples([
        .calm(rows.count * 5)
      ])
      for (index, values) in rows.enumerated() {
        for (column, value) in zip(columns, values) { samples[index].row[column] = value }
      }
      #expect(Told(samples).kinds == [.swap])
    }
  }

  @Test(
    "finds none",
    arguments: [
      ("jc-ubuntu1804-1-long.out", 1, 36), ("sysodom-pi.txt", 1, 299),
      ("ramindin-2.6-nost.log", 1, 1459), ("ramindin-2.6-nost.log", 60, 1459),
      // 128 CPUs at most a third busy; single rows of r = 66 are a crowd at one instant.
      ("lunar.log", 1, 150),
      // One task waits for small writes, and nobody waits for the disk with it: b is 0.7 on
      // average and 250 KiB/s are written, while wa shows up to 26 % on what must be 4 CPUs.
      ("SERVERFAULT-kinsch-wa.txt", 2, 7),
      // A busy news server at its daily work: r 1.7 and b 1 on average, never both for long.
      ("lkml-2.6.7-cnfs-news.txt", 2, 11),
      ("lkml-2.5.69-mm3-mplayer.txt", 1, 11), ("lkml-2.6.0-knode-waid.txt", 1, 9),
      ("pt-linux-002.txt", 1, 4), ("pt-linux-003.txt", 1, 4), ("gu-laptop.txt", 1, 5),
      ("gu-1TB-overflow.txt", 1, 2), ("patrykur-wide-aligned.txt", 2, 6),
      ("dpbench-epoch-prefix.md", 1, 15),
    ] as [(String, Int64, Int)])
  func none(name: String, interval: Int64, rows: Int) throws {
    for cpus in [nil, 1, 2, 4] as [Int?] where name != "lunar.log" || cpus == nil {
      let samples = try Recorded.log(name, interval: interval, cpus: cpus)
      #expect(samples.count == rows, "the reader of this test has lost rows")
      #expect(Told(samples).all == [], "\(cpus ?? 0) CPUs")
    }
    if name == "lunar.log" {
      #expect(Told(try Recorded.log(name, cpus: 128)).all == [])
    }
  }
}
