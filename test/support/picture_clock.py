"""Live pictures that carry the time they were made, and beeps, for the RTSP server of the tests.

A pipeline's appsrc "picture" gets I420 pictures: in the lowest band 32 cells, white for 1, hold the milliseconds since
1970 modulo 2^24 and a check byte, most significant bit first. Its appsrc "sound" gets 16-bit mono with a beep of 1 kHz
in the first tenth of each second of the same time. An appsrc "uneven-picture" gets pictures at a pace that
changes all the time. A capsfilter "size" changes every 4 s between the size it has and half of it.
"""
import array
import math
import random
import threading
import time

from gi.repository import Gst

CELLS = 32
BLOCK_MS = 20
BEEP_MS = 100
RESIZE_S = 4


def feed(media):
    """Starts what a media needs, once its pipeline runs; each thread ends with the pipeline."""
    pipeline = media.get_element()
    for name, work in WORK.items():
        element = pipeline.get_by_name(name)
        if element:
            threading.Thread(target=work, args=(element,), daemon=True).start()


def running_time(element):
    """Nanoseconds, once the pipeline has a clock and a beginning."""
    while True:
        clock = element.get_clock()
        if clock and element.get_base_time() > 0:
            return clock.get_time() - element.get_base_time()
        time.sleep(0.01)


def send_uneven_pictures(source):
    send_pictures(source, lambda rate: random.choice((0.04, 0.1, 0.25)))


def send_pictures(source, apart=lambda rate: 1 / rate):
    caps = source.get_property("caps").get_structure(0)
    draw = painter(caps.get_value("width"), caps.get_value("height"))
    rate = caps.get_fraction("framerate").value_numerator
    while True:
        at = running_time(source)
        picture = draw(int(time.time() * 1000))
        buffer = Gst.Buffer.new_wrapped(picture)
        buffer.pts = at
        if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
            return
        time.sleep(max(0, apart(rate) - (running_time(source) - at) / 1e9))


def painter(width, height):
    """Bytes of a picture by the time of day, ms."""
    cell = width // CELLS
    slope = bytes(60 + 100 * x // width for x in range(width)) * 2
    chroma = bytes([128]) * (width * height // 2)

    def draw(now):
        shift = now // 8 % width
        row = slope[shift : shift + width]
        bar = b"".join((b"\xeb" if bit else b"\x10") * cell for bit in code(now)).ljust(width, b"\x10")
        return row * (height - cell) + bar * cell + chroma

    return draw


def code(now):
    three = (now % (1 << 24)).to_bytes(3, "big")
    whole = three + bytes([three[0] ^ three[1] ^ three[2] ^ 0x5A])
    return [byte >> bit & 1 for byte in whole for bit in range(7, -1, -1)]


def send_sound(source):
    rate = source.get_property("caps").get_structure(0).get_value("rate")
    samples = rate * BLOCK_MS // 1000
    begun = running_time(source)
    day = time.time_ns() // 1_000_000
    number = 0
    while True:
        at = begun + number * BLOCK_MS * 1_000_000
        buffer = Gst.Buffer.new_wrapped(block(rate, day + number * BLOCK_MS))
        buffer.pts = at
        buffer.duration = Gst.SECOND * samples // rate
        number += 1
        time.sleep(max(0, (at - running_time(source)) / 1e9 + BLOCK_MS / 1000))
        if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
            return


def block(rate, at):
    """Sound that begins at a time of day, ms: a beep's wave begins with its second."""
    first = at % 1000 * rate // 1000
    loud = BEEP_MS * rate // 1000
    places = ((first + i) % rate for i in range(rate * BLOCK_MS // 1000))
    wave = (int(16000 * math.sin(2 * math.pi * 1000 * i / rate)) if i < loud else 0 for i in places)
    return array.array("h", wave).tobytes()


def change_size(filter):
    caps = filter.get_property("caps")
    structure = caps.get_structure(0)
    sizes = [(structure.get_value("width") >> each, structure.get_value("height") >> each) for each in (0, 1)]
    running_time(filter)
    while filter.current_state == Gst.State.PLAYING:
        for width, height in sizes[::-1]:
            time.sleep(RESIZE_S)
            filter.set_property("caps", Gst.Caps.from_string(f"video/x-raw,width={width},height={height}"))


WORK = {
    "picture": send_pictures,
    "uneven-picture": send_uneven_pictures,
    "sound": send_sound,
    "size": change_size,
}
