import Wire

enum AnswerWords {
  /// Of an answer that can't be read.
  static let tooNew = "it answers in words that this culprit doesn't know: update culprit"
}

/// What a collector asks of an agent on the connection that it follows it by, as bytes.
enum AgentRequests {
  /// The request's number: an answer that bears it says whether frames will come.
  static let streamNumber: UInt64 = 1

  /// Questions of others have numbers from here on: back-fill counts from 2, and doesn't get so far.
  static let firstQuestion: UInt64 = 1 << 32

  /// Of requests that nobody answers.
  static let unanswered: UInt64 = 0

  static let stream = bytes(.stream, number: streamNumber)

  /// Ends what was asked for under that number.
  static func cancel(_ number: UInt64) -> [UInt8] {
    bytes(.cancel(number: number), number: unanswered)
  }

  static func bytes(_ request: Request, number: UInt64) -> [UInt8] {
    var encoder = FrameEncoder()
    encoder.append(.request(request), sequence: number)
    return encoder.bytes
  }
}
