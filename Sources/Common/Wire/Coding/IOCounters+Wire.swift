import Records

// Seven bits of a row, those first that are most often set.

extension RowWriter {
  mutating func counters(from bit: Int, _ io: IOCounters) {
    number(bit, io.readBytes, unless: 0)
    number(bit + 1, io.writeBytes, unless: 0)
    number(bit + 2, io.readCharacters, unless: 0)
    number(bit + 3, io.writeCharacters, unless: 0)
    number(bit + 4, io.readCalls, unless: 0)
    number(bit + 5, io.writeCalls, unless: 0)
    number(bit + 6, io.cancelledWriteBytes, unless: 0)
  }
}

extension RowReader {
  mutating func counters(
    from bit: Int, _ bytes: Span<UInt8>
  ) throws(PayloadFault) -> IOCounters {
    var io = IOCounters()
    io.readBytes = try number(bit, bytes, else: 0)
    io.writeBytes = try number(bit + 1, bytes, else: 0)
    io.readCharacters = try number(bit + 2, bytes, else: 0)
    io.writeCharacters = try number(bit + 3, bytes, else: 0)
    io.readCalls = try number(bit + 4, bytes, else: 0)
    io.writeCalls = try number(bit + 5, bytes, else: 0)
    io.cancelledWriteBytes = try number(bit + 6, bytes, else: 0)
    return io
  }
}
