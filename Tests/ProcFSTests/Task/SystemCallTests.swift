import ProcFS
import Testing

/// Numbers of calls and errors, and what /proc/PID/syscall says.
@Suite("system calls")
struct SystemCallTests {
  #if arch(x86_64)
    @Test("names of calls, of 32-bit programs too")
    func names() {
      #expect(SystemCallNames.name(0) == "read")
      #expect(SystemCallNames.name(257) == "openat")
      #expect(SystemCallNames.name(400) == nil)
      #expect(SystemCallNames.name32(3) == "read")
      #expect(SystemCallNames.name32(295) == "openat")
      #expect(SystemCallNames.name32(403) == "clock_gettime64")
      for (number, name) in SystemCallNames.all { #expect(SystemCallNames.name(number) == name) }
      for (number, name) in SystemCallNames.all32 {
        #expect(SystemCallNames.name32(number) == name)
      }
      // From 424 on all machines have the same.
      let shared = SystemCallNames.all.filter { $0.number >= 424 }
      #expect(shared.count > 30)
      for (number, name) in shared where name != "map_shadow_stack" {
        #expect(SystemCallNames.name32(number) == name)
      }
    }
  #endif

  @Test("names of errors")
  func errors() {
    #expect(ErrorNames.name(2) == "ENOENT")
    #expect(ErrorNames.name(11) == "EAGAIN")
    #expect(ErrorNames.name(110) == "ETIMEDOUT")
    #expect(ErrorNames.name(133) == "EHWPOISON")
    #expect(ErrorNames.name(41) == "errno 41")
    #expect(ErrorNames.name(524) == "errno 524")
  }

  @Test(
    "the descriptor that a call is on",
    arguments: [
      ("0 0x3 0x7ffd 0x1000 0x0 0x0 0x0 0x7ffc 0x7f00\n", 3), ("74 0x7fffffff 0x0\n", 0x7FFF_FFFF),
      ("running\n", nil), ("-1 0x7ffc 0x7f00\n", nil), ("0 0xffffffffffffffff 0x1\n", nil),
      ("0 0x\n", nil), ("0", nil), ("", nil), ("35 7 8\n", nil),
    ] as [(String, Int32?)])
  func descriptor(text: String, expected: Int32?) {
    let bytes = Array(text.utf8)
    #expect(TaskSystemCall.descriptor(bytes.span) == expected)
  }
}
