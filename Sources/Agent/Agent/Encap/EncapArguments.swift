import Bytes
import Encap
import Glibc

/// The words after `culprit-agent encap`.
struct EncapArguments {
  enum Verb: String, CaseIterable {
    case install, upgrade, rollback, remove, check, list, gc, unpack
  }

  let verb: Verb
  /// Packages, as the user called them.
  private(set) var packages: [String] = []
  private(set) var places = EncapPlaces()
  private(set) var options = EncapOptions()
  private(set) var isJSON = false
  private(set) var isPurging = false
  private(set) var keep: Int?
  private(set) var digest: String?
  private(set) var keepsSetuid = false

  private var source: String?
  private var target: String?

  init(_ words: ArraySlice<String>) throws(UsageError) {
    let verbs = Verb.allCases.map(\.rawValue).joined(separator: ", ")
    guard let word = words.first else { throw UsageError("encap wants a verb: \(verbs)") }
    guard let verb = Verb(rawValue: word) else {
      throw UsageError("encap has no “\(Printable.text(word, limit: 40))”: \(verbs)")
    }
    self.verb = verb
    var reader = OptionReader(words.dropFirst(), of: "encap")
    while let word = reader.next() {
      // Behind it no word is an option.
      guard word == "--" else {
        try take(word, &reader)
        continue
      }
      while let name = reader.next() { packages.append(name) }
    }
    places = EncapPlaces(
      source: source ?? EncapArguments.environment("ENCAP_SOURCE", unless: target),
      target: target ?? EncapArguments.environment("ENCAP_TARGET", unless: source))
    try checkPackages()
  }

  /// As epkg: what the environment says counts where the command line names neither folder.
  private static func environment(_ name: String, unless other: String?) -> String? {
    guard other == nil, let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.hasPrefix("/") ? text : nil
  }

  private mutating func take(_ word: String, _ reader: inout OptionReader) throws(UsageError) {
    switch word {
    case "--source": source = try folder(of: word, &reader)
    case "--target": target = try folder(of: word, &reader)
    case "--dry-run" where verb != .unpack: options.isDryRun = true
    case "--json": isJSON = true
    case "--compat": options.isCompat = true
    case "--any-platform": options.takesAnyPlatform = true
    case "--wait": options.patienceMilliseconds = try milliseconds(of: word, &reader)
    case "--script-limit": options.scriptLimitMilliseconds = try milliseconds(of: word, &reader)
    case "--purge" where verb == .remove: isPurging = true
    case "--keep" where verb == .gc: keep = try reader.number(of: word, in: 0...1000)
    case "--sha256" where verb == .unpack:
      let text = try reader.value(of: word)
      guard SHA256.bytes(ofHex: text) != nil else {
        throw UsageError("--sha256 wants 64 hexadecimal digits")
      }
      digest = text
    case "--keep-setuid" where verb == .unpack: keepsSetuid = true
    case _ where !word.hasPrefix("-") && !word.isEmpty: packages.append(word)
    default: throw reader.unknown(Printable.text(word, limit: 60))
    }
  }

  private func folder(
    of option: String, _ reader: inout OptionReader
  ) throws(UsageError) -> String {
    let path = try reader.value(of: option)
    guard !path.isEmpty, path.utf8.count < 4096 else {
      throw UsageError("\(option) wants a folder")
    }
    return path
  }

  private func milliseconds(
    of option: String, _ reader: inout OptionReader
  ) throws(UsageError) -> Int {
    Int(try reader.duration(of: option) / 1_000_000)
  }

  private func checkPackages() throws(UsageError) {
    switch verb {
    case .install, .rollback, .remove:
      guard !packages.isEmpty else {
        throw UsageError("encap \(verb) wants a package: NAME or NAME-VERSION")
      }
    case .unpack:
      guard packages.count == 1 else { throw UsageError("encap unpack wants one NAME-VERSION") }
    case .gc:
      guard keep != nil else {
        throw UsageError("encap gc wants --keep N: so many versions of each stay")
      }
    case .upgrade, .check, .list: break
    }
  }
}
