import Records
import Testing

@testable import Sampling

/// Which mount a waiting task's file is on, from recorded files.
@Suite struct FileSystemOfWaitTests {
  @Test(
    arguments: [
      ("0 0x7 0x7ffd00 0x1000 0x0 0x0 0x0 0x7ffd 0x7f\n", 7), ("0 0x1f 0x0\n", 31),
      ("running\n", nil), ("-1 0x7ffd 0x7f\n", 0x7ffd), ("0 0xffffffffffffffff 0x0", nil),
      ("0 0x 0x1", nil), ("0 7 8", nil), ("0 0xg 0x1", nil), ("", nil), ("0", nil),
    ] as [(String, Int64?)])
  func theFirstArgument(text: String, argument: Int64?) {
    #expect(FileSystemOfWait.firstArgument(Array(text.utf8).span) == argument)
  }

  @Test(
    arguments: [
      ("pos:\t0\nflags:\t0100000\nmnt_id:\t29\nino:\t6\n", 29), ("mnt_id:\t4", 4),
      ("pos:\t0\nflags:\t02\n", nil), ("mnt_id:\n", nil), ("xmnt_id:\t3\n", nil), ("", nil),
    ] as [(String, Int64?)])
  func theMountsNumber(text: String, number: Int64?) {
    #expect(FileSystemOfWait.mountID(Array(text.utf8).span) == number)
  }

  private static let mounts = """
    22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
    290 22 0:52 / /mnt/a\\040-\\040b rw - fuse.sshfs host:/ rw
    29 22 0:5 / /dev rw - devtmpfs - rw
    31 22 0:6 / /cut rw
    """

  @Test(
    arguments: [(22, "ext4"), (290, "fuse.sshfs"), (29, "devtmpfs"), (31, nil), (2, nil)]
      as [(Int64, String?)])
  func theMountsType(mount: Int64, type: String?) {
    #expect(FileSystemOfWait.type(ofMount: mount, Array(Self.mounts.utf8).span) == type)
  }

  @Test func everyTruncationIsSurvived() {
    let bytes = Array(Self.mounts.utf8)
    for end in 0...bytes.count {
      let cut = Array(bytes[..<end])
      _ = FileSystemOfWait.type(ofMount: 290, cut.span)
      _ = FileSystemOfWait.mountID(cut.span)
      _ = FileSystemOfWait.firstArgument(cut.span)
    }
  }
}
