#!/usr/bin/python3
"""A fleet of hosts that speak real SSH, in one process: for culprit-bench and the tests.

Every address in --addresses (one per line, all of 127.0.0.0/8) is a host of its own that listens
on --port, lets any user in with the one key, and answers any command with what the collector's
remote command (Collector/Live/RemoteCommand.swift) prints on a real host: the greeting, vmstat's
two header lines, the average since boot, then a row each interval, each in an SSH packet of its
own, and a load line with every fifth.
The hosts' rows are spread evenly over the interval.

With --agents each host has an agent instead, which streams and answers as agent_script.py says.

Quiet: no line per session. The ready file appears once every address listens. Writing "stats" and
a newline to stdin brings one JSON line on stdout; the end of stdin ends the server.

Needs Debian's python3-asyncssh; run it with /usr/bin/python3.
"""

import argparse
import asyncio
import gc
import ipaddress
import json
import os
import resource
import signal
import socket
import sys
import time
import uuid
import warnings

# asyncssh imports ciphers that python3-cryptography calls deprecated; none of them is offered.
warnings.filterwarnings("ignore")

import asyncssh  # noqa: E402
import agent_script  # noqa: E402
from asyncssh.connection import SSHServerConnection  # noqa: E402
from asyncssh.constants import MSG_IGNORE  # noqa: E402

# As `vmstat -n -t 1` of Debian 12 prints them, in UTC.
HEADER = (
    b"procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu----- "
    b"-----timestamp-----\n"
    b" r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st"
    b"                 UTC\n"
)
LOAD_EVERY_ROWS = 5
SLOTS = 1000
# Coprime with SLOTS and near its golden section: any number of hosts spreads evenly.
SLOT_STEP = 617


class QuietServerConnection:
    """What asyncssh does that sshd doesn't, undone."""

    plain_send_packet = SSHServerConnection.send_packet

    def send_packet(self, pkttype, *args, **named):
        # asyncssh puts an empty MSG_IGNORE (a TCP segment of its own) before every packet,
        # against an attack on CBC modes. OpenSSH sends none, and it would double the cost of
        # a line for every client measured here.
        if pkttype != MSG_IGNORE:
            QuietServerConnection.plain_send_packet(self, pkttype, *args, **named)


def rows_of_text(count=64):
    """`count` different rows, without the stamp.

    None has blocked tasks: a collector asks for those, which the other clients don't.
    """
    layout = (
        "{:>2} {:>2} {:>6} {:>6} {:>6} {:>6} {:>4} {:>4} {:>5} {:>5} {:>4} {:>4} "
        "{:>2} {:>2} {:>2} {:>2} {:>2} "
    )
    rows = []
    for i in range(count):
        user, system, wait = 3 + i % 11, 1 + i % 5, i % 3
        rows.append(layout.format(
            i % 4, 0, 0, 8123456 - 97 * i, 61440 + i, 1934856 + 13 * i, 0, 0,
            i * 37 % 300, i * 53 % 900, 700 + i * 29 % 400, 1200 + i * 41 % 900,
            user, system, 100 - user - system - wait, wait, 0).encode())
    return rows


ROWS = rows_of_text()


