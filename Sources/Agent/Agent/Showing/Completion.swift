/// Shell completions, made of what `--help` says.
enum Completion {
  enum Shell: String, CaseIterable {
    case bash, zsh, fish
  }

  static func script(for shell: Shell) -> String {
    switch shell {
    case .bash: bash
    // zsh can run bash's.
    case .zsh: "autoload -U +X bashcompinit && bashcompinit\n" + bash
    case .fish: fish
    }
  }

  private static let encapVerbs = EncapArguments.Verb.allCases.map(\.rawValue)
    .joined(separator: " ")
  /// Options that want a folder.
  private static let folders = ["--keep", "--source", "--target"]

  /// Values of options; those of one command come before those of all.
  private static let choices: [(verb: String?, option: String, values: String)] = [
    ("trace", "--engine", "auto bpf strace"), ("trace", "--sort", "culprits bytes blocked calls"),
    (nil, "--engine", "auto bpf proc"), (nil, "--cmdline", "masked name full"),
  ]

  private static var bash: String {
    var cases = ""
    for verb in AgentHelp.verbs {
      cases += "      \(verb)) words='\(AgentHelp.options(of: verb).joined(separator: " "))' ;;\n"
    }
    var values = ""
    for choice in choices {
      let verb = choice.verb.map { "'\($0) " } ?? "*' "
      values += "    \(verb)\(choice.option)') words='\(choice.values)' ;;\n"
    }
    let folderCases = folders.map { "*' \($0)'" }.joined(separator: "|")
    return """
      _culprit_agent() {
        local words word=${COMP_WORDS[COMP_CWORD]}
        case "${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD-1]}" in
      \(values)    *' --config') COMPREPLY=($(compgen -f -- "$word")); return ;;
          \(folderCases)) COMPREPLY=($(compgen -d -- "$word")); return ;;
        esac
        if [ -z "$words" ]; then
          case ${COMP_WORDS[1]} in
      \(cases)      esac
        fi
        [ "${COMP_WORDS[1]}" != encap ] || [ "$COMP_CWORD" -ne 2 ] || words='\(encapVerbs)'
        [ "$COMP_CWORD" -gt 1 ] || words='\(AgentHelp.verbs.joined(separator: " ")) --help'
        COMPREPLY=($(compgen -W "$words" -- "$word"))
        [ "${COMP_WORDS[1]}" != explain ] || COMPREPLY+=($(compgen -f -- "$word"))
      }
      complete -F _culprit_agent culprit-agent

      """
  }

  private static var fish: String {
    let verbs = AgentHelp.verbs.joined(separator: " ")
    var text = """
      complete -c culprit-agent -f
      complete -c culprit-agent -n 'not __fish_seen_subcommand_from \(verbs)' -a '\(verbs)'
      complete -c culprit-agent -n '__fish_seen_subcommand_from explain' -F
      complete -c culprit-agent -n '__fish_seen_subcommand_from encap' -a '\(encapVerbs)'

      """
    for verb in AgentHelp.verbs {
      for option in AgentHelp.options(of: verb) {
        text += "complete -c culprit-agent -n '__fish_seen_subcommand_from \(verb)'"
        text += " -l \(option.dropFirst(2))"
        let choice = choices.first { $0.option == option && ($0.verb ?? verb) == verb }
        if let choice {
          text += " -x -a '\(choice.values)'"
        } else if option == "--config" || folders.contains(option) {
          text += " -r -F"
        }
        text += "\n"
      }
    }
    return text
  }
}
