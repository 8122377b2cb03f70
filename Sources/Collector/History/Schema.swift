import GRDB

/// The tables of the history, and the views that anyone may query with `sqlite3`.
///
/// ## The views: stable, for everyone
/// Times are the host's clock: `…_ns` is nanoseconds since 1970-01-01T00:00:00Z, the column
/// beside it the same moment as RFC 3339 UTC text. Select spans by `time_ns`: the rows are kept
/// in its order, so `WHERE time_ns BETWEEN … AND …` reads only the span.
///
/// **vmstat**: one row per reading of a host.
///
/// | column | meaning |
/// |---|---|
/// | `host`, `source` | the fleet file's name of it; `vmstat` or `agent` (live), `import` (a saved log) |
/// | `time`, `time_ns` | end of the interval the row covers |
/// | `r` `b` | tasks running or waiting for a CPU; blocked in I/O wait |
/// | `swpd` `free` `buff` `cache` | memory, KiB |
/// | `si` `so` `bi` `bo` | swapped in, out; blocks read, written: KiB/s |
/// | `in` `cs` | interrupts, context switches per second (`in` is a keyword: write `"in"`) |
/// | `us` `sy` `id` `wa` `st` `gu` | CPU time, per cent |
/// | `inact` `active` | memory, KiB (`vmstat -a`) |
/// | `load1` `load5` `load15` | load averages; read every few seconds, NULL in between |
/// | `cpus` | CPUs online |
///
/// A column that the host's vmstat doesn't print is NULL, never 0.
///
/// **episode**: one row per load spike. `episode` (its number), `host`, `start`, `start_ns`,
/// `peak`, `peak_ns`, `end`, `end_ns` (its last row so far while `open` is 1), `open`, `kind`
/// (`cpu`, `disk`, `swap`, `unclear`), `load1_peak`, `runnable_peak`, `blocked_peak`, `cpus`,
/// `verdict`.
///
/// **host**: one row per host. `host`, `address`, `state`, `since`, `retry_at` (the collector's
/// clock), `reconnects`, `last_error`, `cpus`, `clock_offset` (seconds its clock is ahead of the
/// collector's), `last_row` (time of the row it sent last), `rows` (rows stored), `through` (what
/// its rows come through: the agent and its engine, or vmstat), `spool_hours` (how long its agent
/// keeps frames while no collector is there, NULL where it doesn't), `frames_to_come` (kept there
/// and not here yet, NULL while the host isn't connected), `spool_problem`.
///
/// **suspect**: who waited and who moved bytes; `did` says which.
///
/// `waits`: one row per task that was seen to wait, and look: in uninterruptible sleep (`D`), and
/// where an agent looks for a file lock or a FUSE server too. `host`, `source` (`agent`, or `ps`
/// where there is none), `time`, `time_ns`, `pid`, `tid`, `state`, `user`, `wait_channel` (the
/// kernel function it sleeps in, NULL where unknown), `elapsed_s` (since its start; of ps only),
/// `command` (secrets masked), `wait_reason` (what it waits for, NULL without an agent or where it
/// doesn't know), `wait_s` (how long, NULL without an agent), `wait_class`, `syscall`, `stack`
/// (kernel functions, the innermost first), `holders` (pids that hold what it waits for),
/// `lock_path`. An agent looks at each tick; of looks that say the same one each ten seconds is
/// kept.
///
/// `moves`: one row per process and ten seconds in which an agent saw it move bytes to or from
/// devices, or use more than a tenth of a CPU; `time` is where the ten seconds begin. `covered_s`
/// (how much of them there were readings of), `read_bytes`, `write_bytes`, `cancelled_bytes`
/// (dirty pages that it threw away), `reaped_read_bytes`, `reaped_write_bytes` (of children that
/// nobody saw alive), `cpu_ms`. NULL is what could not be read. The row without `pid` sums up
/// those that a tick had no room for.
///
/// Of both, with an agent: `start_time` (clock ticks since boot: with `pid`, the process's
/// identity), `comm`, `unit`, `container`, `ancestors`.
///
/// **disk**: one row per block device and ten seconds in which it wasn't idle. `host`, `time`,
/// `time_ns`, `disk`, `layer` (`physical`, `stacked` on others, `memory`: sum one layer only),
/// `covered_s`, `reads`, `writes`, `read_bytes`, `write_bytes`, `await_ms` (mean of a request),
/// `busy_ms`, `in_flight` (the most at the end of a tick).
///
/// **pressure**: one row per host and ten seconds: `covered_s`, `cpu_some_us`, `io_some_us`,
/// `io_full_us`, `memory_some_us`, `memory_full_us` (stalled time, NULL without PSI), `dirty_kib`,
/// `writeback_kib` (the most), `swap_total_kib`, `swap_free_kib` (the least).
///
/// **gap**: one row per run of frames of an agent that are gone for good. `host`, `from`, `from_ns`,
/// `to`, `to_ns` (the host's times of the frames beside it, NULL where there is none), `first`,
/// `last` (their numbers), `frames`, `reason` (`spool-full`, `spool-failed`, `damaged`,
/// `agent-ended`, `not-kept`, `unknown`, or `before`: from before the host was known), `noted` (the
/// collector's clock).
///
/// **traced**: one row per trace and host. `trace` (its number, which several hosts may share: see
/// `culprit traces show`), `host`, `time`, `time_ns`, `end`, `end_ns`, `asked` (the collector's clock),
/// `cause` (`asked` by somebody, or by the policy for an `episode`), `selection` (whom it was to look
/// at), `episode` (the spike that it was made for, or else overlaps; NULL where there is none),
/// `engine`, `matched`, `attached`, `verified` (seen free afterwards), `skipped`, `notices`.
///
/// **traced_process**: one row per process that was traced. `trace`, `host`, `time`, `time_ns`, `rank`
/// (on its host, from 1), `pid`, `start_time`, `comm`, `user`, `command`, `unit`, `container`,
/// `threads`, `traced_s`, `ending`, `calls`, `read_bytes`, `write_bytes` (of files), `sync_calls`,
/// `blocked_s` (in calls about files, all threads together), `errors`, `lost_calls`, `io_uring`,
/// `verdict`.
///
/// **traced_file**: one row per such process and file, the most time first. `trace`, `host`, `time`,
/// `time_ns`, `rank` (the process's), `pid`, `comm`, `path`, `calls`, `read_bytes`, `write_bytes`,
/// `sync_calls`, `spent_s`.
///
/// **retention**: one row per run of retention that deleted something, the newest thousand.
/// `at` (the collector's clock), `reason` (`age`, `size`, `age+size`), `rows`, `episodes`
/// (deleted), `first`, `last` (times of the rows deleted), `bytes_before`, `bytes_after`
/// (database and write-ahead log).
///
/// ## The tables: ours, they may change with each migration
/// `tick` holds the rows, clustered by time so that a second of the whole fleet falls on adjacent
/// pages and old spans are cut off at one end; `spike` the episodes; `sighting` the tasks seen to
/// wait; `trace` and what begins so the traces; `server` what is known of a host, `server_rows` the counters that each batch moves, narrow for that reason.
enum Schema {
  /// "CULP", in the header of the file (https://www.sqlite.org/pragma.html#pragma_application_id).
  static let applicationID: Int64 = 0x4355_4C50

