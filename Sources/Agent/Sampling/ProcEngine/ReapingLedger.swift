import Records

/// Who will be handed whose bytes: when a child is waited for, all that it ever moved is added to
/// its parent's counters (`wait_task_zombie` in kernel/exit.c). What was charged to the child
/// already must not be charged again.
///
/// A parent that ends without waiting leaves its children to a subreaper or to init; one that
/// ignores SIGCHLD is handed nothing at all. So a debt whose reaper isn't known is taken from what
/// init or a subreaper is handed that nothing else explains, and every debt is forgotten in the end.
final class ReapingLedger {
  private struct Debt {
    var bytes = IOCounters()
    /// Ticks since it was last added to.
    var age = 0
    /// Part of it came from a reaper that ended, and may show elsewhere.
    var isInherited = false
  }

  /// A child is noticed to be gone one tick after its bytes were handed over, at the latest.
  private static let expectedTicks = 3
  /// Ticks after which nobody waits for an orphan's bytes any more.
  private static let orphanTicks = 10

  private var debts: [Int32: Debt] = [:]
  private var orphaned = Debt()

  /// `reaper` will be handed `bytes` that are charged already; `nil` where it isn't known who will.
  func add(_ bytes: IOCounters, to reaper: Int32?, isInherited: Bool = false) {
    guard !bytes.isZero else { return }
    guard let reaper else {
      orphaned.bytes += bytes
      orphaned.age = 0
      return
    }
    debts[reaper, default: Debt()].bytes += bytes
    debts[reaper]?.age = 0
    if isInherited { debts[reaper]?.isInherited = true }
  }

  /// Takes `bytes` out again, as far as they are there.
  func remove(_ bytes: IOCounters, from reaper: Int32) { _ = take(bytes, from: reaper) }

  /// Takes from `reaper`'s debts as much as is in `handed`, and returns it.
  ///
  /// - Parameter adoptsOrphans: it is init, or a subreaper: what nobody else was handed may be his.
  func settle(_ handed: IOCounters, of reaper: Int32, adoptsOrphans: Bool) -> IOCounters {
    guard !handed.isZero else { return handed }
    let taken = take(handed, from: reaper)
    guard adoptsOrphans else { return taken }
    let more = (handed - taken).least(orphaned.bytes)
    orphaned.bytes = orphaned.bytes - more
    return taken + more
  }

  /// All that `reaper` was still to be handed: it ended, and somebody else is.
  func leave(_ reaper: Int32) -> IOCounters {
    guard !debts.isEmpty else { return IOCounters() }
    return debts.removeValue(forKey: reaper)?.bytes ?? IOCounters()
  }

  /// A tick has gone by.
  func age() {
    orphaned.age += 1
    if orphaned.age > ReapingLedger.orphanTicks { orphaned = Debt() }
    guard !debts.isEmpty else { return }
    for (reaper, debt) in debts {
      debts[reaper]?.age += 1
      guard debt.age > ReapingLedger.expectedTicks else { continue }
      debts[reaper] = nil
      if debt.isInherited { add(debt.bytes, to: nil) }
    }
  }

  private func take(_ bytes: IOCounters, from reaper: Int32) -> IOCounters {
    guard let debt = debts[reaper] else { return IOCounters() }
    let taken = bytes.least(debt.bytes)
    let rest = debt.bytes - taken
    debts[reaper]?.bytes = rest
    if rest.isZero { debts[reaper] = nil }
    return taken
  }
}

extension IOCounters {
  /// Field by field the smaller of both.
  func least(_ other: IOCounters) -> IOCounters { self - (self - other) }

  /// Field by field the larger of both.
  func most(_ other: IOCounters) -> IOCounters { self + (other - self) }

  /// Whether no field is smaller than the other's.
  func covers(_ other: IOCounters) -> Bool { (other - self).isZero }
}
