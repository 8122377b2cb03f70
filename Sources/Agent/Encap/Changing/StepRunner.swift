import Glibc

/// Takes the steps of a plan, or takes them back. Each looks first at what is there: a step that was
/// taken before a power cut is seen to be done, and what somebody else put in its place stays.
final class StepRunner {
  private let target: Folder
  /// Of the plan: names that are only there for a moment bear it.
  private let id: String
  /// The folder of the last step; most steps have the same as the one before.
  private var last: (path: EncapPath, folder: Folder)?
  /// Folders whose names were changed.
  private(set) var touched: Set<EncapPath> = []

  init(_ target: Folder, id: String) {
    self.target = target
    self.id = id
  }

  func take(_ steps: some Sequence<(offset: Int, element: EncapStep)>) throws(EncapError) {
    for (number, step) in steps { try take(step, number) }
  }

  func take(_ step: EncapStep, _ number: Int) throws(EncapError) {
    switch step {
    case .makeFolder(let path): try makeFolder(path)
    case .link(let path, let text, let old): try link(path, text, replacing: old, number)
    case .unfold(let path, let old, let contents): try unfold(path, old, contents, number)
    case .fold(let path, let text, let contents): try fold(path, text, contents, number)
    case .unlink(let path, let text): try unlink(path, text)
    case .removeFolder(let path): try removeFolder(path)
    }
  }

  /// Takes a step back, whether it was taken wholly, in part or not at all. What somebody else put
  /// there meanwhile stays.
  func takeBack(_ step: EncapStep, _ number: Int) throws(EncapError) {
    guard let folder = try existingFolder(step.path.parent) else { return }
    touched.insert(step.path.parent)
    last = nil
    let status = try folder.status(step.path.name)
    let text = try folder.linkText(step.path.name)
    switch step {
    case .makeFolder(let path): try removeFolder(path)
    case .removeFolder(let path): if status == nil { try makeFolder(path) }
    case .link(let path, let new, let old):
      try takeBackLink(path, in: folder, text == new, old, number)
    case .unlink(let path, let old):
      if status == nil { try folder.makeLink(path.name, to: old) }
    case .unfold(let path, let old, let contents):
      guard text == old || status.map(\.isFolder) ?? true else { return }
      try fold(path, old, contents, number)
    case .fold(let path, let new, let contents):
      guard text == new || status.map(\.isFolder) ?? true else { return }
      try unfold(path, new, contents, number)
    }
  }

  /// Waits until all of it is on the disk.
  func sync() throws(EncapError) {
    last = nil
    for path in touched.sorted() {
      guard let folder = try existingFolder(path) else { continue }
      try folder.sync()
    }
  }

  private func temporaryName(_ number: Int) -> [UInt8] { Array(".encap-\(id)-\(number)".utf8) }

  private func parent(of path: EncapPath) throws(EncapError) -> Folder {
    let wanted = path.parent
    touched.insert(wanted)
    if let last, last.path == wanted { return last.folder }
    let folder = try target.folder(at: wanted)
    last = (wanted, folder)
    return folder
  }

  /// `nil` where it isn't there, or isn't a folder.
  private func existingFolder(_ path: EncapPath) throws(EncapError) -> Folder? {
    do throws(EncapError) {
      return try target.folder(at: path)
    } catch {
      if case .system(_, _, let code) = error, [ENOENT, ENOTDIR, ELOOP].contains(code) {
        return nil
      }
      throw error
    }
  }

  private func changed(_ folder: Folder, _ path: EncapPath) -> EncapError {
    .changed(path: folder.shown(path.name))
  }

  private func makeFolder(_ path: EncapPath) throws(EncapError) {
    let folder = try parent(of: path)
    guard let status = try folder.status(path.name) else {
      return try folder.makeFolder(path.name)
    }
    guard status.isFolder else { throw changed(folder, path) }
  }

  private func removeFolder(_ path: EncapPath) throws(EncapError) {
    guard let folder = try existingFolder(path.parent) else { return }
    touched.insert(path.parent)
    // What lies in it is somebody else's, and what isn't a folder any more, too.
    guard try folder.status(path.name)?.isFolder == true else { return }
    last = nil
    _ = try folder.removeEmptyFolder(path.name)
  }

  private func link(
    _ path: EncapPath, _ text: [UInt8], replacing old: [UInt8]?, _ number: Int
  ) throws(EncapError) {
    let folder = try parent(of: path)
    let temporary = temporaryName(number)
    guard try folder.status(path.name) != nil else {
      if old != nil { try folder.remove(temporary) }
      return try folder.makeLink(path.name, to: text)
    }
    let found = try folder.linkText(path.name)
    if found == text {
      if old != nil { try folder.remove(temporary) }
      return
    }
    guard let old, found == old else { throw changed(folder, path) }
    try replace(path.name, in: folder, by: text, temporary)
  }

  /// At once: whoever opens the name finds the old link or the new one (rename(2)).
  private func replace(
    _ name: ArraySlice<UInt8>, in folder: Folder, by text: [UInt8], _ temporary: [UInt8]
  ) throws(EncapError) {
    try folder.remove(temporary)
    do throws(EncapError) {
      try folder.makeLink(temporary, to: text)
      try folder.rename(temporary, to: name)
    } catch {
      try? folder.remove(temporary)
      throw error
    }
  }

