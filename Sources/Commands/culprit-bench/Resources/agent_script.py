"""What the hosts' agents say, second by second, out of the files that culprit-bench wrote
(AgentScript.swift), and the answers to what a collector asks them.

All hosts are of one stream, so that each frame is encoded and checksummed once, ahead of time: here
nothing but the answers is. The frame's format is Wire/Format/FrameFormat.swift's.
"""

import array
import bisect
import json
import mmap
import struct

MAGIC = b"\xff\xc1cp"
HEADER = struct.Struct("<4sBBHIIQ")
CHECKSUM_BYTES = 4
STREAM, INVENTORY, FETCH = 65, 66, 67
DONE, HELD, FETCHED, REFUSED = 97, 98, 99, 127


def crc_table():
    table = []
    for register in range(256):
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
        table.append(register)
    return table


CRC_TABLE = crc_table()


def crc32c(data):
    register = 0xFFFFFFFF
    for byte in data:
        register = register >> 8 ^ CRC_TABLE[(register ^ byte) & 0xFF]
    return register ^ 0xFFFFFFFF


def frame(kind, number, payload=b""):
    """A frame of no stream: an answer."""
    head = HEADER.pack(MAGIC, 1, kind, 0, len(payload), 0, number)
    check = crc32c(head[:6] + head[8:])
    check = (check ^ check >> 16) & 0xFFFF
    whole = head[:6] + struct.pack("<H", check) + head[8:] + payload
    return whole + struct.pack("<I", crc32c(whole))


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data, cursor):
    value = shift = 0
    while True:
        byte = data[cursor]
        cursor += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, cursor


def number_field(field, value):
    return varint(field << 3) + varint(value)


def row_field(field, values):
    """A row that has its first fields, all of them."""
    row = varint((1 << len(values)) - 1) + b"".join(varint(value) for value in values)
    return varint(field << 3 | 2) + varint(len(row)) + row


def zigzag(value):
    return value << 1 ^ value >> 63


class AgentScript:
    """The files: `blocks` of frames, one of each slot and second, and who is at work before it."""

    def __init__(self, folder):
        with open(folder + "/script.json") as file:
            about = json.load(file)
        self.start = about["start"]
        self.seconds = about["seconds"]
        self.slots = about["slots"]
        self.hello_bytes = about["hello_bytes"]
        self.stream = [about["boot_high"], about["boot_low"], about["stream"]]
        self.limit_bytes = about["limit_bytes"]
        places = array.array("Q")
        with open(folder + "/script.index", "rb") as file:
            places.frombytes(file.read())
        step = self.seconds + 1
        # The number of each second's first frame; where its introduction and its blocks begin.
        self.numbers = places[:step]
        self.introductions = places[step:2 * step]
        self.blocks = [places[(2 + i) * step:(3 + i) * step] for i in range(self.slots)]
        with open(folder + "/script.frames", "rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def second_of(self, wall):
        return int(round(wall * 1000)) // 1000 - self.start

    def introduction(self, second):
        return self.data[self.introductions[second]:self.introductions[second + 1]]

    def block(self, slot, second):
        places = self.blocks[slot]
        return self.data[places[second]:places[second + 1]]

    def frames_in(self, second):
        return self.numbers[second + 1] - self.numbers[second]

    def inventory(self, number, slot, second):
        """What the spool holds once all seconds before `second` are over."""
        held = b""
        if self.limit_bytes and second > 0:
            oldest = self.start * 10**9
            held = row_field(5, self.stream + [
                1, self.numbers[second] - 2, zigzag(oldest), zigzag((second - 1) * 10**9)])
        used = self.blocks[slot][second] - self.blocks[slot][0] if held else 0
        return frame(HELD, number, number_field(1, used) + number_field(2, self.limit_bytes) + held)

    def fetch(self, number, payload, slot):
        """Frames from the first asked for on, and how far they go; how many they are."""
        first, last, limit = span_of(payload)
        second = bisect.bisect_right(self.numbers, first) - 1
        end = bisect.bisect_right(self.numbers, last) - 1
        places = self.blocks[slot]
        end = min(end, max(second, bisect.bisect_right(places, places[second] + limit) - 2))
        start = self.place_of(first, places[second])
        through = min(last, self.numbers[end + 1] - 1)
        stop = self.place_of(through + 1, places[end]) if through + 1 < self.numbers[end + 1] \
            else places[end + 1]
        hello = self.data[:self.hello_bytes]
        answer = frame(FETCHED, number, row_field(1, self.stream) + number_field(2, through))
        return hello + self.data[start:stop] + answer, through - first + 1

    def place_of(self, sequence, place):
        """Where that frame begins, looked for from the block's start on."""
        while True:
            header = HEADER.unpack_from(self.data, place)
            if header[6] >= sequence:
                return place
            place += HEADER.size + header[4] + CHECKSUM_BYTES


def span_of(payload):
    """First, last and byte limit of a fetch (Wire/Coding/Request+Wire.swift)."""
    values, cursor = {}, 0
    while cursor < len(payload):
        key, cursor = read_varint(payload, cursor)
        value, cursor = read_varint(payload, cursor)
        if key & 7 == 2:
            cursor += value
        else:
            values[key >> 3] = value
    return values[2], values[3], values[4]


class RequestReader:
    """Requests out of a connection's bytes, which a collector sends: well-formed ones."""

    def __init__(self):
        self.pending = bytearray()

    def feed(self, data):
        self.pending += data
        while len(self.pending) >= HEADER.size:
            magic, _, kind, _, length, _, number = HEADER.unpack_from(self.pending)
            if magic != MAGIC:
                raise SystemExit("a collector sent something that is no frame")
            size = HEADER.size + length + CHECKSUM_BYTES
            if len(self.pending) < size:
                return
            payload = bytes(self.pending[HEADER.size:HEADER.size + length])
            del self.pending[:size]
            yield kind, number, payload
