import Testing

@testable import ProcFS

@Suite("cgroup of a task")
struct ControlGroupTests {
  static let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var path: String
    var unit: String?
    var container: String?
    var testDescription: String { path }
  }

  static let cases: [Case] = [
    Case(text: "0::/\n", path: "/"),
    Case(
      text: "0::/system.slice/nginx.service\n", path: "/system.slice/nginx.service",
      unit: "nginx.service"),
    Case(
      text: "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vim.scope\n",
      path: "/user.slice/user-1000.slice/user@1000.service/app.slice/vim.scope", unit: "vim.scope"),
    Case(
      text: "0::/user.slice/user-1000.slice\n", path: "/user.slice/user-1000.slice",
      unit: "user-1000.slice"),
    Case(
      text: "0::/system.slice/docker-\(id).scope\n", path: "/system.slice/docker-\(id).scope",
      unit: "docker-\(id).scope", container: id),
    Case(
      text: "12:memory:/docker/\(id)\n1:name=systemd:/docker/\(id)\n0::/\n", path: "/docker/\(id)",
      container: id),
    Case(
      text: "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope\n",
      path: "/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope",
      unit: "cri-containerd-\(id).scope", container: id),
    Case(
      text: "0::/kubepods.slice/crio-\(id).scope/container\n",
      path: "/kubepods.slice/crio-\(id).scope/container", unit: "crio-\(id).scope", container: id),
    Case(
      text: "0::/machine.slice/libpod-\(id).scope/container\n",
      path: "/machine.slice/libpod-\(id).scope/container", unit: "libpod-\(id).scope",
      container: id),
    Case(
      text: "5:cpu:/kubepods/burstable/pod12/\(id)\n", path: "/kubepods/burstable/pod12/\(id)",
      container: id),
    Case(text: "4:cpu:/lxc/web1\n", path: "/lxc/web1", container: "web1"),
    Case(text: "0::/lxc.payload.web1/x\n", path: "/lxc.payload.web1/x", container: "web1"),
    Case(
      text:
        "9:name=systemd:/system.slice/cron.service\n8:pids:/a/much/longer/path/than/that/one\n0::/\n",
      path: "/system.slice/cron.service", unit: "cron.service"),
    Case(text: "0::/a.service (deleted)\n", path: "/a.service", unit: "a.service"),
    Case(text: "0::/\u{1B}[2J:x/b\n", path: "/␛[2J:x/b"),
  ]

  @Test("v1 and v2, units and containers", arguments: cases)
  func groups(expected: Case) throws {
    let group = try #require(TaskText.parse(expected.text) { TaskControlGroup($0) })
    #expect(group.path == expected.path && group.unit == expected.unit)
    #expect(group.container == expected.container)
  }

  @Test("no truncation invents a group", arguments: cases)
  func truncations(expected: Case) {
    let paths = expected.text.split(separator: "\n").compactMap { line in
      line.split(separator: ":", maxSplits: 2).last.map(String.init)
    }
    for length in 0..<expected.text.utf8.count {
      let cut = TaskText.parse(Array(expected.text.utf8.prefix(length))) { TaskControlGroup($0) }
      guard let cut else { continue }
      #expect(paths.contains { $0.hasPrefix(cut.path) || cut.path.hasPrefix("/␛") })
    }
  }

  @Test(
    "what is no group is none", arguments: ["", "\n", ":", "::", "0::", "0:x", "0::a\n", "0::/"])
  func garbage(text: String) {
    #expect(TaskText.parse(text) { TaskControlGroup($0) } == nil)
  }
}
