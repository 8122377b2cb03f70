import Bytes
import Records

/// A line of those who move bytes: a process, or many short-lived ones of one name and parent.
public struct Mover: Sendable {
  /// The sum, under the first one's identity.
  public var process: ProcessSample
  public var count = 1

  private struct Family: Hashable {
    var parent: Int32
    var name: String
  }

  /// The same order, with those that have ended put together; the most bytes first.
  public static func grouped(_ processes: [ProcessSample]) -> [Mover] {
    var movers: [Mover] = []
    var places: [Family: Int] = [:]
    for process in processes {
      let family = Family(parent: process.parentPID, name: taskText(process.name))
      guard process.hasEnded, let place = places[family] else {
        if process.hasEnded { places[family] = movers.count }
        movers.append(Mover(process: process))
        continue
      }
      movers[place].count += 1
      movers[place].process.cpuNanoseconds = movers[place].process.cpuNanoseconds
        .addingSaturated(process.cpuNanoseconds)
      movers[place].process.reaped += process.reaped
      movers[place].process.io = .known(
        (movers[place].process.io.value ?? IOCounters()) + (process.io.value ?? IOCounters()))
    }
    return movers.sorted { $0.process.comesBefore($1.process) }
  }
}
