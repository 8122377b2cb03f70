import Bytes
import Testing

/// Programs that take passwords in ways of their own.
@Suite struct CommandMaskProgramTests {
  @Test(arguments: [
    ("curl|-uadmin:hunter2|h", "curl -uadmin:*** h"),
    ("curl|-su|admin:hunter2|h", "curl -su admin:*** h"),
    ("curl|-sSfuadmin:hunter2|h", "curl -sSfuadmin:*** h"),
    ("curl|--user=admin:hunter2|h", "curl --user=admin:*** h"),
    ("curl|-ofu|a:b|h", "curl -ofu a:b h"),
    ("curl|-a|http://h/x", "curl -a http://h/x"),
    ("wget|--http-password|hunter2|h", "wget --http-password *** h"),
    ("wget|--http-password=hunter2|h", "wget --http-password=*** h"),
    ("docker|login|-u|me|-p|hunter2", "docker login -u me -p ***"),
    ("docker|--context|x|login|-phunter2", "docker --context x login -p***"),
    ("podman|login|-p|hunter2|h", "podman login -p *** h"),
    ("mongorestore|-p|hunter2|x", "mongorestore -p *** x"),
    ("mongodump|-p|hunter2|x", "mongodump -p *** x"),
    ("mongosh|-p|hunter2|x", "mongosh -p *** x"),
    ("mongo|-p|hunter2|x", "mongo -p *** x"),
    ("mongo|-p|--host|x", "mongo -p --host x"),
    ("zip|-P|hunter2|a.zip", "zip -P *** a.zip"),
    ("zip|-Phunter2|a.zip", "zip -P*** a.zip"),
    ("zip|-rP|hunter2|a.zip", "zip -rP *** a.zip"),
    ("unzip|-P|hunter2|a.zip", "unzip -P *** a.zip"),
    ("7z|a|-phunter2|x", "7z a -p*** x"),
    (
      "redis-server|--requirepass|hunter2|--masterauth|x",
      "redis-server --requirepass *** --masterauth ***"
    ),
    ("redis-cli|-a|hunter2|ping", "redis-cli -a *** ping"),
    ("redis-cli|--askpass|ping", "redis-cli --askpass ping"),
    ("redis-cli|config|set|requirepass|hunter2", "redis-cli config set requirepass ***"),
    ("redis-cli|AUTH|hunter2", "redis-cli AUTH ***"),
    ("ipmitool|-U|a|-P|hunter2|power", "ipmitool -U a -P *** power"),
    ("sqlcmd|-S|h|-P|hunter2|-i|x", "sqlcmd -S h -P *** -i x"),
    ("sqlplus|scott/tiger@db|@/a/b", "sqlplus scott/***@db @/a/b"),
    ("sqlplus|-s|scott/my tiger", "sqlplus -s scott/***"),
    ("/opt/bin/sqlplus|/|as|sysdba", "/opt/bin/sqlplus / as sysdba"),
    ("smbclient|//h/x|-U|user%hunter2", "smbclient //h/x -U user%***"),
    ("smbclient|//h/x|hunter2|-U|me", "smbclient //h/x *** -U me"),
    ("rpcclient|-Uuser%hunter2|h", "rpcclient -Uuser%*** h"),
    ("openssl|enc|-aes256|-k|hunter2|-in|x", "openssl enc -aes256 -k *** -in x"),
    (
      "openssl|rsa|-passin|pass:x|-passout|pass:y", "openssl rsa -passin pass:*** -passout pass:***"
    ),
    ("openssl|enc|-pass|pass:x|-in|y", "openssl enc -pass *** -in y"),
    ("openssl|passwd|-6|hunter2", "openssl passwd -6 ***"),
    ("htpasswd|-b|file|user|hunter2", "htpasswd -b file user ***"),
    ("htpasswd|-nbB|user|hunter2", "htpasswd -nbB user ***"),
    ("htpasswd|-bBC|10|file|user|hunter2", "htpasswd -bBC 10 file user ***"),
    ("htpasswd|-c|file|user", "htpasswd -c file user"),
    ("sshpass|-p|hunter2|ssh|-p|22|a", "sshpass -p *** ssh -p 22 a"),
    ("sshpass|-phunter2|ssh|a", "sshpass -p*** ssh a"),
    ("rclone|obscure|hunter2", "rclone obscure ***"),
    ("rclone|--sftp-pass|x|ls", "rclone --sftp-pass *** ls"),
    ("rclone|config|create|a|sftp|pass|x", "rclone config create a sftp pass ***"),
    ("xfreerdp|/u:me|/p:hunter2|/v:h", "xfreerdp /u:me /p:*** /v:h"),
    ("xfreerdp3|/p:my secret|/v:h", "xfreerdp3 /p:*** /v:h"),
    ("wpa_passphrase|ssid|hunter2", "wpa_passphrase ssid ***"),
    ("rabbitmqctl|add_user|me|hunter2", "rabbitmqctl add_user me ***"),
    ("lftp|-u|me,hunter2|h", "lftp -u me,*** h"),
  ])
  func passwordsAreMasked(arguments: String, expected: String) {
    #expect(shown(arguments) == expected)
  }

  @Test(arguments: ["ldapadd", "ldapmodify", "ldapsearch", "ldapdelete", "ldappasswd"])
  func ldapPasswordsAreMasked(program: String) {
    #expect(shown("\(program)|-w|hunter2|x") == "\(program) -w *** x")
    #expect(shown("\(program)|-whunter2|x") == "\(program) -w*** x")
    #expect(shown("\(program)|-xw|hunter2|x") == "\(program) -xw *** x")
  }

  @Test(arguments: [
    "/usr/bin/mysql", "sudo|mysql", "env|A=b|mysql", "nice|-n|5|mysql", "timeout|5|mysql",
    "sudo|-u|me|/opt/x/mysqldump", "docker|exec|db|mysql",
  ])
  func programsAreFound(program: String) {
    let start = program.split(separator: "|").joined(separator: " ")
    #expect(shown("\(program)|-phunter2|x") == "\(start) -p*** x")
    #expect(CommandMask.masked("\(start) -phunter2 x") == "\(start) -p*** x")
  }

  @Test(arguments: [
    ("mysqladmin|password|hunter2", "mysqladmin password ***"),
    ("mysqladmin|-u|root|password|my secret", "mysqladmin -u root password ***"),
    ("aws|configure|set|aws_secret_access_key|X", "aws configure set aws_secret_access_key ***"),
    (
      "aws|configure|set|default.aws_session_token|X",
      "aws configure set default.aws_session_token ***"
    ),
    ("nmcli|dev|wifi|connect|a|password|X", "nmcli dev wifi connect a password ***"),
    ("nmcli|c|modify|a|wifi-sec.psk|X", "nmcli c modify a wifi-sec.psk ***"),
    ("run|passphrase|X|y", "run passphrase *** y"),
    ("passwd|root", "passwd root"), ("sudo|passwd|root", "sudo passwd root"),
    ("nice|-n|5|passwd|root", "nice -n 5 passwd root"),
    ("sh|-c|cd /; passwd root", "sh -c cd /; passwd root"),
    ("getent|passwd|root", "getent passwd root"),
    ("cat|/etc/passwd|/run/secrets/x|y", "cat /etc/passwd /run/secrets/x y"),
    ("ansible-playbook|secrets.yml|site.yml", "ansible-playbook secrets.yml site.yml"),
  ])
  func plainWordsAnnounce(arguments: String, expected: String) {
    #expect(shown(arguments) == expected)
  }
}
