import CBPF

/// A buffer that programs write records into, and who wants them just now.
final class BPFRing {
  private var ring: OpaquePointer?
  private var body: ((borrowing BPFTask) -> Void)?

  init?(map: Int32) {
    // The callback runs inside take() only, while `self` is alive.
    ring = culprit_bpf_open_ring(
      map,
      { context, record, length in
        guard let context, let record else { return }
        let ring = Unmanaged<BPFRing>.fromOpaque(context).takeUnretainedValue()
        let bytes = UnsafeRawBufferPointer(start: record, count: length)
        _ = BPFTask.read(bytes, at: 0) { ring.body?($0) }
      }, Unmanaged.passUnretained(self).toOpaque())
    if ring == nil { return nil }
  }

  /// Gives all records there are.
  func take(_ body: (borrowing BPFTask) -> Void) {
    guard let ring else { return }
    withoutActuallyEscaping(body) { body in
      self.body = body
      _ = culprit_bpf_take(ring)
      self.body = nil
    }
  }

  func close() {
    if let ring { culprit_bpf_close_ring(ring) }
    ring = nil
  }
}
