import Records

enum TickField {
  static let time: UInt64 = 1
  static let paced: UInt64 = 2
  /// Interval minus paced, zig-zag.
  static let interval: UInt64 = 3
  static let engine: UInt64 = 4
  static let row: UInt64 = 5
  static let load: UInt64 = 6
  static let cpus: UInt64 = 7
  static let pressure: UInt64 = 8
  static let memory: UInt64 = 9
  static let attribution: UInt64 = 10
  static let processCount: UInt64 = 11
  static let ownCPU: UInt64 = 12
  static let process: UInt64 = 13
  static let waiting: UInt64 = 14
  static let disk: UInt64 = 15
  static let lock: UInt64 = 16
  static let symbol: UInt64 = 17
  static let shape: UInt64 = 18
  static let omittedProcesses: UInt64 = 19
  static let omittedIO: UInt64 = 20
  static let omittedWaiting: UInt64 = 21
  static let omittedDisks: UInt64 = 22
  static let omittedLocks: UInt64 = 23

  static let waits = WaitFields(waiting: waiting, shape: shape, symbol: symbol)
}

/// Where in a payload the rows of waiting tasks go, and what these refer to.
struct WaitFields {
  var waiting: UInt64
  var shape: UInt64
  var symbol: UInt64
}

extension PayloadWriter {
  /// Tasks that wait come before processes: where a frame is full, they are what it is full of.
  mutating func write(_ tick: HostTick, shapes: inout [Int]) {
    writeFigures(of: tick)
    let disks = write(tick.disks, TickField.disk, limit: WireLimits.disks) { disk, row in
      disk.write(to: &row)
    }
    let locks = write(tick.locks, TickField.lock, limit: WireLimits.locks) { lock, row in
      lock.write(to: &row)
    }
    let waiting = write(tick.waiting, TickField.waits, shapes: &shapes)
    let processes = write(
      tick.processes, TickField.process, limit: WireLimits.processes
    ) { process, row in process.write(to: &row) }
    writeOmissions(
      of: tick, disks: disks, locks: locks, waiting: waiting, processes: processes)
  }

  private mutating func writeFigures(of tick: HostTick) {
    fixed64(TickField.time, tick.time.nanoseconds)
    number(TickField.engine, UInt64(tick.engine.rawValue))
    if tick.pacedNanoseconds != 0 { number(TickField.paced, tick.pacedNanoseconds) }
    let late = Int64(bitPattern: tick.intervalNanoseconds &- tick.pacedNanoseconds)
    if late != 0 { signed(TickField.interval, late) }
    tick.row.write(to: &row)
    finishRowUnlessEmpty(TickField.row)
    if let load = tick.load {
      load.write(to: &row)
      finishRow(TickField.load)
    }
    number(TickField.cpus, tick.cpus.map { UInt64(bitPattern: Int64($0)) })
    tick.pressure.write(to: &row)
    finishRowUnlessEmpty(TickField.pressure)
    tick.memory.write(to: &row)
    finishRowUnlessEmpty(TickField.memory)
    tick.attribution.write(to: &row)
    finishRowUnlessEmpty(TickField.attribution)
    number(TickField.processCount, tick.processCount, unless: 0)
    if tick.ownCPUNanoseconds != 0 { number(TickField.ownCPU, tick.ownCPUNanoseconds) }
  }

  /// The elements' rows, and how many of them were put there.
  mutating func write<Element>(
    _ elements: [Element], _ field: UInt64, limit: Int, _ body: (Element, inout RowWriter) -> Void
  ) -> Int {
    for index in 0..<min(elements.count, limit) {
      body(elements[index], &row)
      guard finishRow(field) else { return index }
    }
    return min(elements.count, limit)
  }

  /// Each task after the shape it shares with others; how many tasks were put there.
  ///
  /// `shapes` is room to work in: the first task of each shape.
  mutating func write(
    _ tasks: [WaitingTask], _ fields: WaitFields, shapes: inout [Int]
  ) -> Int {
    shapes.removeAll(keepingCapacity: true)
    for index in 0..<min(tasks.count, WireLimits.waiting) {
      let task = tasks[index]
      var shape = PayloadWriter.shape(of: task, among: shapes, of: tasks)
      if shape == nil {
        guard shapes.count < WireLimits.shapes,
          WaitShape.write(of: task, to: &self, shape: fields.shape, symbol: fields.symbol)
        else { return index }
        shape = shapes.count
        shapes.append(index)
      }
      task.write(to: &row, shape: UInt64(shape ?? 0))
      guard finishRow(fields.waiting) else { return index }
    }
    return min(tasks.count, WireLimits.waiting)
  }

  /// Only the latest shapes are looked through: a host where no two tasks wait alike costs bytes,
  /// not time.
  private static func shape(
    of task: WaitingTask, among shapes: [Int], of tasks: [WaitingTask]
  ) -> Int? {
    for shape in shapes.indices.reversed().prefix(64)
    where WaitShape.joins(tasks[shapes[shape]], task) {
      return shape
    }
    return nil
  }

  private mutating func writeOmissions(
    of tick: HostTick, disks: Int, locks: Int, waiting: Int, processes: Int
  ) {
    var io = tick.omittedIO
    for process in tick.processes.dropFirst(processes) {
      io += process.io.value ?? IOCounters()
    }
    number(
      TickField.omittedProcesses, tick.omittedProcesses &+ (tick.processes.count - processes),
      unless: 0)
    row.counters(from: 0, io)
    // The room kept free is for these, whatever the rows took.
    finishRowUnlessEmpty(TickField.omittedIO, isReserved: true)
    number(
      TickField.omittedWaiting, tick.omittedWaiting &+ (tick.waiting.count - waiting), unless: 0)
    number(TickField.omittedDisks, tick.omittedDisks &+ (tick.disks.count - disks), unless: 0)
    number(TickField.omittedLocks, tick.omittedLocks &+ (tick.locks.count - locks), unless: 0)
  }
}
