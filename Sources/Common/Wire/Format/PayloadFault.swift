/// Why a payload that arrived as it was sent can't be read.
enum PayloadFault: Error {
  /// It breaks the format or a limit.
  case malformed
  /// It says something for which this version has no word: another engine, another trigger.
  case unknownMeaning
}
