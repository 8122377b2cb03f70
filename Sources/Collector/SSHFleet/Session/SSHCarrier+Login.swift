import CLibSSH2

extension SSHCarrier {
  /// One step of the current login attempt; whether another step may follow at once.
  func loginStep(_ session: SSHSession) -> Bool {
    guard let plan, let endpoint else { return false }
    guard attempt < plan.attempts.count else { return refused(session, user: endpoint.user) }
    switch plan.attempts[attempt] {
    case .agent(let socket, let wanted):
      lend(session, user: endpoint.user, socket: socket, wanted: wanted)
      return false
    case .key(let key):
      switch session.authenticate(user: endpoint.user, key: key) {
      case .again: return false
      case .done:
        phase = .opening
        return true
      case .failed(let code, let text):
        guard LoginRefusal.isOne(code, text) else {
          fail(LinkFailure(.unreachable, "\(addressText): login broke off: \(text)"))
          return false
        }
        refusals += 1
        attempt += 1
        return true
      }
    }
  }

  /// Gives the session to a worker, for the ssh-agent's socket blocks.
  private func lend(_ session: SSHSession, user: String, socket: String, wanted: [[UInt8]]?) {
    phase = .lent
    unwatch()
    let lent = LentSession(session: session)
    let end = monotonicNow() + LinkDeadlines.handshake
    let limit = LoginPlan.offerLimit - refusals
    environment.agents.run { [loop] in
      let outcome = lent.session.authenticateWithAgent(
        user: user, socketPath: socket, wanted: wanted, limit: limit, deadline: end)
      loop.post { self.takeBack(outcome) }
    }
  }

  private func takeBack(_ outcome: SSHSession.AgentOutcome) {
    guard case .lent = phase else { return }
    phase = .loggingIn
    switch outcome {
    case .accepted: phase = .opening
    case .failed(let text):
      return fail(LinkFailure(.unreachable, "\(addressText): login broke off: \(text)"))
    case .noAgent(let reason):
      plan?.passedOver.append(reason)
      attempt += 1
    case .refused(let tried, let passedOver):
      if !passedOver.isEmpty { plan?.agentNeedsProgram = true }
      if passedOver.contains(.rsa) {
        plan?.passedOver.append(
          "the ssh-agent's RSA keys: libssh2 1.10 signs those with SHA-1 only, which OpenSSH "
            + "refuses since 8.8; add an ed25519 key")
      }
      refusals += tried
      attempt += 1
    }
    advance()
  }

  /// Every key was refused. The server is asked once what it would accept, for the message.
  private func refused(_ session: SSHSession, user: String) -> Bool {
    guard refusals > 0 else {
      fail(noKeyFailure())
      return false
    }
    guard let methods = session.acceptedMethods(user: user) else { return false }
    guard methods.isEmpty || methods.contains("publickey") else {
      fail(
        LinkFailure(
          .refusedKey,
          "\(addressText) accepts no keys from user \(user), only \(methods): culprit logs in "
            + "with keys; set PubkeyAuthentication yes in its sshd_config"))
      return false
    }
    let accepts = methods.isEmpty ? "" : "; it accepts \(methods)"
    fail(
      LinkFailure(
        .refusedKey,
        "\(addressText) refused \(refusals) key\(refusals == 1 ? "" : "s") for user \(user)"
          + "\(accepts). Add the public key to ~\(user)/.ssh/authorized_keys there, or give "
          + "another with --identity FILE\(passedOverText)", program: programUse))
    return false
  }

  func noKeyFailure() -> LinkFailure {
    LinkFailure(
      .refusedKey,
      "no key to log in with: give an ed25519 or ecdsa key with --identity FILE, or start an "
        + "ssh-agent\(passedOverText)", program: programUse)
  }

  /// What OpenSSH's program could try. A key that was refused isn't offered a second time: sshd
  /// counts refusals.
  private var programUse: LinkFailure.ProgramUse {
    guard let plan else { return .none }
    if refusals == 0 { return plan.programKeys.isEmpty && !plan.agentNeedsProgram ? .none : .any }
    return plan.programKeys.isEmpty ? .none : .keys(plan.programKeys)
  }

  private var passedOverText: String {
    guard let passedOver = plan?.passedOver, !passedOver.isEmpty else { return "" }
    return ". Passed over: " + passedOver.joined(separator: "; ")
  }
}

/// A session on its way to a worker and back.
private struct LentSession: @unchecked Sendable {
  // Invariant: the carrier that lent it doesn't touch it before `takeBack`.
  let session: SSHSession
}

enum LoginRefusal {
  /// Whether the server said no to this key, as opposed to a broken connection. A key that can't
  /// be parsed counts as refused too: the next one may do.
  static func isOne(_ code: Int32, _ text: String) -> Bool {
    switch code {
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_FILE, LIBSSH2_ERROR_METHOD_NONE,
      LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
      true
    // libssh2 1.10 has one code for a bad signature and for a connection that broke while the
    // answer was awaited (userauth.c); only the text tells them apart.
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED: !text.contains("Waiting")
    default: false
    }
  }
}
