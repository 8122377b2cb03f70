import Records

/// What arrived since the last batch, from the whole fleet: stored in one transaction.
public struct HistoryBatch: Sendable {
  /// In the order they arrived; it decides which of two rows of one moment keeps its time.
  public var samples: [HostSample]
  /// Episodes that began, grew or ended.
  public var episodes: [Episode]
  /// Hosts whose connection changed.
  public var statuses: [HostStatus]
  /// Tasks that were seen to wait.
  public var suspects: [SuspectReport]
  /// Frames of agents: each is stored once, by its number.
  public var deliveries: [FrameDelivery] = []
  /// Frames that are gone.
  public var losses: [FrameLoss] = []
  /// Streams that a host's spool holds now, by host.
  public var listed: [String: [StreamID]] = [:]
  public var traces: [TraceRecord] = []

  public init(
    samples: [HostSample] = [], episodes: [Episode] = [], statuses: [HostStatus] = [],
    suspects: [SuspectReport] = []
  ) {
    self.samples = samples
    self.episodes = episodes
    self.statuses = statuses
    self.suspects = suspects
  }

  public var isEmpty: Bool {
    samples.isEmpty && episodes.isEmpty && statuses.isEmpty && suspects.isEmpty
      && deliveries.isEmpty && losses.isEmpty && listed.isEmpty && traces.isEmpty
  }
}

/// What became of a batch.
public struct RecordResult: Equatable, Sendable {
  /// Rows that are in the history now and weren't before.
  public var stored = 0
  /// Rows that were there already, delivered again.
  public var duplicates = 0
  /// Of `stored`: rows whose moment was taken by another row of the host (its clock went back),
  /// kept at the next free nanosecond.
  public var shifted = 0
  /// Rows for whose moment more than `TickTable.shiftLimit` others are kept: not stored.
  public var refused = 0
  /// Frames that were settled by this batch, and those that had been before.
  public var frames = 0
  public var repeatedFrames = 0
  /// Hosts whose frames go beyond what is kept of a host: their numbers jump about.
  public var refusedHosts: Set<String> = []
  /// What is settled now of the streams that changed.
  public var ledgers: [StreamLedger] = []
  /// The ids of the batch's episodes, in its order.
  public var episodeIDs: [Int64] = []
  /// The numbers of the batch's traces, in its order.
  public var traceNumbers: [Int64] = []

  public init() {}
}

/// A host as the history knows it.
public struct HostRecord: Equatable, Sendable {
  /// As it was recorded last. A host of which only a saved log was imported is `stopped`.
  public var status: HostStatus
  /// Rows in the history.
  public var rows: Int64
  /// The host's time of the row that it sent last; stays when retention deletes that row.
  /// It goes back when the host's clock does. Imported rows only move it forward.
  public var lastRow: Timestamp?

  public init(status: HostStatus, rows: Int64, lastRow: Timestamp?) {
    self.status = status
    self.rows = rows
    self.lastRow = lastRow
  }
}