class Fleet:
    """The clock of all hosts: one timer, which writes to the sessions whose slot has come."""

    def __init__(self, options, addresses):
        self.options = options
        self.indices = {address: index for index, address in enumerate(addresses)}
        self.slots = [set() for _ in range(SLOTS)]
        self.connections = 0
        self.sessions = 0
        self.rows_sent = 0
        self.load_lines_sent = 0
        self.rows_late_max = 0.0
        self.script = agent_script.AgentScript(options.agents) if options.agents else None
        self.bytes_sent = 0
        self.frames_fetched = 0
        self.first_fetch = 0.0
        # A day and a bit before the start.
        self.boot = time.time() - 100_000
        self.stamp_second = None
        self.stamp = b""

    def start(self, loop):
        self.loop = loop
        # Whole multiples of the interval since the epoch, so that slot 0 begins a second.
        interval = self.options.interval
        self.wall_start = (time.time() // interval + 1) * interval
        self.loop_start = loop.time() + self.wall_start - time.time()
        self.next_slot = 0
        loop.call_at(self.loop_start, self.turn)

    def turn(self):
        """Writes every slot that is due, then sleeps until the next one."""
        slot_seconds = self.options.interval / SLOTS
        now = self.loop.time()
        due = int((now - self.loop_start) / slot_seconds)
        while self.next_slot <= due:
            members = self.slots[self.next_slot % SLOTS]
            if members:
                # The stamp is the slot's own second, so that a late turn neither doubles
                # nor drops one.
                self.write(members, self.wall_start + self.next_slot * slot_seconds)
                late = now - self.loop_start - self.next_slot * slot_seconds
                self.rows_late_max = max(self.rows_late_max, late)
            self.next_slot += 1
        while not self.slots[self.next_slot % SLOTS] and self.next_slot < due + SLOTS // 10:
            self.next_slot += 1
        self.loop.call_at(self.loop_start + self.next_slot * slot_seconds, self.turn)

    def next_wall(self, slot):
        """The moment of the slot's next turn."""
        turn, now = divmod(self.next_slot, SLOTS)
        turn += slot < now
        return self.wall_start + (turn + slot / SLOTS) * self.options.interval

    def write(self, members, wall):
        stamp = self.stamp_of(int(wall))
        for session in tuple(members):
            session.write_row(stamp, wall)

    def stamp_of(self, second):
        if second != self.stamp_second:
            self.stamp_second = second
            text = time.strftime("%Y-%m-%d %H:%M:%S\n", time.gmtime(second))
            self.stamp = text.encode()
        return self.stamp

    def stats(self):
        return {
            "connections": self.connections, "sessions": self.sessions,
            "rows_sent": self.rows_sent, "load_lines_sent": self.load_lines_sent,
            "rows_late_max_s": round(self.rows_late_max, 3),
            "bytes_sent": self.bytes_sent, "frames_fetched": self.frames_fetched,
            "first_fetch": self.first_fetch,
            "cpu_s": round(time.process_time(), 3),
        }


class HostServer(asyncssh.SSHServer):
    """One login on one host. Keys are checked by asyncssh against --authorized-key."""

    def __init__(self, fleet):
        self.fleet = fleet

    def connection_made(self, conn):
        self.fleet.connections += 1
        self.address = conn.get_extra_info("sockname")[0]

    def session_requested(self):
        kind = AgentSession if self.fleet.script else HostSession
        return kind(self.fleet, self.fleet.indices.get(self.address, 0), self.address)


class HostSession(asyncssh.SSHServerSession):
    """One running command: it never ends by itself."""

    def __init__(self, fleet, index, address):
        self.fleet = fleet
        self.index = index
        self.address = address
        self.rows = index
        self.is_question = False
        self.members = fleet.slots[index * SLOT_STEP % SLOTS]

    def connection_made(self, chan):
        self.channel = chan

    def shell_requested(self):
        return False

    def exec_requested(self, command):
        self.is_question = "ps -eLo" in str(command)
        return True

    def session_started(self):
        if self.is_question:
            # Which tasks are in D (Collector/Suspects/SuspectQuestion.swift): none is.
            self.channel.write(b"@clock %.9f\n" % time.time())
            self.channel.exit(0)
            return
        self.fleet.sessions += 1
        if self.fleet.options.no_output:
            return
        now = time.time()
        self.channel.write(self.greeting(now))
        self.members.add(self)

    def greeting(self, now):
        boot = uuid.uuid5(uuid.NAMESPACE_OID, self.address)
        first = f"@culprit 1\n@cpus {self.fleet.options.cpus}\n@boot {boot}\n@clock {now:.9f}\n"
        row = ROWS[0] + self.fleet.stamp_of(int(now))
        return first.encode() + self.load_line(now) + HEADER + row

    def load_line(self, wall):
        uptime = wall - self.fleet.boot
        return b"@load 0.52 0.48 0.40 1/345 6789 %.2f\n" % uptime

    def write_row(self, stamp, wall):
        self.channel.write(ROWS[self.rows % len(ROWS)] + stamp)
        self.fleet.rows_sent += 1
        self.rows += 1
        if self.rows % LOAD_EVERY_ROWS == 0:
            self.channel.write(self.load_line(wall))
            self.fleet.load_lines_sent += 1

    def eof_received(self):
        # Clients without input close that direction at once; the rows go on.
        return True

    def connection_lost(self, exc):
        if self.is_question:
            return
        self.fleet.sessions -= 1
        self.members.discard(self)


class AgentSession(asyncssh.SSHServerSession):
    """One connection to a host's agent."""

    def __init__(self, fleet, index, address):
        self.fleet = fleet
        self.script = fleet.script
        self.slot = index * SLOT_STEP % SLOTS
        self.members = fleet.slots[self.slot]
        self.variant = self.slot * self.script.slots // SLOTS
        self.requests = agent_script.RequestReader()
        self.is_streaming = False

    def connection_made(self, chan):
        self.channel = chan

    def shell_requested(self):
        return False

    def exec_requested(self, command):
        return "culprit-agent attach" in str(command)

    def session_started(self):
        self.send(b"@agent session\n")

    def data_received(self, data, datatype):
        for kind, number, payload in self.requests.feed(data):
            self.answer(kind, number, payload)

    def answer(self, kind, number, payload):
        if kind == agent_script.STREAM:
            self.begin(number)
        elif kind == agent_script.INVENTORY:
            self.send(self.script.inventory(number, self.variant, self.next_second()))
        elif kind == agent_script.FETCH:
            if not self.fleet.first_fetch:
                self.fleet.first_fetch = time.time()
            answer, frames = self.script.fetch(number, payload, self.variant)
            self.fleet.frames_fetched += frames
            self.send(answer)
        else:
            self.send(agent_script.frame(agent_script.REFUSED, number))

    def begin(self, number):
        if self.is_streaming:
            return
        self.is_streaming = True
        self.fleet.sessions += 1
        answer = agent_script.frame(agent_script.DONE, number)
        self.send(answer + self.script.introduction(self.next_second()))
        self.members.add(self)

    def next_second(self):
        return self.script.second_of(self.fleet.next_wall(self.slot))

    def write_row(self, stamp, wall):
        second = self.script.second_of(wall)
        if second >= self.script.seconds:
            raise SystemExit("the agents' script is at its end")
        self.send(self.script.block(self.variant, second))
        self.fleet.rows_sent += 1

    def send(self, data):
        self.fleet.bytes_sent += len(data)
        self.channel.write(data)

    def eof_received(self):
        return False

    def connection_lost(self, exc):
        if self.is_streaming:
            self.fleet.sessions -= 1
        self.members.discard(self)


def server_options(arguments, fleet):
    # Only what OpenSSH and libssh2 1.10 both speak without extras, and no compression: every
    # client measured gets the same algorithms.
    return asyncssh.SSHServerConnectionOptions(
        server_factory=lambda: HostServer(fleet),
        server_host_keys=[arguments.host_key],
        authorized_client_keys=arguments.authorized_key,
        kex_algs=["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256"],
        encryption_algs=["aes256-ctr", "aes128-ctr"], mac_algs=["hmac-sha2-256"],
        compression_algs=None, encoding=None, line_editor=False, allow_pty=False,
        agent_forwarding=False, x11_forwarding=False, password_auth=False,
        kbdint_auth=False, gss_host=None, server_version="OpenSSH_culprit_test",
        login_timeout=60, keepalive_interval=0)


def listening_socket(address, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    return listener


def answer_stdin(fleet, stopped):
    """Answers "stats" lines; the end of stdin ends the server."""
    data = os.read(0, 4096)
    if not data:
        stopped.set()
    for _ in range(data.count(b"stats\n")):
        os.write(1, json.dumps(fleet.stats()).encode() + b"\n")


async def serve(arguments, addresses):
    fleet = Fleet(arguments, addresses)
    options = server_options(arguments, fleet)
    loop = asyncio.get_running_loop()
    listeners = [
        await loop.create_server(
            lambda: SSHServerConnection(loop, options),
            sock=listening_socket(address, arguments.port), backlog=128)
        for address in addresses
    ]
    stopped = asyncio.Event()
    loop.add_reader(0, answer_stdin, fleet, stopped)
    fleet.start(loop)
    with open(arguments.ready_file + ".part", "w") as ready:
        ready.write(f"{os.getpid()}\n")
    os.rename(arguments.ready_file + ".part", arguments.ready_file)
    # What is alive now stays so: the collector of cycles need not walk it again.
    gc.freeze()
    await stopped.wait()
    for listener in listeners:
        listener.close()


def read_addresses(path):
    with open(path) as file:
        addresses = [line.strip() for line in file if line.strip()]
    for address in addresses:
        if not ipaddress.ip_address(address).is_loopback:
            raise SystemExit(f"{path}: {address} is no loopback address; use 127.x.y.z")
    return addresses


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--addresses", required=True, metavar="FILE", help="one per line")
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--authorized-key", required=True, metavar="FILE",
                        help="public key (authorized_keys format) that may log in, as any user")
    parser.add_argument("--host-key", required=True, metavar="FILE", help="private key")
    parser.add_argument("--ready-file", required=True, metavar="FILE",
                        help="made, with the pid in it, once every address listens")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between rows")
    parser.add_argument("--cpus", type=int, default=4, help="each host's @cpus")
    parser.add_argument("--agents", metavar="FOLDER",
                        help="what the hosts' agents say; without it they have none")
    parser.add_argument("--no-output", action="store_true",
                        help="sessions start and then say nothing at all")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    addresses = read_addresses(arguments.addresses)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = 2 * len(addresses) + 64
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(f"{len(addresses)} hosts need {needed} open files, the limit is {hard}: "
                         "raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    SSHServerConnection.send_packet = QuietServerConnection.send_packet
    # A Ctrl-C is for whoever started this; the end of stdin follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Sessions are few and long-lived: collect cycles seldom.
    gc.set_threshold(50_000, 20, 100)
    asyncio.run(serve(arguments, addresses))


if __name__ == "__main__":
    main()
    sys.exit(0)
