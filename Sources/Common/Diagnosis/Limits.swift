/// The thresholds of episode detection, each with the reason for its figure.
///
/// Tried on the recorded spikes in `Tests/DiagnosisTests/Fixtures` and on the real logs of
/// `../shared/corpora/vmstat`. "Hot" is what begins an episode, "warm" is what keeps one going:
/// warm asks for less, so that a spike which wavers is one episode and not ten.
enum Limits {
  // MARK: CPU

  /// A queue counts from this many tasks above the CPU count. `r` of procps 4 includes vmstat
  /// itself, and as many tasks as CPUs is a full machine, not a queue: so one above isn't enough.
  static let queueAboveCPUs = 2.0
  /// On large hosts the queue has to be this share of the CPUs: 64 CPUs drain 2 tasks at once.
  static let queuePerCPU = 0.25
  /// CPU time spent (us + sy + st + gu), per cent. Below it tasks that are runnable together got
  /// their turn at once: `r` is read when vmstat wakes, and so do many others at that moment
  /// (a 128-CPU log shows single rows of r = 66 at 4 %).
  static let busyHot = 80.0
  static let busyWarm = 60.0
  /// Without a CPU count: the CPUs must be all but exhausted, and `r` can be vmstat and one task
  /// on one CPU, so three.
  static let busyWithoutCPUs = 90.0
  static let runnableWithoutCPUs = 3.0

  // MARK: Blocked tasks

  /// Tasks blocked at once that make a row hot: two, since one is any single reader, backup or
  /// commit at work…
  static let blockedHot = 2.0
  /// …and a quarter of the CPUs on large hosts, where a few are everyday life.
  static let blockedPerCPU = 0.25
  /// Half of that counts as well, if it lasts (`lastingSpeed`): a row of this kind is tepid.
  static let blockedLastingPerCPU = 0.125
  /// Up to this many CPUs a single blocked task is a good part of the machine and may be tepid…
  static let smallHostCPUs = 2
  /// …if devices move this much, KiB/s: below it's a lone writer of small records, whose waiting
  /// costs nobody else anything (SERVERFAULT-kinsch-wa: 250 KiB/s).
  static let smallHostTraffic = 1024.0
  /// Block traffic that shows the devices at work, KiB/s: 25 reads of 4 KiB a second, what a disk
  /// manages when it is doing badly; log files of an idle host come to 50.
  static let deviceTraffic = 100.0

  // MARK: Swap

  /// Swapped in and swapped out in the same row, each at this rate (KiB/s): pages pushed out
  /// while others are wanted back, which is memory running short and not an old page returning.
  static let swapEachWay = 256.0
  /// Swap traffic that explains why tasks wait or run, KiB/s…
  static let swapTraffic = 512.0
  /// …if it's at least this share of the block traffic (swapping is counted in bi and bo too).
  static let swapShareOfTraffic = 0.25

  // MARK: Load average

  /// Active tasks, by the load average, above those that `r` and `b` show: two, less what the
  /// estimate loses by being a lower bound. One is a driver's thread that sleeps in D for ever.
  static let surplusTasks = 1.5
  static let surplusPerCPU = 0.25
  /// The load is high by itself from this many active tasks a CPU, and one for vmstat.
  static let activePerCPU = 1.5
  /// Share of these that the latest two readings alone must show, for it to be going on. They may
  /// have one sample between them where two must be allowed for, so they show half of a rise;
  /// but under 0.67 an active task a CPU, which is no high load, would keep an episode going.
  static let goingOn = 0.7
  /// Share of `b` that the load average must confirm before `b` is believed. Sleepers in
  /// io_uring_enter count in `b` and `wa` (since Linux 6.1.39), but not in the load average.
  static let confirmedShare = 0.5
  /// A load average older than this says nothing about now, seconds: four readings missed.
  static let loadLifetime = 20.0
  /// Blocked tasks are believed once so many seconds of them lay before the reading before the
  /// latest, and so had their sample: the kernel takes one every 5 s.
  static let comparedSeconds = 2.0
  /// Blocked tasks on average, under which there is nothing to compare.
  static let comparedTasks = 0.2

  // MARK: Time

  /// Hot seconds (less the calm ones between) that make an episode: `make -j` for 3 s is none.
  static let hotSeconds = 5.0
  /// One hot row is chance, r and b being instants…
  static let hotRows = 2
  /// …unless it covers this many seconds and its averages say the same.
  static let longRowSeconds = 30.0
  /// How fast tepid rows count: 20 s of them make an episode.
  static let lastingSpeed = 0.25
  /// How fast readings of the load average count: 25 s, five readings. Bursts that happen to be
  /// running at one of the kernel's samples, every 5 s, would pass for tasks that stay.
  static let loadSpeed = 0.2
  /// Most hot seconds a candidate keeps, so that it is forgotten in as much calm.
  static let hotSecondsKept = 15.0
  /// Calm seconds that end an episode…
  static let calmSeconds = 30.0
  /// …and rows: one calm row of a 60 s log is an instant.
  static let calmRows = 2
  /// After this much calm a warm row no longer moves the end; only a hot one does.
  static let calmBeforeWarmIsNews = 5.0
  /// What a hot or warm second takes off the calm. So blips in under a third of the rows let an
  /// episode end, where resetting to 0 would keep it open for ever.
  static let calmUndoneByHot = 2.0
  static let calmUndoneByWarm = 0.5
  /// An open episode is told again after this many seconds, if only its end has moved.
  static let tellSeconds = 5.0
  /// Another kind must have this much more time before a verdict is changed.
  static let kindChange = 1.25

  // MARK: Clock

  /// What the first row of a stream is taken to cover, seconds.
  static let firstRowSeconds = 1.0
  /// The most one row can weigh, seconds.
  static let rowSecondsMax = 60.0
  /// A row this late is a starved vmstat, whose row covers the time; later is a gap (seconds, and
  /// times the usual interval).
  static let gapSeconds = 10.0
  static let gapIntervals = 3.0
  /// Silence after which an open episode is over at its last hot row, seconds.
  static let lostSeconds = 600.0
  /// A clock set back by less is waited out, seconds; more starts the stream anew.
  static let backwardsSeconds = 5.0
  /// Closed episodes remembered, so that a clock set back can't report a time twice.
  static let coveredMax = 64

  /// `r` that makes a queue on a host of so many CPUs.
  static func runnable(cpus: Int) -> Double {
    let cpus = Double(cpus)
    return cpus + max(queueAboveCPUs, cpus * queuePerCPU)
  }

  /// `b` that makes a row hot.
  static func blocked(cpus: Int?) -> Double {
    max(blockedHot, Double(cpus ?? 0) * blockedPerCPU)
  }

  /// `b` that counts when it lasts.
  static func blockedLasting(cpus: Int?) -> Double {
    max(blockedHot, Double(cpus ?? 0) * blockedLastingPerCPU)
  }

  /// Active tasks above r + b that make a reading hot.
  static func surplus(cpus: Int?) -> Double {
    max(surplusTasks, Double(cpus ?? 0) * surplusPerCPU)
  }
}
