import Records

/// A system call's name, and what the parser must know of it.
struct CallName: Sendable {
  /// What the call changes of what is known about the process.
  enum Effect: Sendable {
    case none
    /// It returns a descriptor of what it names.
    case opens
    /// It returns a descriptor of something without a name: `socket:`, `anon_inode:[eventpoll]`.
    case makes(String)
    /// It fills in two descriptors.
    case makesPair(String)
    case closes
    case closesRange
    /// `dup2`, `dup3` say which one they want.
    case duplicates
    case controlsDescriptor
    case changesFolder
    case changesFolderToDescriptor
    case forks
    case execs
    case makesRing
    /// Reads and writes that come back later, each with its own descriptor: io_submit(2).
    case submits
    case resumes
  }

  var text: String
  var subject: CallSubject
  var effect: Effect
  var movesBytes: Bool
  /// Whether it is a system call's name, and not any word in front of a bracket.
  var isKnown: Bool

  init(_ text: String) {
    self.text = text
    subject = CallSubject(call: text)
    effect = CallName.effects[text] ?? .none
    movesBytes = CallClass.movesBytes(text)
    isKnown = CallClass.isKnown(text)
  }

  private static let effects: [String: Effect] = {
    var effects: [String: Effect] = [
      "close": .closes, "close_range": .closesRange, "fcntl": .controlsDescriptor,
      "fcntl64": .controlsDescriptor, "chdir": .changesFolder, "fchdir": .changesFolderToDescriptor,
      "io_uring_setup": .makesRing, "restart_syscall": .resumes,
      "io_submit": .submits,
      "socketpair": .makesPair("socket"), "pipe": .makesPair("pipe"), "pipe2": .makesPair("pipe"),
      "socket": .makes("socket"), "accept": .makes("socket"), "accept4": .makes("socket"),
    ]
    for name in ["open", "openat", "openat2", "creat"] { effects[name] = .opens }
    for name in ["dup", "dup2", "dup3"] { effects[name] = .duplicates }
    for name in ["clone", "clone2", "clone3", "fork", "vfork"] { effects[name] = .forks }
    for name in ["execve", "execveat"] { effects[name] = .execs }
    let others = [
      "epoll_create": "eventpoll", "epoll_create1": "eventpoll", "eventfd": "eventfd",
      "eventfd2": "eventfd", "timerfd_create": "timerfd", "signalfd": "signalfd",
      "signalfd4": "signalfd", "inotify_init": "inotify", "inotify_init1": "inotify",
      "fanotify_init": "fanotify", "pidfd_open": "pidfd", "userfaultfd": "userfaultfd",
      "perf_event_open": "perf_event",
    ]
    for (name, kind) in others { effects[name] = .makes("anon_inode:[\(kind)]") }
    return effects
  }()
}
