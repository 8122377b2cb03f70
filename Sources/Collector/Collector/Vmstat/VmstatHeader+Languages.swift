import Bytes

// `vmstat -a` shows two other memory columns in the same place, so in a translated header their
// words must tell which they are. These are procps' own translations (po/*.po of procps 4.0);
// where none of them appears the two columns are left absent.

extension VmstatHeader {
  /// Whether a header shows inactive and active memory (`-a`) or buffers and cache.
  static func showsActive(_ line: Span<UInt8>) -> Bool? {
    var cursor = 0
    for _ in 0..<4 where line.nextWord(&cursor) == nil { return nil }
    guard let fifth = line.nextWord(&cursor), let sixth = line.nextWord(&cursor) else {
      return nil
    }
    for word in [fifth, sixth] {
      for name in activeNames where line.equals(name, in: word) { return true }
      for name in bufferNames where line.equals(name, in: word) { return false }
    }
    return nil
  }

  private static let activeNames: [StaticString] = [
    "inact", "active", "inakt", "aktiv", "aktivt", "activo", "actif", "აქტიური", "비활", "활성",
    "nieakt", "akt", "inativ", "ativo", "activă", "активно", "hđộng", "不活动", "活动",
  ]

  private static let bufferNames: [StaticString] = [
    "buff", "cache", "Cache", "búf", "caché", "tampon", "버퍼", "캐시", "bufor", "кеш", "nhớtạm",
    "缓冲", "缓存",
  ]
}
