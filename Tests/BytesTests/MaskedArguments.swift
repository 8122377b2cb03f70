import Bytes

/// What is shown of arguments, which stand between bars here.
func shown(_ arguments: String) -> String {
  let bytes = arguments.utf8.map { $0 == UInt8(ascii: "|") ? 0 : $0 } + [0]
  return String(decoding: CommandMask.masked(arguments: bytes.span), as: UTF8.self)
}
