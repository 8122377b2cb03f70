import Foundation

/// The way to a host's sshd.
enum HostRoute: Equatable, Sendable {
  case direct
  /// Through these bastions, as ProxyJump has them: `[user@]host[:port]`, several with commas.
  case jump(String)
  /// Through the standard input and output of this command, for `sh -c`. `template` is the
  /// command before the host was put into it: the same for all hosts behind one bastion.
  case command(String, template: String)

  /// What hosts on the same way have in common; `nil` for the direct one.
  var bastion: String? {
    switch self {
    case .direct: nil
    case .jump(let bastions): bastions
    case .command(_, let template): template
    }
  }
}

/// Everything needed to log in to a host, after every source of settings has been asked.
struct Endpoint: Sendable {
  var route = HostRoute.direct
  /// Network addresses in the order in which they are tried; behind a bastion, known later.
  var addresses: [SocketAddress]
  /// Where the sshd is, as the bastion sees it.
  var hostName: String
  /// `10.0.0.11:22`, and how it is reached.
  var place: String {
    let text = placeText(hostName, port: port)
    return switch route {
    case .direct: text
    case .jump(let bastion): "\(text) through \(bastion)"
    case .command: "\(text) by ProxyCommand"
    }
  }
  /// The name known_hosts lists it under.
  var keyName: String
  var user: String
  var port: UInt16
  /// Whether only these may be offered, as with `ssh -o IdentitiesOnly=yes`.
  var identitiesAreAll: Bool
  var identities: [String]
  /// The ssh-agent's socket; `nil` where none is to be asked.
  var agentSocket: String?
  var knownHostsFiles: [String]
  /// What libssh2 can't use of what the user's files name: a certificate, a token.
  var needsProgram: String?
}

/// What the sources of settings say of a host, the strongest first.
struct HostSettings: Sendable {
  /// Command line, `[[host]]`, `~/.ssh/config` and `[defaults]`, in that order.
  var settings: LinkSettings
  var answer: SSHConfig
  var defaults: SSHDefaults
}

/// Turns a target into an endpoint: `~/.ssh/config` by way of `ssh -G`, then the name service.
/// It blocks, so it runs on a worker.
struct EndpointResolver: Sendable {
  let config: SSHConfigSource

  func settings(_ target: FleetTarget) throws(LinkFailure) -> HostSettings {
    let (answer, defaults) = try config.config(host: target.address, explicit: target.explicit)
    return HostSettings(
      settings: target.explicit.over(answer.said).over(target.defaults), answer: answer,
      defaults: defaults)
  }

  func resolve(_ target: FleetTarget) throws(LinkFailure) -> Endpoint {
    let known = try settings(target)
    let (settings, answer, defaults) = (known.settings, known.answer, known.defaults)
    let port = settings.port ?? defaults.port
    let user = settings.user ?? defaults.user
    let route = try route(answer, target: target, user: user, port: port)
    let identities = (settings.identities ?? defaults.identities).map(expandHome)
    let isExplicit = target.explicit.identities != nil
    return Endpoint(
      route: route,
      addresses: route == .direct ? try SocketAddress.look(up: answer.hostName, port: port) : [],
      hostName: answer.hostName, keyName: answer.hostKeyAlias ?? answer.hostName,
      user: user, port: port, identitiesAreAll: isExplicit || answer.identitiesOnly,
      identities: identities, agentSocket: agentSocket(answer.identityAgent),
      knownHostsFiles: (settings.knownHosts ?? defaults.knownHosts).map(expandHome),
      needsProgram: needsProgram(answer, identities))
  }

  private func route(
    _ answer: SSHConfig, target: FleetTarget, user: String, port: UInt16
  ) throws(LinkFailure) -> HostRoute {
    if let jump = answer.proxyJump { return .jump(jump) }
    guard let template = answer.proxyCommand else { return .direct }
    let values: [Character: String] = [
      "h": answer.hostName, "n": target.address, "p": String(port), "r": user, "%": "%",
    ]
    guard let command = ProxyCommand.expand(template, values) else {
      throw LinkFailure(
        .unsupported,
        "its ProxyCommand has a token other than %h %n %p %r %%, which only the ssh program knows; "
          + "set transport = \"openssh\" for it", program: .any)
    }
    return .command(command, template: template)
  }

  private func needsProgram(_ answer: SSHConfig, _ identities: [String]) -> String? {
    if answer.hasToken { return "a PKCS#11 token" }
    if answer.passesDescriptors { return "a ProxyCommand with ProxyUseFdpass" }
    let certificates = answer.certificates + identities.map { $0 + "-cert.pub" }
    let found = certificates.first { access($0, R_OK) == 0 }
    return found.map { "the certificate \($0)" }
  }

  private func agentSocket(_ setting: String?) -> String? {
    switch setting {
    case "none": nil
    case nil, "SSH_AUTH_SOCK": ProcessInfo.processInfo.environment["SSH_AUTH_SOCK"]
    case .some(let path): path
    }
  }
}

enum ProxyCommand {
  /// Puts the host into a ProxyCommand (ssh_config(5), TOKENS); `nil` where it has a token that
  /// isn't among `values`, or a value holds what a shell would take for more than a name.
  static func expand(_ template: String, _ values: [Character: String]) -> String? {
    var result = ""
    var isToken = false
    for character in template {
      if isToken {
        guard let value = values[character], value.unicodeScalars.allSatisfy(isHarmless) else {
          return nil
        }
        result += value
        isToken = false
      } else if character == "%" {
        isToken = true
      } else {
        result.append(character)
      }
    }
    return isToken ? nil : result
  }

  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      || "._:@%+-".unicodeScalars.contains(scalar)
  }
}
