import Bytes
import History
import Records
import Wire

/// Fetches from one agent's spool what the history lacks: piece by piece, the next one when the one
/// before is stored. Confined to the host's event-loop thread.
struct HostBackFill {
  /// What is to be done after a step.
  struct Outcome {
    var output: [UInt8] = []
    var losses: [FrameLoss] = []
    /// What the spool holds, where it said so.
    var listed: [StreamID]?
    /// The spool's state, where it is news; `.some(nil)` where there is no spool.
    var spool: SpoolStatus??
    /// All that was missing has come.
    var isFilled = false
    var trouble: String?
  }

  private struct Piece {
    var span: FrameSpan
    var number: UInt64
    /// What has come of it.
    var received = SequenceSet()
    var byteCount = 0
    /// How far the agent says it got, and when it said so.
    var through: UInt64?
    var changed = ContinuousClock.now

    func holds(_ delivery: FrameDelivery) -> Bool {
      delivery.stream == span.stream && delivery.sequence >= span.first
        && delivery.sequence <= span.last
    }

    /// An agent ends a piece with the frame that goes beyond what was asked for.
    var isTooLong: Bool {
      byteCount > Int(span.byteLimit) + WireLimits.payloadBytes + 64 << 10
        || received.runs.count > HostBackFill.runsLimit
    }
  }

  /// Bytes asked for at once.
  static let pieceBytes: UInt32 = 256 << 10
  /// Seconds until the spool is looked at again while nothing is missing.
  private static let usualSeconds = 300.0
  /// How long what came may take to be stored before it is asked for again, seconds: it was dropped
  /// on the way.
  private static let storeSeconds = 30.0
  /// Runs of numbers in a piece: it comes in order, with holes where frames are damaged.
  private static let runsLimit = 4096
  /// Pieces that came too late, or may come still.
  private static let lapsedLimit = 4
  /// How long a host keeps its place while others wait.
  private static let placeSeconds = 60.0
  /// Live frames this old are stored, or were dropped.
  private static let settlingSeconds = 15.0
  /// Answers without a frame before the agent isn't asked any more.
  private static let stallLimit = 3

  private let host: String
  private let shared: BackFill
  private var number = AgentRequests.streamNumber
  private var inventory: SpoolInventory?
  private var inventoryNumber: UInt64?
  private var asked = ContinuousClock.now
  private var notBefore: ContinuousClock.Instant
  private var plan: SpoolPlan?
  private var piece: Piece?
  /// What was asked for and given up, for its frames may come all the same.
  private var lapsed: [Piece] = []
  private var stalls = 0
  /// Until then the agent isn't asked.
  private var suspendedUntil: ContinuousClock.Instant?
  /// What comes of old pieces isn't wanted.
  private var isDropping = false
  private var isFlooded = false
  private var isWaiting = false
  private var placeSince: ContinuousClock.Instant?
  private var current: StreamID?
  /// The agent answers requests: an older one doesn't read them.
  private var isAnswering = false
  /// Nothing had been stored of the host when it connected.
  private var isNew: Bool
  /// The highest live number, and that of a while ago.
  private var highest: UInt64 = 0
  private var through: UInt64 = 0
  private var marked: (at: ContinuousClock.Instant, highest: UInt64)?
  private var hasFetched = false
  private var told: SpoolStatus??
  /// The agent of this connection has no spool.
  private(set) var keepsNothing = false

  init(host: String, shared: BackFill) {
    self.host = host
    self.shared = shared
    notBefore = .now + .seconds(shared.firstDelay())
    isNew = shared.streams(of: host).isEmpty
  }

  /// A new connection: whatever was asked for comes no more.
  mutating func reset() {
    shared.end(host)
    let wasDelayed = notBefore
    self = HostBackFill(host: host, shared: shared)
    notBefore = wasDelayed
  }

  /// The connection ended.
  mutating func stop() {
    leavePlace()
    (piece, plan, inventoryNumber, current) = (nil, nil, nil, nil)
    lapsed = []
  }

  /// What an earlier collector was told of its spool.
  var spoolBefore: SpoolStatus? { shared.spool(of: host) }

  /// What was told of the spool holds no longer, so that the next word of it is news.
  mutating func forgetTold() { told = nil }

  /// What is fetched now, and what may come still of what was, so that it can be told from live
  /// frames.
  var fetching: [FrameSpan] { (piece.map { [$0.span] } ?? []) + lapsed.map(\.span) }

  mutating func noteAnswer() { isAnswering = true }

  // MARK: - What comes

