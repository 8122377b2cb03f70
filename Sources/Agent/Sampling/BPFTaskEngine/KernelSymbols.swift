import BPFEngine

/// Names of kernel addresses, learnt once each.
struct KernelSymbols {
  private var names: [UInt64: String] = [:]

  /// A kernel has some 100,000 functions; stacks of waiting tasks go through a few hundred places.
  /// Beyond this many we begin anew, in case modules come and go.
  static let limit = 4096

  /// Asks for those of `addresses` that are new.
  mutating func learn(_ addresses: [UInt64], from programs: borrowing BPFPrograms) {
    var unknown: [UInt64] = []
    for address in addresses where names[address] == nil && !unknown.contains(address) {
      unknown.append(address)
    }
    if names.count + unknown.count > KernelSymbols.limit { names.removeAll() }
    var rest = unknown[...]
    while !rest.isEmpty {
      let asked = Array(rest.prefix(BPFPrograms.addressLimit))
      rest = rest.dropFirst(asked.count)
      guard let lines = try? programs.names(of: asked), lines.count == asked.count else { return }
      for (address, line) in zip(asked, lines) {
        // `function+0x12/0x34 [module]`
        names[address] = String(line.prefix { $0 != "+" && $0 != " " })
      }
    }
  }

  /// The functions, the innermost first; the programs' own frames are left out.
  func functions(at addresses: ArraySlice<UInt64>) -> [String] {
    addresses.compactMap { names[$0] }.filter { !$0.hasPrefix("bpf_prog_") }
  }
}
