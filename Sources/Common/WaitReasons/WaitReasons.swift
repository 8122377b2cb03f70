import Records

/// Why a task waits, as far as its stack, its wait channel and its system call show it.
///
/// The innermost frame that waits or takes a lock decides. Frames of the scheduler, and of locks
/// in general, are looked through to the one outside them, which says what is waited for.
///
/// - Parameters:
///   - stack: Kernel functions, the innermost first (proc_pid_stack(5)); offsets and compilers'
///     suffixes may stand.
///   - waitChannel: The function it sleeps in (proc_pid_wchan(5)); asked where the stack says
///     nothing. `0` means that the kernel doesn't say.
///   - systemCall: Its name; asked last.
public func reason(
  stack: [String], waitChannel: String? = nil, systemCall: String? = nil
) -> WaitReason {
  let table = WaitIndex.shared
  if let found = table.entry(stack: stack) { return table.reasons[found] }
  if let waitChannel, let found = table.entry(stack: [waitChannel]) { return table.reasons[found] }
  if let systemCall, let name = WaitTable.systemCalls[systemCall], let found = table.byName[name] {
    return table.reasons[found]
  }
  return .unknown
}

/// What the table says of a reason; `nil` for a name that isn't in its vocabulary.
public func entry(named name: String) -> WaitEntry? {
  WaitIndex.shared.byName[name].map { WaitTable.entries[$0] }
}

/// `reason`, made exact where it is that of a page of a file (`page read`, `page writeback`) and
/// the type of the file system, as /proc/self/mounts names it, is known: most stacks don't show it.
public func reason(_ reason: WaitReason, ofFileSystem type: String) -> WaitReason {
  let isRead = reason.name == "page read"
  guard isRead || reason.name == "page writeback",
    let carrier = PageCarrier.all.first(where: { $0.carries(type) }),
    let entry = entry(named: isRead ? carrier.read : carrier.writeback)
  else { return reason }
  return WaitReason(name: entry.name, kind: entry.kind)
}

/// Every reason there is.
public var vocabulary: [WaitEntry] { WaitTable.entries }

/// The table, by function.
struct WaitIndex: Sendable {
  /// What a function shows. Numbers are places in the table.
  struct Use: Sendable {
    var primitive: WaitPrimitive?
    var waits: Int?
    var first: Int?
    var locks: Int?
    var perCPULocks: Int?
    var pages: Int?
  }

  static let shared = WaitIndex()

  /// Functions that the table doesn't know and that may lie between a wait and the scheduler:
  /// helpers that a compiler, or a newer kernel, put there.
  static let unknownFramesPassed = 3

  private(set) var uses: [String: Use] = [:]
  private(set) var byName: [String: Int] = [:]
  /// The same order as the table's.
  private(set) var reasons: [WaitReason] = []

  private init() {
    for primitive in WaitPrimitive.allCases {
      add(primitive.functions) { $0.primitive = primitive }
    }
    for (place, entry) in WaitTable.entries.enumerated() {
      byName[entry.name] = place
      reasons.append(WaitReason(name: entry.name, kind: entry.kind))
      add(entry.waits) { $0.waits = place }
      add(entry.first) { $0.first = place }
      add(entry.locks) { $0.locks = place }
      add(entry.perCPULocks) { $0.perCPULocks = place }
      add(entry.pages) { $0.pages = place }
    }
  }

  private mutating func add(_ functions: String, _ change: (inout Use) -> Void) {
    for name in functions.split(whereSeparator: \.isWhitespace) {
      change(&uses[String(name), default: Use()])
    }
  }

  /// The place in the table of what `stack` waits for.
  func entry(stack: [String]) -> Int? {
    var frames = stack[...]
    dropStaleFrames(&frames)
    var primitive: WaitPrimitive?
    var unknown = 0
    while let frame = frames.popFirst() {
      let use = uses[KernelSymbol.plain(frame)]
      if let next = use?.primitive {
        // A lock's or a page's frame says more than the scheduler's around it.
        if next != .scheduler || primitive == nil { primitive = next }
        continue
      }
      if let found = found(use, primitive, isFirst: unknown == 0) {
        return carried(found, by: frames, after: primitive)
      }
      if primitive?.endsAtFirstCaller ?? false { break }
      unknown += 1
      if unknown > WaitIndex.unknownFramesPassed { break }
    }
    guard let name = primitive?.fallback, let place = byName[name] else { return nil }
    return carried(place, by: frames, after: primitive)
  }

  /// Old unwinders leave frames in front of the scheduler's that no longer hold.
  private func dropStaleFrames(_ frames: inout ArraySlice<String>) {
    guard let place = frames.prefix(12).lastIndex(where: { $0.hasPrefixOfScheduler }) else {
      return
    }
    frames = frames[place...]
  }

  private func found(_ use: Use?, _ primitive: WaitPrimitive?, isFirst: Bool) -> Int? {
    guard let use else { return nil }
    switch primitive {
    case .lock: return use.locks
    case .perCPULock: return use.perCPULocks
    case .pageLock:
      // A page that is read from swap is locked by who reads it: mostly the task itself.
      return use.pages == byName["swap-in"] ? use.pages : nil
    case .pageBit: return use.pages ?? use.waits
    case .pageWriteback, .scheduler, .workItem, .blockThrottle:
      return use.waits ?? (isFirst ? use.first : nil)
    case nil:
      // `/proc/PID/stack` leaves out the frames of locks and of the scheduler (`__sched`), so who
      // waits for a lock shows as its taker alone.
      return use.waits ?? (isFirst ? use.first ?? use.locks : nil)
    }
  }

  /// A page's reason, made exact by the innermost of the frames further out that shows which file
  /// system carries the page.
  private func carried(
    _ place: Int, by frames: ArraySlice<String>, after primitive: WaitPrimitive?
  ) -> Int {
    let isRead = place == byName["page read"]
    guard isRead || place == byName["page writeback"] else { return place }
    for frame in frames {
      for carrier in PageCarrier.all where carrier.prefixes.contains(where: frame.hasPrefix) {
        return byName[isRead ? carrier.read : carrier.writeback] ?? place
      }
    }
    return place
  }
}

extension WaitPrimitive {
  /// Whether only the function that called it can say what for: a lock's caller takes that lock,
  /// and what called the caller has nothing to do with it.
  fileprivate var endsAtFirstCaller: Bool {
    switch self {
    case .lock, .pageLock, .pageWriteback: true
    case .scheduler, .workItem, .perCPULock, .pageBit, .blockThrottle: false
    }
  }
}

extension String {
  /// `schedule` or `__schedule`, perhaps with an offset.
  fileprivate var hasPrefixOfScheduler: Bool {
    let plain = KernelSymbol.plain(self)
    return plain == "schedule" || plain == "__schedule"
  }
}
