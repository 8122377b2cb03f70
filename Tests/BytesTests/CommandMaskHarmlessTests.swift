import Bytes
import Testing

/// What has no secret stays as it is; what isn't a command line at all does no harm.
@Suite struct CommandMaskHarmlessTests {
  @Test(arguments: [
    "tar -p -xf a.tar", "tar -xpf a.tar", "mkdir -p /a/b", "ssh -p 22 web1", "ssh -p22 web1",
    "docker run -p 80:80 nginx", "docker run --name mongo -p 27017:27017 mongo",
    "docker run -p 8080:80/tcp -u me nginx", "podman run -u 1000:1000 -p 80:80 x",
    "psql -p 5432 db", "cp -a x y", "cp -P x y", "git log --author me x", "git log --author=me x",
    "run --bypass-cache x", "run --compass x", "run --bypass x", "run --bypass=x",
    "run --compass=north y", "run --bypass-cache=on y", "BYPASS_CACHE=1 run",
    "ssh -i /home/me/.ssh/id web1", "run --key-file /a/b x", "run --keyfile /a/b x",
    "mysql -u root -h db1 -P 3306 db", "psql --no-password db", "ldapsearch -x -s sub -b dc=x y",
    "ansible-playbook --ask-pass site.yml", "docker login --password-stdin registry",
    "curl -sSf -o out http://h/a?b=c&d=e", "scp -P 22 a b:/c", "grep -w word file",
    "mongod --noauth x", "sqlite3 a/b c", "rsync -a --passive x y", "net use x",
    "java -Xmx1g -jar x.jar --port 80", "sh -c echo it's && grep -p x",
    "openssl x509 -in a/b -noout", "sed -n s/a=b;c/d/ x", "zip -r a.zip b",
  ])
  func theseStay(command: String) {
    #expect(CommandMask.masked(command) == command)
    #expect(shown(command.split(separator: " ").joined(separator: "|")) == command)
  }

  /// Noise, and noise made of the words the mask knows: it never traps, and never grows a byte to
  /// more than what is shown of a secret.
  @Test(arguments: 0..<40)
  func anyBytesAreTaken(seed: UInt64) {
    var random = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
    for _ in 0..<60 {
      let bytes = Self.noise(&random)
      let masked = CommandMask.masked(arguments: bytes.span)
      #expect(masked.count <= 3 * bytes.count)
      let line = CommandMask.masked(String(decoding: bytes, as: UTF8.self))
      // Each byte may have become U+FFFD, three bytes, before it was masked.
      #expect(line.utf8.count <= 9 * bytes.count)
    }
  }

  /// Every beginning of lines that use all the rules, as a read of bounded length leaves them.
  @Test(arguments: [
    "sh\0-c\0mysql '-pa b' && curl -su a:b http://u:p@h/?token=a&b=c\0",
    "run\0{\"password\": \"a\\\"b\", \\\"token\\\":\\\"c\\\"}\0--password=a b\0-H\0Cookie: a; b\0",
    "sqlplus\0-s\0a/b@c\0htpasswd\0-bC\05\0f\0u\0p\0smbclient\0-Ua%b\0//h/s\0p\0",
  ])
  func anyBeginningIsTaken(line: String) {
    let bytes = Array(line.utf8)
    for end in 0...bytes.count {
      let masked = CommandMask.masked(arguments: bytes.span.extracting(0..<end))
      #expect(masked.count <= 3 * end)
    }
  }

  private static let pieces = [
    "mysql", "curl", "sqlplus", "docker", "login", "-p", "-u", "-su", "--password", "=", ":", "://",
    "@", "/", "?", "&", "\"", "'", "\\", "{", "}", ",", ";", " ", "\0", "\t", "password", "token",
    "Authorization", "htpasswd", "-b", "smbclient", "-U", "%", "//", "by", "identified", "(", "-",
  ].map { Array($0.utf8) }

  private static func noise(_ random: inout Xorshift) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 0..<60, using: &random) {
      if Bool.random(using: &random), let piece = pieces.randomElement(using: &random) {
        bytes += piece
      } else {
        bytes.append(UInt8.random(in: 0...255, using: &random))
      }
    }
    return bytes
  }
}

/// The same noise in every run.
private struct Xorshift: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
