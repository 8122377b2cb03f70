/// How one program takes a password on its command line.
struct PasswordOption {
  enum Form {
    /// `-pPASSWORD`
    case glued
    /// `-p PASSWORD`
    case separate
    /// Either.
    case any
  }

  enum Match {
    case next(MaskedLine.Next)
    /// The secret begins at this offset, or behind this byte from there.
    case glued(from: Int, separator: UInt8?)
  }

  /// Names separated by blanks; one that ends in `*` is the beginning of a name.
  let programs: StaticString
  let option: StaticString
  let form: Form
  /// Letters that may stand in the same word in front of the option's: `curl -su`.
  let flags: StaticString
  /// What is in front of the secret in the value: the `:` of `user:password`.
  let separator: UInt8?
  /// The value may be missing, so an option behind this one is an option.
  let isOptional: Bool
  /// Programs with the same option for something else.
  let end: StaticString

  private init(
    _ programs: StaticString, _ option: StaticString, _ form: Form = .any,
    flags: StaticString = "", separator: UInt8? = nil, isOptional: Bool = false,
    end: StaticString = ""
  ) {
    self.programs = programs
    self.option = option
    self.form = form
    self.flags = flags
    self.separator = separator
    self.isOptional = isOptional
    self.end = end
  }

  /// What `word` is, where the program has been met.
  func match(_ word: Span<UInt8>) -> Match? {
    let length = option.utf8CodeUnitCount
    if length == 2, option.utf8Start[0] == UInt8(ascii: "-") { return matchLetter(word) }
    guard word.starts(with: option) else { return nil }
    if word.count == length { return announced }
    let isLong = option.utf8Start[0] == UInt8(ascii: "-") && form != .glued
    if isLong, word[length] != UInt8(ascii: "="), !word[length].isBlank { return nil }
    return form == .separate
      ? nil : .glued(from: isLong ? length + 1 : length, separator: separator)
  }

  /// One letter, alone or at the end of others.
  private func matchLetter(_ word: Span<UInt8>) -> Match? {
    guard word.beginsWith(UInt8(ascii: "-")) else { return nil }
    for index in 1..<max(1, word.count) {
      if word[index] == option.utf8Start[1] {
        if index == word.count - 1 { return announced }
        return form == .separate ? nil : .glued(from: index + 1, separator: separator)
      }
      guard flags.hasByte(word[index]) else { return nil }
    }
    return nil
  }

  private var announced: Match? {
    if form == .glued { return nil }
    if let separator { return .next(.pair(separator)) }
    return .next(isOptional ? .secret : .certainSecret)
  }

  private static let curlFlags: StaticString = "#0123456BGIJLMNORSVZafgijklnpqsv"
  private static let mysqlFlags: StaticString = "ABCEGHILNTVXbfijnqrstvw"
  private static let zipFlags: StaticString = "0123456789DFXTjrRmovquyefalnCLp"
  private static let ldapFlags: StaticString = "xvncMZLIQCAFtu"

  /// `docker login` and its likes.
  static let login = PasswordOption("", "-p")

