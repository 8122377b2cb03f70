import Agent
import Glibc

@main
enum CulpritAgent {
  static func main() {
    exit(Agent.run(Array(CommandLine.arguments.dropFirst())))
  }
}