  /// Whether the frame, of so many bytes, is wanted.
  mutating func note(
    _ delivery: FrameDelivery, byteCount: Int, current stream: StreamID?
  ) -> Bool {
    guard delivery.isLive else { return noteFetched(delivery, byteCount) }
    noteLive(delivery, stream)
    return true
  }

  private mutating func noteFetched(_ delivery: FrameDelivery, _ byteCount: Int) -> Bool {
    if var piece, piece.holds(delivery) {
      self.piece = nil
      defer { self.piece = piece }
      piece.byteCount += byteCount
      piece.changed = .now
      piece.received.insert(delivery.sequence)
      if let loss = delivery.loss, loss.last <= piece.span.last {
        piece.received.insert(max(loss.first, piece.span.first)...max(loss.last, piece.span.first))
      }
      isFlooded = isFlooded || piece.isTooLong
    } else if let place = lapsed.firstIndex(where: { $0.holds(delivery) }) {
      lapsed[place].byteCount += byteCount
      isFlooded = isFlooded || lapsed[place].isTooLong
    }
    return !isFlooded && !isDropping
  }

  private mutating func noteLive(_ delivery: FrameDelivery, _ stream: StreamID?) {
    guard let stream, delivery.stream == stream, !delivery.isRepeatable else { return }
    if current != stream {
      current = stream
      // What lies before the first live frame won't come by itself.
      through = max(1, delivery.sequence) - 1
      if let loss = delivery.loss { through = max(1, loss.first) - 1 }
      (highest, marked) = (delivery.sequence, (.now, delivery.sequence))
    }
    highest = max(highest, delivery.sequence)
    guard let marked, marked.at.duration(to: .now) > .seconds(Self.settlingSeconds) else { return }
    through = max(through, marked.highest)
    self.marked = (.now, highest)
  }

  /// Whether the answer was to one of ours.
  mutating func take(_ answer: Answer, number: UInt64) -> Outcome {
    var outcome = Outcome()
    if number == inventoryNumber {
      inventoryNumber = nil
      if case .inventory(let new) = answer { take(new, &outcome) } else { pause() }
    } else if number == piece?.number {
      switch answer {
      case .fetched(let fetched) where fetched.stream == piece?.span.stream:
        take(fetched, &outcome)
      case .refused(let why):
        piece = nil
        suspend("it doesn't send what it has kept: \(Printable.text(why, limit: 200))", &outcome)
      default:
        piece = nil
        suspend("its answers make no sense", &outcome)
      }
    } else {
      lapsed.removeAll { $0.number == number }
    }
    return outcome
  }

  private mutating func take(_ new: SpoolInventory, _ outcome: inout Outcome) {
    inventory = new
    makePlan()
    // What is gone is told once: what is stored of that is known by the next time.
    outcome.losses += plan?.losses ?? []
    outcome.listed = new.held.map(\.stream)
    tell(&outcome)
  }

  private mutating func makePlan() {
    guard let inventory, let current else { return }
    plan = SpoolPlan(
      host: host, inventory: inventory, settled: shared.streams(of: host), current: current,
      currentThrough: through, isNew: isNew, forgotten: shared.forgotten(of: host))
  }

  private mutating func take(_ fetched: Fetched, _ outcome: inout Outcome) {
    guard let span = piece?.span else { return }
    let through = min(fetched.through, span.last)
    guard through >= span.first else {
      piece = nil
      // It is gone since the inventory was made: what is there now is to be asked for.
      inventory = nil
      stalls += 1
      if stalls >= Self.stallLimit {
        suspend("its spool lists frames that it doesn't send", &outcome)
      }
      return
    }
    stalls = 0
    piece?.through = through
    piece?.changed = .now
    // Settled, says the agent, and neither sent nor told to be gone: damaged.
    let holes = piece?.received.missing(in: span.first...through) ?? []
    for hole in holes.prefix(SpoolPlan.limit) {
      for run in shared.missing(host, span.stream, in: hole) {
        outcome.losses.append(
          FrameLoss(
            host: host, stream: span.stream, first: run.lowerBound, last: run.upperBound,
            reason: .damaged))
      }
    }
  }

  private mutating func suspend(_ why: String, _ outcome: inout Outcome) {
    pause()
    outcome.trouble = why
  }

  /// Leaves the agent alone for a while; then it is asked for all anew.
  private mutating func pause() {
    suspendedUntil = .now + .seconds(shared.patience.pause)
    if let piece { lapsed = lapsed.suffix(Self.lapsedLimit - 1) + [piece] }
    (piece, plan, inventory, inventoryNumber) = (nil, nil, nil, nil)
    stalls = 0
    leavePlace()
  }

  private var isSuspended: Bool { suspendedUntil.map { $0 > .now } ?? false }