  /// From the programs' manual pages.
  static let known: [PasswordOption] = [
    // Databases.
    PasswordOption(
      "mysql* mariadb* mariabackup xtrabackup innobackupex", "-p", .glued, flags: mysqlFlags),
    PasswordOption("mongo*", "-p", isOptional: true),
    PasswordOption("cqlsh beeline couchbase-cli twine useradd usermod", "-p"),
    PasswordOption("redis-cli valkey-cli", "-a"),
    PasswordOption("redis-cli valkey-cli", "auth", .separate),
    PasswordOption("redis-cli valkey-cli", "AUTH", .separate),
    PasswordOption("sqlcmd osql bcp freebcp isql tsql", "-P"),
    PasswordOption("db2", "using", .separate),
    // Archives.
    PasswordOption("zip unzip zipcloak", "-P", flags: zipFlags),
    PasswordOption("7z 7za 7zr 7zz rar unrar", "-p", .glued),
    PasswordOption("rar unrar", "-hp", .glued),
    // Directories, keys and file services.
    PasswordOption(
      "ldapadd ldapmodify ldapsearch ldapdelete ldappasswd ldapwhoami ldapcompare ldapexop", "-w",
      flags: ldapFlags),
    PasswordOption("ldapmodrdn kadmin", "-w", flags: ldapFlags),
    PasswordOption("ldappasswd", "-s"), PasswordOption("ldappasswd", "-a"),
    PasswordOption("openssl", "-k", .separate), PasswordOption("openssl", "-K", .separate),
    PasswordOption(
      "smbclient rpcclient net smbget smbcacls smbcquotas winexe", "-U",
      separator: UInt8(ascii: "%")),
    PasswordOption(
      "smbclient rpcclient net smbget smbcacls smbcquotas", "--user",
      separator: UInt8(ascii: "%")),
    PasswordOption("rclone", "obscure", .separate), PasswordOption("rclone", "pass", .separate),
    // Remote machines.
    PasswordOption("sshpass", "-p", flags: "vhV", end: "ssh scp sftp rsync ssh-copy-id"),
    PasswordOption("ipmitool", "-P"), PasswordOption("ipmipower ipmiconsole rdesktop", "-p"),
    PasswordOption("xfreerdp* wlfreerdp* sdl-freerdp*", "/p:", .glued),
    PasswordOption("xfreerdp* wlfreerdp* sdl-freerdp*", "/gp:", .glued),
    PasswordOption("vncviewer", "-passwd", .separate),
    PasswordOption("mosquitto_pub mosquitto_sub mosquitto_rr", "-P"),
    PasswordOption("snmpget snmpgetnext snmpset snmpwalk snmpbulkwalk snmpbulkget snmptrap", "-A"),
    PasswordOption("snmpget snmpgetnext snmpset snmpwalk snmpbulkwalk snmpbulkget snmptrap", "-X"),
    PasswordOption("snmpget snmpgetnext snmpset snmpwalk snmpbulkwalk snmpbulkget snmptrap", "-c"),
    PasswordOption("iscsiadm", "-v", .separate), PasswordOption("vault", "login", .separate),
    // Web.
    PasswordOption("curl", "-u", flags: curlFlags, separator: UInt8(ascii: ":")),
    PasswordOption("curl", "-U", flags: curlFlags, separator: UInt8(ascii: ":")),
    PasswordOption("curl", "-E", flags: curlFlags, separator: UInt8(ascii: ":")),
    PasswordOption("curl", "--user", separator: UInt8(ascii: ":")),
    PasswordOption("curl", "--cert", separator: UInt8(ascii: ":")),
    PasswordOption("curl", "--proxy-user", separator: UInt8(ascii: ":")),
    PasswordOption("curl", "-b", flags: curlFlags),
    PasswordOption("wget", "--user", separator: UInt8(ascii: ":")),
    PasswordOption("http https", "-a", separator: UInt8(ascii: ":")),
    PasswordOption("ab", "-A", separator: UInt8(ascii: ":")),
    PasswordOption("ab", "-P", separator: UInt8(ascii: ":")),
    PasswordOption("lftp", "-u", separator: UInt8(ascii: ",")),
    PasswordOption("ncftp ncftpget ncftpput ncftpls", "-p"),
  ]
}

extension StaticString {
  func hasByte(_ byte: UInt8) -> Bool {
    for index in 0..<utf8CodeUnitCount where utf8Start[index] == byte { return true }
    return false
  }

  /// Whether this list of names, some of which end in `*`, has `name`.
  func lists(_ name: Span<UInt8>) -> Bool {
    var index = 0
    while index < utf8CodeUnitCount {
      var matched = 0
      while matched < name.count, index < utf8CodeUnitCount, utf8Start[index] == name[matched] {
        matched += 1
        index += 1
      }
      let end = index < utf8CodeUnitCount ? utf8Start[index] : UInt8(ascii: " ")
      if matched > 0, end == UInt8(ascii: "*") { return true }
      if matched > 0, matched == name.count, end == UInt8(ascii: " ") { return true }
      while index < utf8CodeUnitCount, utf8Start[index] != UInt8(ascii: " ") { index += 1 }
      index += 1
    }
    return false
  }
}