  private func takeBackLink(
    _ path: EncapPath, in folder: Folder, _ isTaken: Bool, _ old: [UInt8]?, _ number: Int
  ) throws(EncapError) {
    try folder.remove(temporaryName(number))
    guard isTaken else { return }
    guard let old else { return try folder.remove(path.name) }
    try replace(path.name, in: folder, by: old, temporaryName(number))
  }

  private func unlink(_ path: EncapPath, _ text: [UInt8]) throws(EncapError) {
    guard let folder = try existingFolder(path.parent) else { return }
    touched.insert(path.parent)
    // Another link in its place is somebody else's.
    if try folder.linkText(path.name) == text { try folder.remove(path.name) }
  }

  private func unfold(
    _ path: EncapPath, _ old: [UInt8], _ contents: [EncapStep.Content], _ number: Int
  ) throws(EncapError) {
    let folder = try parent(of: path)
    let temporary = temporaryName(number)
    let status = try folder.status(path.name)
    if status?.isFolder == true {
      // Taken before: the old link may be left.
      return try clear(temporary, in: folder, contents, of: path)
    }
    let found = try folder.linkText(path.name)
    guard status == nil || found == old else { throw changed(folder, path) }
    try clear(temporary, in: folder, contents, of: path)
    do throws(EncapError) {
      try folder.makeFolder(temporary)
      try fill(try folder.folder(temporary), contents, of: path)
      let isExchanged = status == nil ? false : try folder.exchange(temporary, path.name)
      if !isExchanged {
        try folder.remove(path.name)
        try folder.rename(temporary, to: path.name)
      }
    } catch {
      try? clear(temporary, in: folder, contents, of: path)
      throw error
    }
    try clear(temporary, in: folder, contents, of: path)
  }

  /// Removes what is left under a name that is only there for a moment: a link, or a folder with links
  /// of ours. More in it is somebody else's.
  private func clear(
    _ temporary: [UInt8], in folder: Folder, _ contents: [EncapStep.Content], of path: EncapPath
  ) throws(EncapError) {
    guard let status = try folder.status(temporary) else { return }
    guard status.isFolder else { return try folder.remove(temporary) }
    try empty(try folder.folder(temporary), contents, of: path)
    guard try folder.removeEmptyFolder(temporary) else {
      throw .changed(path: folder.shown(temporary))
    }
  }

  private func fill(
    _ folder: Folder, _ contents: [EncapStep.Content], of path: EncapPath
  ) throws(EncapError) {
    for content in contents {
      let inside = EncapPath(Array(content.path.bytes.dropFirst(path.bytes.count + 1)))
      let place = try folder.folder(at: inside.parent)
      // Something may be left where a folder wasn't emptied wholly.
      guard try place.status(inside.name) == nil else { continue }
      if let text = content.text {
        try place.makeLink(inside.name, to: text)
      } else {
        try place.makeFolder(inside.name)
      }
    }
    try folder.sync()
  }

  /// The link in the place of the folder. A folder with more in it stays, as what is in it is somebody
  /// else's.
  private func fold(
    _ path: EncapPath, _ text: [UInt8], _ contents: [EncapStep.Content], _ number: Int
  ) throws(EncapError) {
    let folder = try parent(of: path)
    let temporary = temporaryName(number)
    if try folder.status(path.name)?.isFolder == true {
      last = nil
      try folder.remove(temporary)
      try folder.makeLink(temporary, to: text)
      guard try folder.exchange(temporary, path.name) else {
        return try foldSlowly(path, contents, temporary, folder)
      }
    } else if try folder.status(path.name) == nil {
      try folder.makeLink(path.name, to: text)
    }
    guard try folder.linkText(path.name) == text else { throw changed(folder, path) }
    do throws(EncapError) {
      try clear(temporary, in: folder, contents, of: path)
    } catch {
      // Somebody put something into it meanwhile: it is there again, with all that was in it.
      try fill(try folder.folder(temporary), contents, of: path)
      _ = try folder.exchange(temporary, path.name)
      try folder.remove(temporary)
      throw error
    }
  }

  /// Where names can't be exchanged there is a moment without either.
  private func foldSlowly(
    _ path: EncapPath, _ contents: [EncapStep.Content], _ temporary: [UInt8], _ folder: Folder
  ) throws(EncapError) {
    let inside = try folder.folder(path.name)
    try empty(inside, contents, of: path)
    guard try folder.removeEmptyFolder(path.name) else {
      try fill(inside, contents, of: path)
      try folder.remove(temporary)
      throw changed(folder, path)
    }
    try folder.rename(temporary, to: path.name)
  }

  private func empty(
    _ folder: Folder, _ contents: [EncapStep.Content], of path: EncapPath
  ) throws(EncapError) {
    for content in contents.reversed() {
      let inside = EncapPath(Array(content.path.bytes.dropFirst(path.bytes.count + 1)))
      let place = try folder.folder(at: inside.parent)
      if let text = content.text {
        if try place.linkText(inside.name) == text { try place.remove(inside.name) }
      } else {
        _ = try place.removeEmptyFolder(inside.name)
      }
    }
  }
}
