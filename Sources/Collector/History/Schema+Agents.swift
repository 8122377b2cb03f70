/// The fourth version: agents' frames, each stored once, and what they say of processes, disks and
/// pressure.
extension Schema {
  static let tables4 = """
    CREATE TABLE stream (
      id INTEGER PRIMARY KEY,
      host INTEGER NOT NULL,
      boot BLOB NOT NULL,
      number INTEGER NOT NULL,
      seen_ns INTEGER NOT NULL,
      UNIQUE (host, boot, number)
    );
    CREATE TABLE stream_run (
      stream INTEGER NOT NULL,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL,
      first_ns INTEGER,
      last_ns INTEGER,
      PRIMARY KEY (stream, first)
    ) WITHOUT ROWID;
    CREATE TABLE stream_gap (
      id INTEGER PRIMARY KEY,
      stream INTEGER NOT NULL,
      host INTEGER NOT NULL,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL,
      reason TEXT NOT NULL,
      from_ns INTEGER,
      to_ns INTEGER,
      noted_ns INTEGER NOT NULL
    );
    CREATE INDEX stream_gap_host ON stream_gap (host, noted_ns);
    CREATE INDEX stream_gap_open ON stream_gap (stream) WHERE to_ns IS NULL;
    CREATE TABLE process (
      id INTEGER PRIMARY KEY,
      host INTEGER NOT NULL,
      pid INTEGER NOT NULL,
      start INTEGER NOT NULL,
      boot BLOB NOT NULL,
      name TEXT NOT NULL,
      user TEXT NOT NULL,
      command TEXT NOT NULL,
      unit TEXT,
      container TEXT,
      ancestors TEXT,
      last_ns INTEGER NOT NULL,
      UNIQUE (host, pid, start, boot)
    );
    CREATE TABLE mover (
      time_ns INTEGER NOT NULL,
      host INTEGER NOT NULL,
      process INTEGER NOT NULL,
      covered_ns INTEGER NOT NULL,
      read_bytes INTEGER,
      write_bytes INTEGER,
      cancelled_bytes INTEGER,
      reaped_read_bytes INTEGER NOT NULL,
      reaped_write_bytes INTEGER NOT NULL,
      cpu_ns INTEGER NOT NULL,
      PRIMARY KEY (time_ns, host, process)
    ) WITHOUT ROWID;
    CREATE TABLE device (
      time_ns INTEGER NOT NULL,
      host INTEGER NOT NULL,
      name TEXT NOT NULL,
      layer INTEGER NOT NULL,
      covered_ns INTEGER NOT NULL,
      reads INTEGER NOT NULL,
      writes INTEGER NOT NULL,
      read_bytes INTEGER NOT NULL,
      write_bytes INTEGER NOT NULL,
      read_ms INTEGER NOT NULL,
      write_ms INTEGER NOT NULL,
      busy_ms INTEGER NOT NULL,
      in_flight INTEGER NOT NULL,
      PRIMARY KEY (time_ns, host, name)
    ) WITHOUT ROWID;
    CREATE TABLE stall (
      time_ns INTEGER NOT NULL,
      host INTEGER NOT NULL,
      covered_ns INTEGER NOT NULL,
      cpu_some_us INTEGER,
      io_some_us INTEGER,
      io_full_us INTEGER,
      memory_some_us INTEGER,
      memory_full_us INTEGER,
      dirty_kib INTEGER,
      writeback_kib INTEGER,
      swap_total_kib INTEGER,
      swap_free_kib INTEGER,
      PRIMARY KEY (time_ns, host)
    ) WITHOUT ROWID;
    ALTER TABLE sighting ADD COLUMN process INTEGER;
    ALTER TABLE sighting ADD COLUMN wait_class TEXT;
    ALTER TABLE sighting ADD COLUMN syscall TEXT;
    ALTER TABLE sighting ADD COLUMN stack TEXT;
    ALTER TABLE sighting ADD COLUMN holders TEXT;
    ALTER TABLE sighting ADD COLUMN lock_path TEXT;
    ALTER TABLE server_rows ADD COLUMN filled INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE server ADD COLUMN spool_hours REAL;
    ALTER TABLE server ADD COLUMN frames_to_come INTEGER;
    ALTER TABLE server ADD COLUMN spool_problem TEXT;
    ALTER TABLE server ADD COLUMN forgotten_ns INTEGER;

    """

