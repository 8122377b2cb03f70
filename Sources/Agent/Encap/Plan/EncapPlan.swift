/// What is to be done, and what is in the way.
struct EncapPlan: Equatable {
  /// In the order they are taken: what is new first, what goes last.
  var steps: [EncapStep] = []
  var conflicts: [EncapConflict] = []
  /// Links that are right already.
  var unchanged = 0
  /// For people.
  var notes: [String] = []
  /// Who has which folder from now on.
  var folders = FolderChanges()

  var isDone: Bool { steps.isEmpty && conflicts.isEmpty }
}

/// Changes of what is known about folders in the target that were made for packages.
struct FolderChanges: Equatable {
  struct Use: Hashable {
    let path: EncapPath
    let package: EncapPackageName
  }

  var begun: [Use] = []
  var ended: [Use] = []
}
