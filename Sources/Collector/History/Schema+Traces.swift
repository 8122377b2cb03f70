/// The fifth version: traces.
extension Schema {
  static let tables5 = """
    CREATE TABLE trace (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      asked_ns INTEGER NOT NULL,
      cause TEXT NOT NULL,
      selection TEXT NOT NULL
    );
    CREATE TABLE trace_host (
      id INTEGER PRIMARY KEY,
      trace INTEGER NOT NULL,
      host INTEGER NOT NULL,
      time_ns INTEGER NOT NULL,
      end_ns INTEGER NOT NULL,
      episode_ns INTEGER,
      engine TEXT NOT NULL,
      matched INTEGER NOT NULL,
      attached INTEGER NOT NULL,
      verified INTEGER NOT NULL,
      skipped INTEGER NOT NULL,
      notices TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      report BLOB NOT NULL
    );
    CREATE INDEX trace_host_trace ON trace_host (trace);
    CREATE INDEX trace_host_time ON trace_host (time_ns);
    CREATE INDEX trace_host_host ON trace_host (host, id);
    CREATE TABLE trace_process (
      run INTEGER NOT NULL,
      rank INTEGER NOT NULL,
      pid INTEGER NOT NULL,
      start INTEGER NOT NULL,
      name TEXT NOT NULL,
      user TEXT,
      command TEXT,
      unit TEXT,
      container TEXT,
      threads INTEGER NOT NULL,
      traced_ns INTEGER NOT NULL,
      ending TEXT NOT NULL,
      calls INTEGER NOT NULL,
      read_bytes INTEGER NOT NULL,
      write_bytes INTEGER NOT NULL,
      sync_calls INTEGER NOT NULL,
      blocked_ns INTEGER NOT NULL,
      errors INTEGER NOT NULL,
      lost INTEGER NOT NULL,
      io_uring INTEGER NOT NULL,
      verdict TEXT NOT NULL,
      PRIMARY KEY (run, rank)
    ) WITHOUT ROWID;
    CREATE TABLE trace_file (
      run INTEGER NOT NULL,
      rank INTEGER NOT NULL,
      place INTEGER NOT NULL,
      path TEXT NOT NULL,
      calls INTEGER NOT NULL,
      read_bytes INTEGER NOT NULL,
      write_bytes INTEGER NOT NULL,
      sync_calls INTEGER NOT NULL,
      spent_ns INTEGER NOT NULL,
      PRIMARY KEY (run, rank, place)
    ) WITHOUT ROWID;

    """

  /// Of the spikes that a trace overlaps the one that began last; but its own where it was made for
  /// one.
  static let episodeOfTrace = """
    coalesce(
      (SELECT spike.id FROM spike
        WHERE spike.host = trace_host.host AND spike.start_ns = trace_host.episode_ns),
      (SELECT spike.id FROM spike
        WHERE spike.host = trace_host.host AND spike.start_ns <= trace_host.end_ns
          AND (spike.end_ns >= trace_host.time_ns OR spike.is_open)
        ORDER BY spike.start_ns DESC LIMIT 1))
    """

  static let views5 = """
    CREATE VIEW traced AS SELECT
      trace_host.trace AS trace, server.name AS host,
      \(rfc3339("time_ns")) AS time, time_ns, \(rfc3339("end_ns")) AS "end", end_ns,
      \(rfc3339("asked_ns")) AS asked, cause, selection, \(episodeOfTrace) AS episode, engine, matched,
      attached, verified, skipped, notices
      FROM trace_host JOIN trace ON trace.id = trace_host.trace
      JOIN server ON server.id = trace_host.host;
    CREATE VIEW traced_process AS SELECT
      trace_host.trace AS trace, server.name AS host, \(rfc3339("time_ns")) AS time, time_ns,
      rank, pid, start AS start_time, trace_process.name AS comm, user, command, unit, container,
      threads, traced_ns / 1e9 AS traced_s, ending, calls, read_bytes, write_bytes, sync_calls,
      blocked_ns / 1e9 AS blocked_s, errors, lost AS lost_calls, io_uring, verdict
      FROM trace_process JOIN trace_host ON trace_host.id = trace_process.run
      JOIN server ON server.id = trace_host.host;
    CREATE VIEW traced_file AS SELECT
      trace_host.trace AS trace, server.name AS host, \(rfc3339("time_ns")) AS time, time_ns,
      trace_file.rank AS rank, trace_process.pid AS pid, trace_process.name AS comm, path,
      trace_file.calls AS calls, trace_file.read_bytes AS read_bytes,
      trace_file.write_bytes AS write_bytes, trace_file.sync_calls AS sync_calls,
      spent_ns / 1e9 AS spent_s
      FROM trace_file JOIN trace_host ON trace_host.id = trace_file.run
      JOIN trace_process ON trace_process.run = trace_file.run
        AND trace_process.rank = trace_file.rank
      JOIN server ON server.id = trace_host.host;

    """
}
