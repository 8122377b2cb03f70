/// `-web3` leaves a host out: the argument parser would take it for an option.
enum HostExclusion {
  /// The arguments (without the program's name) with exclusions written as `!web3`, which means
  /// the same and which a shell would want quoted.
  static func marked(_ arguments: [String]) -> [String] {
    var isAfterEnd = false
    return arguments.dropFirst().map { argument in
      if argument == "--" { isAfterEnd = true }
      guard !isAfterEnd, isExclusion(argument) else { return argument }
      return "!" + argument.dropFirst()
    }
  }

  /// Options of one letter that take a number.
  private static let numbered: Set<Character> = ["s"]

  /// A dash and then what can only be a host: options of one letter have a number behind them at
  /// most (`-s3`), times are a number and a unit (`-2h`), and others begin with two dashes.
  private static func isExclusion(_ argument: String) -> Bool {
    let name = argument.dropFirst()
    guard argument.hasPrefix("-"), name.count > 1, let first = name.first else { return false }
    if first.isNumber { return name.contains(":") || name.count(where: { $0 == "." }) > 1 }
    guard first.isLetter || first == "@" else { return false }
    return !(numbered.contains(first) && name.dropFirst().allSatisfy(\.isNumber))
  }
}