  static let views4 = """
    DROP VIEW suspect;
    CREATE VIEW suspect AS SELECT
      server.name AS host,
      CASE source WHEN 1 THEN 'ps' WHEN 2 THEN 'agent' ELSE source END AS source,
      \(rfc3339("time_ns")) AS time, time_ns,
      sighting.pid AS pid, tid, sighting.state AS state, sighting.user AS user, wait_channel,
      elapsed_s, sighting.command AS command, wait_reason, wait_s, 'waits' AS did,
      start AS start_time, process.name AS comm, unit, container, ancestors,
      wait_class, syscall, stack, holders, lock_path,
      NULL AS covered_s, NULL AS read_bytes, NULL AS write_bytes, NULL AS cancelled_bytes,
      NULL AS reaped_read_bytes, NULL AS reaped_write_bytes, NULL AS cpu_ms
      FROM sighting CROSS JOIN server ON server.id = sighting.host
      LEFT JOIN process ON process.id = sighting.process
    UNION ALL SELECT
      server.name, 'agent', \(rfc3339("time_ns")), time_ns,
      pid, pid, NULL, user, NULL, NULL,
      CASE WHEN process.id IS NULL THEN '(others)' WHEN command <> '' THEN command
        ELSE '[' || process.name || ']' END,
      NULL, NULL, 'moves', start, process.name, unit, container, ancestors,
      NULL, NULL, NULL, NULL, NULL,
      covered_ns / 1e9, read_bytes, write_bytes, cancelled_bytes, reaped_read_bytes,
      reaped_write_bytes, cpu_ns / 1e6
      FROM mover CROSS JOIN server ON server.id = mover.host
      LEFT JOIN process ON process.id = mover.process;
    CREATE VIEW disk AS SELECT
      server.name AS host, \(rfc3339("time_ns")) AS time, time_ns, device.name AS disk,
      CASE layer WHEN 0 THEN 'physical' WHEN 1 THEN 'stacked' WHEN 2 THEN 'memory'
        ELSE layer END AS layer,
      covered_ns / 1e9 AS covered_s, reads, writes, read_bytes, write_bytes,
      CAST(read_ms + write_ms AS REAL) / nullif(reads + writes, 0) AS await_ms, busy_ms, in_flight
      FROM device CROSS JOIN server ON server.id = device.host;
    CREATE VIEW pressure AS SELECT
      server.name AS host, \(rfc3339("time_ns")) AS time, time_ns,
      covered_ns / 1e9 AS covered_s, cpu_some_us, io_some_us, io_full_us, memory_some_us,
      memory_full_us, dirty_kib, writeback_kib, swap_total_kib, swap_free_kib
      FROM stall CROSS JOIN server ON server.id = stall.host;
    CREATE VIEW gap AS SELECT
      server.name AS host, \(rfc3339("from_ns")) AS "from", from_ns,
      \(rfc3339("to_ns")) AS "to", to_ns, first, last, last - first + 1 AS frames, reason,
      \(rfc3339("noted_ns")) AS noted
      FROM stream_gap JOIN server ON server.id = stream_gap.host;
    DROP VIEW host;
    CREATE VIEW host AS SELECT
      name AS host, address, state,
      \(rfc3339("since_ns")) AS since, \(rfc3339("retry_at_ns")) AS retry_at,
      reconnects, last_error, cpus, clock_offset,
      \(rfc3339("last_ns")) AS last_row,
      coalesce(arrived + filled, 0) - deleted AS rows, through, spool_hours, frames_to_come, spool_problem
      FROM server LEFT JOIN server_rows ON server_rows.host = server.id;

    """
}
