import Encap

extension AgentHelp {
  static let encap = """
    Packages in folders of their own, linked into a prefix: /usr/local/encap/NAME-VERSION/bin/x is
    /usr/local/bin/x. To upgrade, to go back and to remove is to link anew. It works for any package:
    make DESTDIR=/usr/local/encap/hello-2.12 prefix=/ install, or an archive of such a folder.

    USAGE
      culprit-agent encap install PKGSPEC… [OPTIONS]      link it; other versions are unlinked
      culprit-agent encap upgrade [NAME…] [OPTIONS]       link the newest; no name: all that are linked
      culprit-agent encap rollback NAME… [OPTIONS]        link what was linked before
      culprit-agent encap remove PKGSPEC… [--purge]       unlink it
      culprit-agent encap check [PKGSPEC…]                tell what isn't as it should be
      culprit-agent encap list [NAME…]                    packages, and which are linked
      culprit-agent encap gc --keep N [NAME…]             remove the folders of old versions
      culprit-agent encap unpack NAME-VERSION < ARCHIVE   make the folder of a tar archive

    PKGSPEC is NAME-VERSION[+REVISION], or NAME for the newest.

    OPTIONS
      --source DIR            where the packages are (default \(EncapPlaces.usualSource), or TARGET/encap)
      --target DIR            what they are linked into (default \(EncapPlaces.usualTarget), or the source's parent)
      --dry-run               say what would be done, and do nothing
      --json                  a line of JSON for each package
      --compat                as epkg 2.3.9: link what can be linked, its order of versions, and any
                              folder that becomes empty goes
      --any-platform          also a package that was built for another machine
      --wait D                how long to wait for whoever changes packages just now (default 10s)
      --script-limit D        how long a package's script may run (default 2m)
      --purge                 remove: the package's folder, too
      --keep N                gc: so many versions of each package stay, and whatever is linked
      --sha256 HEX            unpack: refuse an archive with another sum
      --keep-setuid           unpack: leave programs setuid that are

    EXAMPLES
      culprit-agent encap install hello
      culprit-agent encap install hello-2.12 --dry-run
      culprit-agent encap rollback hello
      tar -C hello-2.12 -c . | culprit-agent encap unpack hello-2.12
      culprit-agent encap check || mail -s "drift on $(hostname)" root

    Anything in the way, and nothing is changed: what isn't an Encap link is never touched. A power
    cut in the middle is finished, or undone, by the next command that changes something. Versions
    are in epkg's order, but candidates (1.0rc1) come before their release.

    EXIT CODES
      0 fine   1 failed, or in part   2 wrong use   3 check found something

    """
}
