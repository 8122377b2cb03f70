/// How packages are to be handled, whatever is done with them.
public struct EncapOptions: Sendable {
  /// Plan, and change nothing.
  public var isDryRun = false
  /// As epkg 2.3.9 where that is safe: link what can be linked, its order of versions, prerequisites
  /// by presence, and any folder that becomes empty goes.
  public var isCompat = false
  /// Also packages that were built for another machine.
  public var takesAnyPlatform = false
  /// How long to wait for whoever else changes packages there.
  public var patienceMilliseconds = 10_000
  /// How long a script may run.
  public var scriptLimitMilliseconds = 120_000

  public init() {}
}

/// What was done with a package, or would be.
public struct EncapOutcome: Sendable {
  public enum Status: String, Sendable {
    /// All is as it was asked for.
    case success
    /// It was so already.
    case noop
    /// Some links couldn't be made; only where that was asked for.
    case partial
    /// Nothing was changed; or a script after the change failed, and says so.
    case failed
    /// A dry run.
    case planned
  }

  public let verb: String
  /// What is linked now; `nil` where packages only went.
  public let package: EncapPackageName?
  /// What was linked before, or went.
  public let previous: [EncapPackageName]
  public var status: Status
  public var steps: [EncapStep] = []
  public var conflicts: [EncapConflict] = []
  public var unchanged = 0
  public var notes: [String] = []
  public var scripts: [ScriptResult] = []
  /// Folders of packages that were removed with all that was in them.
  public var purged: [EncapPackageName] = []

  /// What changes about folders that were made for packages.
  let folders: FolderChanges

  init(
    verb: String, package: EncapPackageName?, previous: [EncapPackageName], status: Status,
    plan: EncapPlan = EncapPlan()
  ) {
    self.verb = verb
    self.package = package
    self.previous = previous
    self.status = status
    steps = plan.steps
    conflicts = plan.conflicts
    unchanged = plan.unchanged
    notes = plan.notes
    folders = plan.folders
  }
}
