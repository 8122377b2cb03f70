import CPeerLoop
import Foundation
import Records
import Synchronization
import Watch

/// A fleet that streams made-up rows, its view, and a pseudo-terminal with the real driver on it.
final class ViewStage {
  struct FrameCost {
    /// Medians, CPU of this thread.
    var drawMilliseconds: Double
    var takeMilliseconds: Double
    /// Mean, sent to the terminal.
    var bytes: Double
  }

  private let hosts: [String]
  private let terminal: BenchTerminal
  private let showsProcesses: Bool
  private let owners: [ProcessOwner]
  private var state: WatchState
  private var second = 0
  private var random: UInt64 = 1

  init(hosts: Int, columns: Int, rows: Int, view: WatchView) throws {
    self.hosts = (1...hosts).map { "web\($0)" }
    showsProcesses = view == .processes
    owners = (0..<ViewStage.processes).map { number in
      ProcessOwner(
        name: "worker\(number)", user: "postgres",
        command: "/usr/lib/postgresql/15/bin/postgres: worker \(number) of the reporting database",
        unit: "postgresql@15-main.service")
    }
    terminal = try BenchTerminal(columns: columns, rows: rows)
    state = WatchState(
      hosts: self.hosts, columns: columns, rows: rows, now: ViewStage.start, view: view)
    // Unfolded: a line of figures for each host that has room is the most work.
    if view == .table { state.apply(.key(.character("f"))) }
    for _ in 0..<70 { takeSecond() }
  }

  /// Of each host.
  private static let processes = 50

  /// 2026-11-23T03:12:00Z
  private static let start = Timestamp(seconds: 1_795_403_520)

  func frames(_ count: Int) throws -> FrameCost {
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm-256color", noColour: false)
    defer { driver.close() }
    var draw: [Double] = []
    var take: [Double] = []
    driver.draw(Screen.render(state))
    terminal.settle()
    let sent = terminal.bytes
    for _ in 0..<count {
      let begin = ViewStage.cpuNanoseconds
      takeSecond()
      let middle = ViewStage.cpuNanoseconds
      driver.draw(Screen.render(state))
      let end = ViewStage.cpuNanoseconds
      take.append(Double(middle - begin) / 1e6)
      draw.append(Double(end - middle) / 1e6)
    }
    terminal.settle()
    return FrameCost(
      drawMilliseconds: median(draw), takeMilliseconds: median(take),
      bytes: Double(terminal.bytes - sent) / Double(count))
  }

  /// Milliseconds from each key to the last byte of its screen. The loop is the command's own:
  /// rows, tick, screen, and then the wait for a key; a row of every host comes each second.
  ///
  /// `script`: keys, over and over.
  func keys(_ count: Int, _ script: String) throws -> [Double] {
    var driver = try TerminalDriver(
      input: terminal.slave, output: terminal.slave, terminal: "xterm-256color", noColour: false)
    defer { driver.close() }
    driver.draw(Screen.render(state))
    let script = Array(script)
    var latencies: [Double] = []
    var nextRows = ContinuousClock.now.advanced(by: .seconds(1))
    var nextKey = ContinuousClock.now.advanced(by: .milliseconds(100))
    var typedAt: ContinuousClock.Instant?
    while latencies.count < count {
      if typedAt == nil, nextKey <= .now {
        terminal.type(String(script[latencies.count % script.count]))
        typedAt = .now
      }
      if nextRows <= .now {
        takeSecond()
        nextRows = .now.advanced(by: .seconds(1))
        if typedAt == nil { driver.draw(Screen.render(state)) }
      }
      guard let event = driver.nextEvent(timeoutMilliseconds: 10) else { continue }
      state.apply(event)
      driver.draw(Screen.render(state))
      guard let began = typedAt else { continue }
      let parts = began.duration(to: .now).components
      latencies.append(Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15)
      typedAt = nil
      // Not in step with the rows, so that keys meet them at every moment.
      nextKey = .now.advanced(by: .milliseconds(37))
    }
    return latencies
  }

  /// A row of every host, and the tick: most hosts are quiet, one in twenty is not.
  private func takeSecond() {
    second += 1
    let now = ViewStage.start.advanced(bySeconds: Double(second))
    for (index, host) in hosts.enumerated() {
      state.apply(
        .sample(
          HostSample(
            host: host, time: now, source: .vmstat, row: row(isBusy: index % 20 == 7),
            load: LoadAverage(oneMinute: 1.5, fiveMinutes: 1, fifteenMinutes: 1), cpus: 8)))
      if showsProcesses { state.apply(.activity(activity(host, now))) }
    }
    state.apply(.tick(now))
  }

  /// Fifty processes, of which every other moves bytes and one in ten is another than before.
  private func activity(_ host: String, _ now: Timestamp) -> HostActivity {
    var processes: [ProcessActivity] = []
    processes.reserveCapacity(ViewStage.processes)
    for number in 0..<ViewStage.processes {
      let pid = Int32(1000 + number + (number % 10 == 0 ? second * 100 : 0))
      var io = IOCounters()
      if number % 2 == 0 {
        (io.readBytes, io.writeBytes) = (UInt64(next(1 << 24)), UInt64(next(1 << 24)))
      }
      processes.append(
        ProcessActivity(
          id: ProcessID(pid: pid, startTicks: UInt64(pid)), owner: owners[number], io: .known(io),
          cpuNanoseconds: UInt64(next(100_000_000))))
    }
    return HostActivity(
      host: host, time: now, intervalNanoseconds: 1_000_000_000, processes: processes,
      omittedProcesses: 20)
  }

  private func row(isBusy: Bool) -> VmstatRow {
    var row = VmstatRow()
    for column in VmstatColumn.standard { row[column] = next(1000) }
    row[.r] = next(isBusy ? 30 : 4)
    row[.b] = isBusy ? next(9) : 0
    (row[.si], row[.so], row[.swpd]) = (0, 0, 0)
    row[.free] = 800_000 + next(100_000)
    row[.cache] = 5_000_000 + next(100_000)
    (row[.us], row[.sy], row[.wa], row[.st]) = (next(60), next(20), next(10), 0)
    row[.id] = next(20)
    return row
  }

  /// A number below `bound`, the same in every run.
  private func next(_ bound: Int64) -> Int64 {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int64(random >> 33) % bound
  }

  private static var cpuNanoseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// A pseudo-terminal whose other end a thread reads as fast as it can.
final class BenchTerminal: Sendable {
  private let master: Int32
  let slave: Int32
  private let count = Atomic<Int>(0)

  init(columns: Int, rows: Int) throws {
    var (unlocked, number): (Int32, Int32) = (0, 0)
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2).
    guard master >= 0, ioctl(master, 0x4004_5431, &unlocked) == 0,
      ioctl(master, 0x8004_5430, &number) == 0
    else { throw BenchError.system(call: "a pseudo-terminal", reason: errno) }
    slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard slave >= 0 else { throw BenchError.system(call: "its other end", reason: errno) }
    var size = winsize(
      ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    let thread = Thread { [self] in
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let got = read(master, &buffer, buffer.count)
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { return }
        count.add(got, ordering: .relaxed)
      }
    }
    thread.start()
  }

  var bytes: Int { count.load(ordering: .relaxed) }

  /// Waits until what was drawn has been read.
  func settle() {
    var before = -1
    while before != bytes {
      before = bytes
      usleep(20_000)
    }
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }
}
