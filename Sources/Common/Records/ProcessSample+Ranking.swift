extension ProcessSample {
  /// The order of those who move bytes: by bytes to and from devices, then by bytes read and
  /// written at all, then by CPU time.
  public func comesBefore(_ other: ProcessSample) -> Bool {
    let (leftIO, rightIO) = (io.value ?? IOCounters(), other.io.value ?? IOCounters())
    let leftBytes = leftIO.deviceBytes &+ reaped.deviceBytes
    let rightBytes = rightIO.deviceBytes &+ other.reaped.deviceBytes
    if leftBytes != rightBytes { return leftBytes > rightBytes }
    let leftCharacters = leftIO.readCharacters &+ leftIO.writeCharacters
    let rightCharacters = rightIO.readCharacters &+ rightIO.writeCharacters
    if leftCharacters != rightCharacters { return leftCharacters > rightCharacters }
    if cpuNanoseconds != other.cpuNanoseconds { return cpuNanoseconds > other.cpuNanoseconds }
    return id.pid < other.id.pid
  }
}
