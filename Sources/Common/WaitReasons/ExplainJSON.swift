import Bytes
import Records

extension StackReport {
  /// JSON Lines: a line per task, and a last one with `summary`. Calls `write` with each line and
  /// its newline.
  public func writeJSON(_ write: ([UInt8]) -> Void) {
    var writer = JSONWriter()
    for task in tasks {
      writer.reportedTask(task)
      write(writer.bytes + [UInt8(ascii: "\n")])
      writer.removeAll()
    }
    writer.object { json in
      json.key("summary")
      json.summary(of: self)
    }
    write(writer.bytes + [UInt8(ascii: "\n")])
  }
}

extension JSONWriter {
  fileprivate mutating func reportedTask(_ task: ReportedTask) {
    object { json in
      json.task(task.reference)
      json.field("wait_reason", task.reason.name)
      json.field("class", task.reason.kind.rawValue)
      json.field("sentence", task.sentence)
      json.field("next_step", entry(named: task.reason.name)?.nextStep)
      json.field("state", task.state.map { String(Character(Unicode.Scalar($0.rawValue))) })
      json.field("seconds", task.seconds)
      json.field("workqueue", task.workqueue.map { Printable.text($0, limit: 80) })
      json.key("stack")
      json.array { list in
        for frame in task.stack { list.value(Printable.text(frame, limit: 128)) }
      }
    }
  }

  private mutating func task(_ task: TaskReference, prefix: String = "") {
    field("\(prefix)pid", task.pid.map(Int64.init))
    field("\(prefix)comm", task.name.map { Printable.text($0, limit: 64) })
  }

  fileprivate mutating func summary(of report: StackReport) {
    let graph = report.graph()
    object { json in
      json.field("tasks", report.tasks.count)
      json.field("tasks_left_out", report.tasksLeftOut)
      json.field("cut", report.isCut)
      json.key("reasons")
      json.array { list in
        for (reason, count) in report.reasonCounts {
          list.object { json in
            json.field("wait_reason", reason.name)
            json.field("class", reason.kind.rawValue)
            json.field("tasks", count)
          }
        }
      }
      json.key("waits_for")
      json.array { list in
        for relation in graph.relations { list.relation(relation, report) }
      }
      json.key("deadlocks")
      json.array { list in
        for cycle in graph.cycles {
          list.array { pids in
            for place in cycle {
              pids.object { $0.task(report.tasks[place].reference) }
            }
          }
        }
      }
      json.key("holder_not_shown")
      json.array { list in
        for place in graph.withoutHolder {
          list.object { json in
            json.task(report.tasks[place].reference)
            json.field("wait_reason", report.tasks[place].reason.name)
          }
        }
      }
    }
  }

  private mutating func relation(_ relation: WaitRelation, _ report: StackReport) {
    object { json in
      json.task(report.tasks[relation.waiter].reference)
      json.task(relation.holder, prefix: "for_")
      json.field("basis", relation.basis.rawValue)
      json.field("because", relation.because)
    }
  }
}
