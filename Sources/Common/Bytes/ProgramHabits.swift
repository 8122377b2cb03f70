/// How the programs of a command line take their passwords. Any word may be a program that
/// another one (sudo, sh -c, timeout) runs.
struct ProgramHabits {
  /// These run what follows them.
  private static let wrappers: StaticString = """
    sudo doas su runuser env nice ionice timeout nohup setsid stdbuf time strace ltrace watch \
    xargs exec command chroot flock taskset chrt sh bash dash zsh ksh ash busybox unshare \
    nsenter systemd-run sshpass
    """
  /// Behind these a `passwd` is something to look up.
  private static let lookups: StaticString = "getent man which"
  private static let logsIn: StaticString = """
    docker podman nerdctl buildah skopeo oc az cf helm crane oras
    """
  private static let containers: StaticString = "docker podman nerdctl"
  private static let containerCommands: StaticString = "run create exec compose build"
  private static let logons: StaticString = "sqlplus sqlldr expdp impdp rman"

  /// Which of `PasswordOption.known` count, by their places there.
  private var options: [Int] = []
  private var positional: PositionalPassword?
  private var expectsProgram = true
  private var awaitsLogin = false
  private var isLogin = false
  private var isContainer = false
  private var awaitsLogon = false
  private var isSMBClient = false
  private var isIdentified = false
  private var wasLookup = false
  private var wasOpenSSL = false

  /// Looks whether `word` names a program we know; says whether it stands where one is expected.
  mutating func meet(_ word: Span<UInt8>) -> Bool {
    let name = word.extracting(word.programName)
    meetOptions(of: name)
    meetOthers(name)
    let isProgram = expectsProgram || wasLookup
    wasLookup = ProgramHabits.lookups.lists(name)
    wasOpenSSL = name.isEqual(to: "openssl")
    expectsProgram = word.endsCommand || expectsProgram && keepsExpecting(word, name)
    if word.endsCommand { positional = nil }
    return isProgram
  }

  private func keepsExpecting(_ word: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
    word[0].isDigit || word[0] == UInt8(ascii: "-")
      || word.firstIndex(of: UInt8(ascii: "=")) != nil || ProgramHabits.wrappers.lists(name)
  }

  private mutating func meetOptions(of name: Span<UInt8>) {
    for (place, option) in PasswordOption.known.enumerated() {
      if option.programs.lists(name), !options.contains(place) { options.append(place) }
    }
    options.removeAll { PasswordOption.known[$0].end.lists(name) }
  }

  private mutating func meetOthers(_ name: Span<UInt8>) {
    if ProgramHabits.logsIn.lists(name) { awaitsLogin = true }
    if ProgramHabits.containerCommands.lists(name) { awaitsLogin = false }
    if awaitsLogin, name.isEqual(to: "login") { isLogin = true }
    if ProgramHabits.containers.lists(name) { isContainer = true }
    if ProgramHabits.logons.lists(name) { awaitsLogon = true }
    if name.isEqual(to: "smbclient") { isSMBClient = true }
    if name.isEqualLower(to: "identified") { isIdentified = true }
    if let password = PositionalPassword(of: name, afterOpenSSL: wasOpenSSL) {
      positional = password
    }
  }

  /// A password option of one of the programs.
  func match(_ word: Span<UInt8>) -> PasswordOption.Match? {
    if isLogin, let match = PasswordOption.login.match(word) { return match }
    for place in options {
      if let match = PasswordOption.known[place].match(word) { return match }
    }
    return nil
  }

  /// Where in `user/password@database` the password is. `all` is the word and what follows it in
  /// its argument.
  mutating func logon(_ word: Span<UInt8>, all: Span<UInt8>) -> Range<Int>? {
    guard awaitsLogon, !word.beginsWith(UInt8(ascii: "-")), !word.beginsWith(UInt8(ascii: "@")),
      let slash = word.firstIndex(of: UInt8(ascii: "/")), slash > 0,
      !ProgramHabits.logons.lists(word.extracting(word.programName))
    else { return nil }
    awaitsLogon = false
    let end = all.lastIndex(of: UInt8(ascii: "@"), in: (slash + 1)..<all.count)
    return (slash + 1)..<(end ?? all.count)
  }

  /// A password that has no option, by its place.
  mutating func isPositionalPassword(_ word: Span<UInt8>) -> Bool {
    positional?.takes(word) ?? false
  }

  /// Whether the next word is a password, as this one says, which is no option.
  func announcesPassword(_ word: Span<UInt8>) -> Bool {
    if isIdentified, word.isEqualLower(to: "by") { return true }
    if isSMBClient, word.starts(with: "//") { return true }
    return SecretName.isPlainAnnouncement(word)
  }

  /// `docker run --name mongo -p 27017:27017 mongo`
  func isPortMapping(_ word: Span<UInt8>) -> Bool {
    guard isContainer, !isLogin, word.firstIndex(of: UInt8(ascii: ":")) != nil else { return false }
    for index in word.indices {
      let byte = word[index]
      guard byte.isDigit || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") else {
        return false
      }
    }
    return true
  }
}

/// A password that is known by its place among the words that are no options.
private struct PositionalPassword {
  /// Words in front of it.
  private var shown: Int
  /// Only where there is a `-b`: htpasswd(1) asks for it otherwise.
  private let needsBatch: Bool
  private var isBatch = false

  init?(of program: Span<UInt8>, afterOpenSSL: Bool) {
    let batch: StaticString = "htpasswd mosquitto_passwd"
    let second: StaticString = "wpa_passphrase add_user change_password authenticate_user"
    if batch.lists(program) {
      self.init(shown: 2, needsBatch: true)
    } else if second.lists(program) {
      self.init(shown: 1, needsBatch: false)
    } else if afterOpenSSL, program.isEqual(to: "passwd") {
      self.init(shown: 0, needsBatch: false)
    } else {
      return nil
    }
  }

  private init(shown: Int, needsBatch: Bool) {
    self.shown = shown
    self.needsBatch = needsBatch
  }

  mutating func takes(_ word: Span<UInt8>) -> Bool {
    guard !word.beginsWith(UInt8(ascii: "-")) else {
      if needsBatch { takeOptions(word) }
      return false
    }
    shown -= 1
    return shown < 0 && (isBatch || !needsBatch)
  }

  /// `-n` has no file; `-C` and `-r` have a number behind them.
  private mutating func takeOptions(_ word: Span<UInt8>) {
    for index in word.indices {
      switch word[index] {
      case UInt8(ascii: "b"): isBatch = true
      case UInt8(ascii: "n"): shown -= 1
      case UInt8(ascii: "C"), UInt8(ascii: "r"): shown += 1
      default: break
      }
    }
  }
}

extension Span<UInt8> {
  /// Without its path, and what a shell's script may have around it.
  fileprivate var programName: Range<Int> {
    let end = endWithoutClosingMarks
    var start = end
    while start > 0, !self[start - 1].beginsProgram { start -= 1 }
    return start..<end
  }

  /// Whether a shell begins another command behind this.
  fileprivate var endsCommand: Bool {
    guard count > 0 else { return false }
    let last = self[count - 1]
    return last == UInt8(ascii: ";") || last == UInt8(ascii: "|") || last == UInt8(ascii: "&")
  }
}

extension UInt8 {
  /// What may stand in front of a program's name in the same word.
  fileprivate var beginsProgram: Bool {
    self == UInt8(ascii: "/") || self == UInt8(ascii: "(") || self == UInt8(ascii: "`")
      || self == UInt8(ascii: ";") || self == UInt8(ascii: "|") || self == UInt8(ascii: "&")
  }
}
