import Glibc

extension EncapPrefix {
  /// The plan of a change that broke off.
  func pendingJournal() throws(EncapError) -> EncapJournal? {
    guard let text = try source.readNote(EncapJournal.noteName) else { return nil }
    guard let journal = EncapJournal(text) else {
      throw .badFile(
        path: journalPath, line: nil,
        why:
          "a plan that broke off, and is damaged: see what is linked (encap check), and remove it")
    }
    return journal
  }

  var journalPath: String {
    source.folder.shown(SourceFolder.notesName + [UInt8(ascii: "/")] + EncapJournal.noteName)
  }

  /// Finishes a change that broke off, or takes it back where it can't be finished; says which.
  func recover() throws(EncapError) -> String? {
    guard let journal = try pendingJournal() else { return nil }
    let target: Folder
    do throws(EncapError) {
      target = try Folder(journal.target)
    } catch {
      throw .unfinished(journal: journalPath, why: "\(error)")
    }
    let runner = StepRunner(target, id: journal.id)
    let signals = HeldSignals()
    defer { signals.release() }
    do throws(EncapError) {
      try runner.take(journal.steps.enumerated())
      try runner.sync()
    } catch {
      try takeBack(journal, target, after: error)
      return "an interrupted \(journal.title) was undone: \(error)"
    }
    var outcome = EncapOutcome(
      verb: journal.verb, package: journal.package, previous: journal.previous, status: .success)
    try end(journal, &outcome)
    return "an interrupted \(journal.title) was finished"
      + outcome.notes.map { "; \($0)" }.joined()
  }

  /// Removes what a broken-off unpacking, or the removal of a package's folder, left. What can't be
  /// removed is told, and is in nobody's way.
  func sweep() throws(EncapError) {
    guard let notes = source.notes else { return }
    for name in try notes.items() {
      if name.starts(with: Unpacking.folderPrefix) {
        guard try !Unpacking.isAtWork(notes, name) else { continue }
      } else if !name.starts(with: EncapPrefix.trashPrefix) {
        continue
      }
      do throws(EncapError) {
        try notes.removeAll(name)
      } catch {
        recovered.append("what an earlier removal left can't be removed: \(error)")
      }
    }
  }

  static let trashPrefix = Array("trash-".utf8)
}
