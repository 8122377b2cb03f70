import Collector
import Records

/// The version of the product and of what it speaks.
enum ProductVersion {
  static let number = Release.version

  static var text: String {
    "culprit \(number) (remote command protocol \(RemoteCommand.protocolVersion))"
  }
}
