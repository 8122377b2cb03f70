import Bytes
import Testing

/// Where a secret in an argument begins, and that it doesn't end too early.
@Suite struct CommandMaskValueTests {
  @Test(arguments: [
    ("run|--password=my secret|-v", "run --password=*** -v"),
    ("mysql|-pmy secret|db", "mysql -p*** db"),
    ("mysql|-p hunter2|db", "mysql -p*** db"),
    ("run|--password=Tr0ub&4dor|x", "run --password=*** x"),
    ("run|--password=a,b;c}d|x", "run --password=*** x"),
    ("run|--password hunter2 more|x", "run --password *** x"),
    ("run|--password|a\tb\nc|x", "run --password *** x"),
    ("run|--env=PASSWORD=my secret|x", "run --env=PASSWORD=*** x"),
    ("docker|run|-e|PASSWORD=my secret|x", "docker run -e PASSWORD=*** x"),
    ("curl|-d|user=me&password=my secret&x|h", "curl -d user=me&password=*** h"),
    ("psql|host=a password=b c user=d|-l", "psql host=a password=*** -l"),
    ("psql|host=a password = b|-l", "psql host=a password = *** -l"),
    ("run|--dsn=Server=a;Pwd=b c;Database=d|x", "run --dsn=Server=a;Pwd=*** x"),
    ("mount|-o|user=a,password=b,c|x", "mount -o user=a,password=*** x"),
    ("openssl|rsa|-passin|pass:my secret|-x", "openssl rsa -passin pass:*** -x"),
    ("sshpass|-p|-hunter2|ssh|a", "sshpass -p *** ssh a"),
    ("curl|-u|me:my secret|h", "curl -u me:*** h"),
  ])
  func aSecretEndsWithItsArgument(arguments: String, expected: String) {
    #expect(shown(arguments) == expected)
  }

  @Test(arguments: [
    ("curl|https://h/?a=1&token=b c&d=e|-s", "curl https://h/?a=1&token=***&d=e -s"),
    ("curl|https://h/?token=b&secret=c", "curl https://h/?token=***&secret=***"),
    ("curl|/x?token=b;c&d=e", "curl /x?token=***&d=e"),
    ("run|--url=https://h/?password=b&d=e", "run --url=https://h/?password=***&d=e"),
    ("psql|postgres://u:my secret@h/x|-l", "psql postgres://u:***@h/x -l"),
    ("psql|postgres://u:a/b?c#d@h/x|-l", "psql postgres://u:***@h/x -l"),
    ("run|amqp://u:a@h1,amqp://u:b@h2", "run amqp://u:***@h1,amqp://u:***@h2"),
    ("curl|http://h:80/a@b http://[::1]:80/c@d", "curl http://h:80/a@b http://[::1]:80/c@d"),
  ])
  func urlsKeepTheRest(arguments: String, expected: String) {
    #expect(shown(arguments) == expected)
  }

  @Test(arguments: [
    ("run|{\"password\":\"a, b} c\",\"d\":1}|x", "run {\"password\":***,\"d\":1} x"),
    ("run|{\"password\": \"a \\\" b\", \"d\": 1}", "run {\"password\": ***, \"d\": 1}"),
    ("run|{\\\"password\\\":\\\"a,b\\\",c}", "run {\\\"password\\\":***,c}"),
    ("run|{'token': 12, 'd': 1}", "run {'token': ***, 'd': 1}"),
    ("run|{\"password\":[\"a\",\"b\"]}|x", "run {\"password\":*** x"),
    ("run|{\"password\":\"a\"b\"}|x", "run {\"password\":*** x"),
    ("run|{\"password\":\"never closed, d}|x", "run {\"password\":*** x"),
  ])
  func jsonKeepsTheRest(arguments: String, expected: String) {
    #expect(shown(arguments) == expected)
  }

  @Test(arguments: [
    ("curl|-H|Authorization: Bearer x|h", "curl -H Authorization: *** *** ***"),
    ("curl|-H|Authorization: Basic -x|-s", "curl -H Authorization: *** *** -s"),
    ("curl|-H|X-Api-Key: x|-s", "curl -H X-Api-Key: *** -s"),
    ("curl|-H|X-Api-Key:x y|-s", "curl -H X-Api-Key:*** -s"),
    ("curl|-H|X-Auth: x -y http://z|-s", "curl -H X-Auth: *** *** *** -s"),
    ("curl|-HPRIVATE-TOKEN: x|-s", "curl -HPRIVATE-TOKEN: *** -s"),
    (
      "git|-c|http.extraHeader=Authorization: Basic x|-C|y",
      "git -c http.extraHeader=Authorization: *** *** -C y"
    ),
    ("curl|-H|Accept: text/plain|h", "curl -H Accept: text/plain h"),
  ])
  func headersAreMasked(arguments: String, expected: String) {
    #expect(shown(arguments) == expected)
  }

  @Test(arguments: [
    "masterauth", "requirepass", "dbpass", "db-pass", "pwd", "passwd", "passphrase", "credential",
    "credentials", "apikey", "api-key", "dbPass", "auth", "src-creds", "storepass",
  ])
  func namesAreSecret(name: String) {
    #expect(shown("run|--\(name)|hunter2|x") == "run --\(name) *** x")
    #expect(shown("run|--\(name)=hunter2|x") == "run --\(name)=*** x")
    #expect(CommandMask.masked("run --\(name) hunter2 x") == "run --\(name) *** x")
  }

  /// Scripts of shells, where a secret in quotes may end anywhere.
  @Test(arguments: [
    ("sh|-c|mysql -pX db", "sh -c mysql -p*** db"),
    ("sh|-c|cd /x; /usr/bin/mysql -pX db", "sh -c cd /x; /usr/bin/mysql -p*** db"),
    ("sh|-c|x=$(mysql -pX db)", "sh -c x=$(mysql -p*** db)"),
    ("sh|-c|'mysql' -pX db", "sh -c 'mysql' -p*** db"),
    ("sh|-c|mysql -p'my secret' db|x", "sh -c mysql -p*** x"),
    ("sh|-c|mysql \"-pmy secret\" db|x", "sh -c mysql \"-p*** x"),
    ("sh|-c|run --password 'my secret' db|x", "sh -c run --password *** x"),
    ("sh|-c|TOKEN=x run", "sh -c TOKEN=***"),
    ("sh|-c|line\nmysql\t-pX\ndb", "sh -c line\nmysql\t-p***\ndb"),
    ("bash|-c|curl -su me:X h", "bash -c curl -su me:*** h"),
    ("psql|-c|ALTER USER a PASSWORD 'b c'|x", "psql -c ALTER USER a PASSWORD *** x"),
    ("mysql|-e|CREATE USER a IDENTIFIED BY 'b c'|x", "mysql -e CREATE USER a IDENTIFIED BY *** x"),
  ])
  func scriptsAreMasked(arguments: String, expected: String) {
    #expect(shown(arguments) == expected)
  }
}
