import Collector

/// The version of the product and of what it speaks: the one place where they stand.
enum ProductVersion {
  static let number = "0.1.0"

  static var text: String {
    "culprit \(number) (remote command protocol \(RemoteCommand.protocolVersion))"
  }
}
