import Bytes
import Testing

/// Secrets in command lines.
@Suite struct CommandMaskTests {
  @Test(arguments: [
    ("mysql -uroot -phunter2 db", "mysql -uroot -p*** db"),
    ("/usr/bin/mysqldump -pa/b=c db", "/usr/bin/mysqldump -p*** db"),
    ("mysql -p db", "mysql -p db"),
    ("ssh -p2222 web1", "ssh -p2222 web1"),
    ("sshpass -p hunter2 ssh web1", "sshpass -p *** ssh web1"),
    ("redis-cli -a hunter2 ping", "redis-cli -a *** ping"),
    ("curl -u me:hunter2 http://web1/", "curl -u me:*** http://web1/"),
    ("curl -H Authorization:secret x", "curl -H Authorization:*** ***"),
    (
      "curl -H Authorization: Bearer abc.def -s https://web1/x",
      "curl -H Authorization: *** *** -s https://web1/x"
    ),
    ("run --password hunter2 --user me", "run --password *** --user me"),
    ("run --password --user me", "run --password --user me"),
    ("run --db-password=hunter2", "run --db-password=***"),
    ("API_TOKEN=abc run", "API_TOKEN=*** run"),
    ("psql postgres://me:hunter2@db1/x", "psql postgres://me:***@db1/x"),
    ("git clone https://ghp_abc@github.com/x", "git clone https://***@github.com/x"),
    ("curl https://h/?a=1&access_token=abc&b=2", "curl https://h/?a=1&access_token=***&b=2"),
    ("run {\"password\":\"hunter2\"}", "run {\"password\":***}"),
    ("openssl pkcs12 -passin pass:hunter2", "openssl pkcs12 -passin pass:***"),
    ("curl http://web1/a:b@c", "curl http://web1/a:b@c"),
    ("rsync -avz /srv backup:/srv", "rsync -avz /srv backup:/srv"),
    ("tar -cf /mnt/x --exclude=tmp y", "tar -cf /mnt/x --exclude=tmp y"),
    ("postgres: checkpointer ", "postgres: checkpointer "),
    ("dd if=/dev/zero of=/srv/key=1", "dd if=/dev/zero of=/srv/key=***"),
  ])
  func secretsAreMasked(command: String, shown: String) {
    #expect(CommandMask.masked(command) == shown)
  }

  /// What the issue asks for: PASS, TOKEN, SECRET or KEY anywhere in the name of a variable, and
  /// programs that another one runs.
  @Test(arguments: [
    (
      "env DBPASS=a MYKEY=b GH_TOKEN=c CLIENT_SECRET=d e=f",
      "env DBPASS=*** MYKEY=*** GH_TOKEN=*** CLIENT_SECRET=*** e=f"
    ),
    ("sudo mysql -phunter2", "sudo mysql -p***"),
    ("timeout 5 sshpass -p hunter2 ssh a", "timeout 5 sshpass -p *** ssh a"),
    ("sh -c curl -u me:hunter2 x", "sh -c curl -u me:*** x"),
    ("", ""), ("=", "="), ("a", "a"), ("--token", "--token"), ("x --token ", "x --token "),
  ])
  func theRestIsMasked(command: String, shown: String) {
    #expect(CommandMask.masked(command) == shown)
  }

  /// Arguments as the kernel has them, ended by NULs: one with blanks is one secret.
  @Test(arguments: [
    ("run\0--password\0my long secret\0-v\0", "run --password *** -v"),
    ("curl\0-H\0Authorization: Bearer abc\0-s\0", "curl -H Authorization: *** *** -s"),
    ("sh\0-c\0mysql -phunter2 db\0", "sh -c mysql -p*** db"),
    ("curl\0-H\0Cookie: a=b; c=d\0x\0", "curl -H Cookie: *** *** ***"),
    ("postgres: checkpointer\0\0\0\0", "postgres: checkpointer"),
    ("", ""), ("\0", ""), ("a\0\0b\0", "a  b"),
  ])
  func argumentsAreMasked(command: String, shown: String) {
    let bytes = Array(command.utf8)
    #expect(String(decoding: CommandMask.masked(arguments: bytes.span), as: UTF8.self) == shown)
  }

  /// Lines made to cost much: many names, no blanks.
  @Test(arguments: [
    "a:", "a=", "://", "password:", "-p", "&", "\"", "key=;", "curl ", "passwd ", "a\0", "://a:b",
    "?a=&",
  ])
  func noLineCostsMuch(piece: String) {
    let line = String(repeating: piece, count: 4096 / piece.utf8.count)
    let start = ContinuousClock.now
    for _ in 0..<10 {
      _ = CommandMask.masked("curl " + line)
      _ = CommandMask.masked(arguments: Array(line.utf8).span)
    }
    #expect(ContinuousClock.now - start < .seconds(10))
  }
}
