import Bytes
import Glibc

extension EncapPrefix {
  /// A plan, and what belongs to it.
  struct Change {
    let verb: String
    let package: EncapPackageName?
    let previous: [EncapPackageName]
    let plan: EncapPlan
    /// Before the first step; one that fails ends it.
    var before: [ScriptCall] = []
    /// After the last.
    var after: [ScriptCall] = []
  }

  /// Does what was planned: wholly, or not at all.
  func carryOut(_ change: Change) throws(EncapError) -> EncapOutcome {
    let status: EncapOutcome.Status = change.plan.conflicts.isEmpty ? .success : .partial
    var outcome = EncapOutcome(
      verb: change.verb, package: change.package, previous: change.previous, status: status,
      plan: change.plan)
    try checkWritable(change.plan)
    let scripts = ScriptRunner(places: places, limitMilliseconds: options.scriptLimitMilliseconds)
    for call in change.before {
      let result = scripts.run(call)
      outcome.scripts.append(result)
      if let trouble = result.trouble {
        outcome.status = .failed
        outcome.steps = []
        outcome.notes.append(
          "\(result.script) of \(result.package) \(trouble); nothing was changed")
        return outcome
      }
    }
    let journal = EncapJournal(
      id: EncapPrefix.randomID(), target: places.targetPath, verb: change.verb,
      package: change.package, previous: change.previous, scripts: change.after,
      folders: change.plan.folders, steps: change.plan.steps)
    try take(journal)
    try end(journal, &outcome)
    return outcome
  }

  static func randomID() -> String {
    String(UInt64.random(in: .min ... .max), radix: 16)
  }

  /// Nothing is begun, no script is run, where the first step would fail.
  private func checkWritable(_ plan: EncapPlan) throws(EncapError) {
    var made: Set<EncapPath> = []
    var looked: Set<EncapPath> = []
    for step in plan.steps {
      if case .makeFolder(let path) = step { made.insert(path) }
      let parent = step.path.parent
      guard !made.contains(parent), looked.insert(parent).inserted else { continue }
      let folder = try places.target.folder(at: parent)
      guard folder.isWritable else { throw .failed("write in", folder.path) }
    }
  }

  /// Who has which folder: what begins is noted before the scripts, what ends after them.
  func noteUses(of journal: EncapJournal, ended: Bool) throws(EncapError) {
    let text = try source.readNote(FolderUses.noteName)
    var uses = FolderUses(text, target: journal.target)
    uses.begin(journal.folders.begun)
    if ended { uses.end(journal.folders.ended) }
    guard Array(uses.text.utf8) != text ?? [] else { return }
    try source.note(FolderUses.noteName, uses.text)
  }

  /// A package that needs no step may still have folders that others made.
  func noteUses(_ changes: FolderChanges) throws(EncapError) {
    var journal = EncapJournal(id: "", target: places.targetPath, verb: "", package: nil)
    journal.folders = changes
    try noteUses(of: journal, ended: true)
  }

  /// All steps; where one fails, none. Ctrl-C and the like wait meanwhile.
  private func take(_ journal: EncapJournal) throws(EncapError) {
    let signals = HeldSignals()
    defer { signals.release() }
    do throws(EncapError) {
      try source.note(EncapJournal.noteName, journal.text)
    } catch {
      // Nothing was begun: nobody is to finish it.
      try? source.removeNote(EncapJournal.noteName)
      throw error
    }
    let runner = StepRunner(places.target, id: journal.id)
    do throws(EncapError) {
      try noteLinked(journal.package, without: [], in: journal.target)
      try runner.take(journal.steps.enumerated())
      try runner.sync()
      try noteUses(of: journal, ended: false)
    } catch {
      try takeBack(journal, places.target, after: error)
      throw error
    }
  }

  /// Takes all steps back and forgets the plan. Where that fails, too, the plan stays for the next
  /// run.
  func takeBack(
    _ journal: EncapJournal, _ target: Folder, after cause: EncapError
  ) throws(EncapError) {
    let runner = StepRunner(target, id: journal.id)
    do throws(EncapError) {
      for (number, step) in journal.steps.enumerated().reversed() {
        try runner.takeBack(step, number)
      }
      try runner.sync()
      try forget(journal)
    } catch {
      throw .unfinished(journal: journalPath, why: "\(cause); \(error)")
    }
  }

  /// As if it had never been planned. The plan goes first: on a full disk that makes room for the note.
  private func forget(_ journal: EncapJournal) throws(EncapError) {
    try source.removeNote(EncapJournal.noteName)
    if let package = journal.package, !journal.previous.contains(package) {
      try? noteLinked(nil, without: [package], in: journal.target)
    }
    let text = try source.readNote(FolderUses.noteName)
    var uses = FolderUses(text, target: journal.target)
    uses.end(journal.folders.begun)
    // What is noted too much keeps a folder alive, no more.
    if Array(uses.text.utf8) != text ?? [] { try? source.note(FolderUses.noteName, uses.text) }
  }

  /// What comes after the last step: scripts, the log, and the plan goes.
  func end(_ journal: EncapJournal, _ outcome: inout EncapOutcome) throws(EncapError) {
    let places = try OpenPlaces(places, target: journal.target)
    let scripts = ScriptRunner(places: places, limitMilliseconds: options.scriptLimitMilliseconds)
    for call in journal.scripts {
      let result = scripts.run(call)
      outcome.scripts.append(result)
      guard let trouble = result.trouble else { continue }
      outcome.status = .failed
      outcome.notes.append(
        "\(result.script) of \(result.package) \(trouble); the links are changed and stay so")
    }
    do throws(EncapError) {
      try noteUses(of: journal, ended: true)
      try noteLinked(journal.package, without: journal.previous, in: journal.target)
      try log(journal, outcome.status)
    } catch {
      // The links are what was asked for; a full disk must not leave the plan to be done again.
      outcome.notes.append("it isn't noted: \(error)")
    }
    do throws(EncapError) {
      try source.removeNote(EncapJournal.noteName)
    } catch {
      outcome.notes.append("the next change will go over this one again: \(error)")
    }
  }
}

/// Ctrl-C, and the end of an SSH session, wait until a plan is carried out: it takes a moment.
struct HeldSignals {
  private var before = sigset_t()

  init() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, &before)
  }

  /// One of them waits to be delivered.
  var isPending: Bool {
    var signals = sigset_t()
    sigpending(&signals)
    return [SIGINT, SIGTERM, SIGHUP, SIGQUIT].contains { sigismember(&signals, $0) == 1 }
  }

  func release() {
    var before = before
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }
}