  /// Also the file's `user_version`.
  static var version: Int { migrator.migrations.count }

  /// A migration that has been released never changes: what must change comes as the next one.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(sql: tables1 + views1)
      // In the same transaction, so that a file is either empty or wholly ours.
      try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = 1")
    }
    migrator.registerMigration("2") { db in
      try db.execute(sql: tables2 + views2 + "PRAGMA user_version = 2")
    }
    migrator.registerMigration("3") { db in
      try db.execute(sql: tables3 + views3 + "PRAGMA user_version = 3")
    }
    migrator.registerMigration("4") { db in
      try db.execute(sql: tables4 + views4 + "PRAGMA user_version = 4")
    }
    migrator.registerMigration("5") { db in
      try db.execute(sql: tables5 + views5 + "PRAGMA user_version = 5")
    }
    return migrator
  }

  /// What agents say.
  private static let tables3 = """
    ALTER TABLE sighting ADD COLUMN wait_reason TEXT;
    ALTER TABLE sighting ADD COLUMN wait_s REAL;
    ALTER TABLE server ADD COLUMN through TEXT;

    """

  private static let views3 = """
    DROP VIEW suspect;
    CREATE VIEW suspect AS SELECT
      server.name AS host,
      CASE source WHEN 1 THEN 'ps' WHEN 2 THEN 'agent' ELSE source END AS source,
      \(rfc3339("time_ns")) AS time, time_ns,
      pid, tid, sighting.state AS state, user, wait_channel, elapsed_s, command,
      wait_reason, wait_s
      FROM sighting CROSS JOIN server ON server.id = sighting.host;
    DROP VIEW vmstat;
    CREATE VIEW vmstat AS SELECT
      server.name AS host,
      CASE tick.source WHEN 1 THEN 'vmstat' WHEN 2 THEN 'import' WHEN 3 THEN 'agent'
        ELSE tick.source END AS source,
      \(rfc3339("tick.time_ns")) AS time, tick.time_ns AS time_ns,
      r, b, swpd, free, buff, cache, si, so, bi, bo, "in", cs, us, sy, tick.id AS id, wa, st, gu,
      inact, active, load1, load5, load15, tick.cpus AS cpus
      FROM tick CROSS JOIN server ON server.id = tick.host;
    DROP VIEW host;
    CREATE VIEW host AS SELECT
      name AS host, address, state,
      \(rfc3339("since_ns")) AS since, \(rfc3339("retry_at_ns")) AS retry_at,
      reconnects, last_error, cpus, clock_offset,
      \(rfc3339("last_ns")) AS last_row,
      coalesce(arrived, 0) - deleted AS rows, through
      FROM server LEFT JOIN server_rows ON server_rows.host = server.id;

    """

  private static let tables2 = """
    CREATE TABLE sighting (
      time_ns INTEGER NOT NULL,
      host INTEGER NOT NULL,
      tid INTEGER NOT NULL,
      pid INTEGER NOT NULL,
      source INTEGER NOT NULL,
      state TEXT NOT NULL,
      user TEXT NOT NULL,
      wait_channel TEXT,
      elapsed_s INTEGER,
      command TEXT NOT NULL,
      PRIMARY KEY (time_ns, host, tid)
    ) WITHOUT ROWID;

    """

  private static let views2 = """
    CREATE VIEW suspect AS SELECT
      server.name AS host, CASE source WHEN 1 THEN 'ps' ELSE source END AS source,
      \(rfc3339("time_ns")) AS time, time_ns,
      pid, tid, sighting.state AS state, user, wait_channel, elapsed_s, command
      FROM sighting CROSS JOIN server ON server.id = sighting.host;

    """

  private static let tables1 = """
    CREATE TABLE server (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      address TEXT NOT NULL DEFAULT '',
      state TEXT NOT NULL DEFAULT 'stopped',
      since_ns INTEGER,
      retry_at_ns INTEGER,
      reconnects INTEGER NOT NULL DEFAULT 0,
      last_error TEXT,
      cpus INTEGER,
      clock_offset REAL,
      deleted INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE server_rows (
      host INTEGER PRIMARY KEY,
      arrived INTEGER NOT NULL,
      last_ns INTEGER
    );
    CREATE TABLE tick (
      time_ns INTEGER NOT NULL,
      host INTEGER NOT NULL,
      source INTEGER NOT NULL,
      r INTEGER, b INTEGER,
      swpd INTEGER, free INTEGER, buff INTEGER, cache INTEGER,
      si INTEGER, so INTEGER, bi INTEGER, bo INTEGER,
      "in" INTEGER, cs INTEGER,
      us INTEGER, sy INTEGER, id INTEGER, wa INTEGER, st INTEGER, gu INTEGER,
      inact INTEGER, active INTEGER,
      load1 REAL, load5 REAL, load15 REAL,
      cpus INTEGER,
      PRIMARY KEY (time_ns, host, source)
    ) WITHOUT ROWID;
    CREATE TABLE spike (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      host INTEGER NOT NULL,
      start_ns INTEGER NOT NULL,
      peak_ns INTEGER NOT NULL,
      end_ns INTEGER NOT NULL,
      is_open INTEGER NOT NULL,
      kind TEXT NOT NULL,
      load1_peak REAL,
      runnable_peak INTEGER,
      blocked_peak INTEGER,
      cpus INTEGER,
      verdict TEXT NOT NULL,
      UNIQUE (host, start_ns)
    );
    CREATE INDEX spike_end ON spike (end_ns);
    CREATE INDEX spike_open ON spike (host) WHERE is_open;
    CREATE TABLE retention_log (
      id INTEGER PRIMARY KEY,
      at_ns INTEGER NOT NULL,
      reason TEXT NOT NULL,
      rows INTEGER NOT NULL,
      episodes INTEGER NOT NULL,
      first_ns INTEGER,
      last_ns INTEGER,
      bytes_before INTEGER NOT NULL,
      bytes_after INTEGER NOT NULL
    );

    """

  private static let views1 = """
    CREATE VIEW vmstat AS SELECT
      server.name AS host,
      CASE tick.source WHEN 1 THEN 'vmstat' WHEN 2 THEN 'import' ELSE tick.source END AS source,
      \(rfc3339("tick.time_ns")) AS time, tick.time_ns AS time_ns,
      r, b, swpd, free, buff, cache, si, so, bi, bo, "in", cs, us, sy, tick.id AS id, wa, st, gu,
      inact, active, load1, load5, load15, tick.cpus AS cpus
      FROM tick CROSS JOIN server ON server.id = tick.host;
    CREATE VIEW episode AS SELECT
      spike.id AS episode, server.name AS host,
      \(rfc3339("start_ns")) AS start, start_ns,
      \(rfc3339("peak_ns")) AS peak, peak_ns,
      \(rfc3339("end_ns")) AS "end", end_ns,
      is_open AS open, kind, load1_peak, runnable_peak, blocked_peak, spike.cpus AS cpus, verdict
      FROM spike JOIN server ON server.id = spike.host;
    CREATE VIEW host AS SELECT
      name AS host, address, state,
      \(rfc3339("since_ns")) AS since, \(rfc3339("retry_at_ns")) AS retry_at,
      reconnects, last_error, cpus, clock_offset,
      \(rfc3339("last_ns")) AS last_row,
      coalesce(arrived, 0) - deleted AS rows
      FROM server LEFT JOIN server_rows ON server_rows.host = server.id;
    CREATE VIEW retention AS SELECT
      \(rfc3339("at_ns")) AS at, reason, rows, episodes,
      \(rfc3339("first_ns")) AS first, \(rfc3339("last_ns")) AS last,
      bytes_before, bytes_after
      FROM retention_log;
    """

  /// SQL for the RFC 3339 text of a column of nanoseconds, as `RFC3339.string` writes it: rounded
  /// towards the past to whole seconds, with nine digits of fraction where there is one.
  static func rfc3339(_ column: String) -> String {
    let second = "1000000000"
    let whole = "\(column) / \(second) - (\(column) % \(second) < 0)"
    let fraction = "(\(column) % \(second) + \(second)) % \(second)"
    return """
      strftime('%Y-%m-%dT%H:%M:%S', \(whole), 'unixepoch') || \
      CASE WHEN \(column) % \(second) = 0 THEN 'Z' ELSE printf('.%09dZ', \(fraction)) END
      """
  }
}