  private mutating func leavePlace() {
    shared.end(host)
    placeSince = nil
    isWaiting = false
  }

  // MARK: - What is asked

  /// Looks what there is to do; called with each piece of the stream, and when something was stored.
  mutating func step() -> Outcome {
    var outcome = Outcome()
    let isRefused = shared.takeRefusal(of: host)
    if isFlooded || isRefused, !isDropping || !isSuspended {
      isDropping = true
      suspend(
        isRefused
          ? "the numbers of its frames jump about: they are not stored"
          : "it sends more of what it has kept than was asked for", &outcome)
    }
    isFlooded = false
    guard isAnswering, !isSuspended, current != nil else { return outcome }
    settlePiece(&outcome)
    if hasLiveHole { tell(&outcome) }
    guard piece == nil, inventoryNumber == nil else { return outcome }
    guard !isInventoryDue else {
      // Its answer may take long: others needn't wait for it.
      if isWaiting { leavePlace() }
      number += 1
      inventoryNumber = number
      asked = .now
      outcome.output += AgentRequests.bytes(.inventory, number: number)
      return outcome
    }
    fetchNext(&outcome)
    return outcome
  }

  private var isInventoryDue: Bool {
    guard inventory != nil else { return true }
    let seconds =
      plan.map { $0.missing.isEmpty } ?? true ? Self.usualSeconds : shared.patience.missing
    let hasHole = plan?.missing.isEmpty ?? true && hasLiveHole
    return asked.duration(to: .now) > .seconds(hasHole ? shared.patience.missing : seconds)
  }

  /// Frames that we were too slow for.
  private var hasLiveHole: Bool {
    guard let current, through > 0 else { return false }
    return !shared.missing(host, current, in: 1...through).isEmpty
  }

  /// A piece is done when all of it is stored.
  private mutating func settlePiece(_ outcome: inout Outcome) {
    guard let piece else {
      if inventoryNumber != nil, asked.duration(to: .now) > .seconds(shared.patience.answer) {
        suspend("it doesn't answer", &outcome)
      }
      return
    }
    let idle = piece.changed.duration(to: .now)
    guard let through = piece.through else {
      if idle > .seconds(shared.patience.answer) {
        suspend("it doesn't send what it has kept", &outcome)
      }
      return
    }
    let isStored = shared.missing(host, piece.span.stream, in: piece.span.first...through).isEmpty
    guard isStored || idle > .seconds(Self.storeSeconds) else { return }
    self.piece = nil
    hasFetched = true
    makePlan()
    tell(&outcome)
  }

  private mutating func fetchNext(_ outcome: inout Outcome) {
    guard let next = plan?.missing.first else {
      // A host that waits for a place it needs no more would keep all others from theirs.
      if placeSince != nil || isWaiting { leavePlace() }
      outcome.isFilled = hasFetched
      hasFetched = false
      return
    }
    guard notBefore <= .now else { return }
    if let placeSince, placeSince.duration(to: .now) > .seconds(Self.placeSeconds),
      shared.hasWaiting
    {
      leavePlace()
    }
    isWaiting = !shared.begin(host)
    guard !isWaiting else { return }
    if placeSince == nil { placeSince = .now }
    number += 1
    let span = FrameSpan(
      stream: next.stream, first: next.numbers.lowerBound, last: next.numbers.upperBound,
      byteLimit: Self.pieceBytes)
    piece = Piece(span: span, number: number)
    isDropping = false
    outcome.output += AgentRequests.bytes(.fetch(span), number: number)
  }

  /// Frames of the stream of now that we were too slow for, and that the inventory doesn't list yet.
  private func holesBesides(_ plan: SpoolPlan) -> UInt64 {
    guard let current, through > 0 else { return 0 }
    let planned = SequenceSet(plan.missing.filter { $0.stream == current }.map(\.numbers))
    return shared.missing(host, current, in: 1...through).reduce(0) { sum, hole in
      planned.missing(in: hole).reduce(sum) { $0.addingSaturated(SequenceSet.count($1)) }
    }
  }

  private mutating func tell(_ outcome: inout Outcome) {
    guard let inventory, let plan else { return }
    var status: SpoolStatus?
    if inventory.limitBytes > 0 || !inventory.held.isEmpty {
      status = SpoolStatus(
        hours: inventory.spanSeconds.map { Double(min($0, 1 << 40)) / 3600 },
        framesToCome: plan.framesToCome.addingSaturated(holesBesides(plan)),
        problem: inventory.problem.map { Printable.text($0, limit: 200) })
    }
    keepsNothing = status == nil
    guard told != .some(status) else { return }
    told = .some(status)
    outcome.spool = .some(status)
  }
}
