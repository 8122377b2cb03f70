import Records
import Testing

/// The sentences, word by word.
@Suite struct VerdictTests {
  private func verdict(_ script: HostScript, _ phase: Phase) -> String? {
    Told(script.samples([.calm(60), phase, .calm(60)])).closed.first?.verdict
  }

  @Test func cpu() {
    #expect(
      verdict(HostScript(), .cpu(60, r: 9))
        == "cpu: 9 tasks runnable on average, CPU 99 % busy; load 5.7 on 4 CPUs")
    #expect(
      verdict(HostScript(cpus: 1, loadEvery: nil), .cpu(60, r: 9, us: 12, sy: 88))
        == "cpu: 9 tasks runnable on average, CPU 100 % busy, mostly in the kernel (88 %); 1 CPU")
    var stolen = Phase.cpu(60, r: 9, us: 40, sy: 5)
    stolen.columns[.st] = 52
    #expect(
      verdict(HostScript(cpus: nil, loadEvery: nil), stolen)
        == "cpu: 9 tasks runnable on average, CPU 45 % busy, 52 % stolen by the hypervisor")
  }

  @Test func disk() {
    var phase = Phase.disk(60, b: 7, bi: 100, bo: 49_152)
    phase.columns[.us] = 12
    #expect(
      verdict(HostScript(), phase)
        == "disk: 7 tasks blocked on average while 48 MiB/s were written, CPU 12 % busy; "
        + "load 4.4 on 4 CPUs")
    #expect(
      verdict(HostScript(loadEvery: nil), .disk(60, b: 7, bi: 1_572_864, bo: 0))
        == "disk: 7 tasks blocked on average while 1.5 GiB/s were read, CPU 0 % busy; 4 CPUs")
    #expect(
      verdict(HostScript(loadEvery: nil), .disk(60, b: 7, bi: 300, bo: 1536))
        == "disk: 7 tasks blocked on average while 300 KiB/s were read and 1.5 MiB/s written, "
        + "CPU 0 % busy; 4 CPUs")
  }

  @Test func swap() {
    #expect(
      verdict(HostScript(), .swap(60, b: 13, si: 3316, so: 467))
        == "swap: 13 tasks blocked and 0 runnable on average while 3.2 MiB/s were swapped in and "
        + "467 KiB/s out, CPU 5 % busy; load 8.2 on 4 CPUs")
  }

  @Test func unclear() {
    #expect(
      verdict(HostScript(), .disk(60, b: 3, bo: 8))
        == "unclear: 3 tasks blocked on average while devices moved only 8 KiB/s: a device or a "
        + "network file system that doesn't answer; load 1.9 on 4 CPUs")
    #expect(
      verdict(HostScript(loadEvery: nil), .disk(60, b: 3, bo: 8))
        == "unclear: 3 tasks blocked on average while devices moved only 8 KiB/s: a device that "
        + "doesn't answer, or sleepers in io_uring, which Linux counts as blocked (the load "
        + "average would tell); 4 CPUs")
    #expect(
      verdict(HostScript(), Phase(seconds: 240, columns: [.r: 1, .us: 3], hidden: 6))
        == "unclear: the load average holds 5.9 more tasks than r and b show (r 1, b 0, CPU 3 % "
        + "busy): tasks in D that vmstat's b doesn't count, as on NFS, locks or a frozen file "
        + "system; load 6.9 on 4 CPUs")
    #expect(
      verdict(HostScript(), .cpu(240, r: 9, us: 50, sy: 0))
        == "unclear: the load average stands for 9 tasks active at a time, but r was 9, b 0 and "
        + "the CPU only 50 % busy; load 8.8 on 4 CPUs")
  }
}
