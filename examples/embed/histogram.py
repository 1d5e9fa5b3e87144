#!/usr/bin/env python3
"""Plots how long calls of a Go function take: histogram.py PID FUNCTION [--seconds N] [--svg FILE]

Bars in the terminal and, with --svg, a picture. Needs libgprobe.so (in $GPROBE_LIB, or where the linker looks) and root;
no packages.
"""

import argparse
import ctypes
import os
import sys
import time

SCRIPT = "go:{0}:return {{ @ns = hist(nsecs - entry(nsecs), 2); }}"


class Bucket(ctypes.Structure):
    _fields_ = [
        ("low", ctypes.c_int64),
        ("high", ctypes.c_int64),
        ("has_low", ctypes.c_bool),
        ("has_high", ctypes.c_bool),
        ("count", ctypes.c_uint64),
    ]


def library():
    lib = ctypes.CDLL(os.environ.get("GPROBE_LIB", "libgprobe.so"))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32
    for name, result, arguments in [
        ("last_error", text, []),
        ("builder_new", pointer, []),
        ("builder_pid", ctypes.c_bool, [pointer, number]),
        ("open", pointer, [pointer]),
        ("compile", number, [pointer, text, text]),
        ("attach", ctypes.c_bool, [pointer, number]),
        ("detach", ctypes.c_bool, [pointer, number]),
        ("poll", ctypes.c_int64, [pointer, number]),
        ("is_live", ctypes.c_bool, [pointer]),
        ("map_read", pointer, [pointer, text]),
        ("map_len", ctypes.c_size_t, [pointer]),
        ("map_bucket", ctypes.c_bool, [pointer, ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(Bucket)]),
        ("map_free", None, [pointer]),
        ("lost", ctypes.c_uint64, [pointer]),
        ("close", None, [pointer]),
    ]:
        function = getattr(lib, "gprobe_" + name)
        function.restype, function.argtypes = result, arguments
    return lib


def measure(pid, function, seconds):
    """The buckets, as (from ns, to ns, count), of all calls in so many seconds."""
    lib = library()

    def need(result):
        if not result:
            sys.exit(lib.gprobe_last_error().decode())
        return result

    builder = lib.gprobe_builder_new()
    need(lib.gprobe_builder_pid(builder, pid))
    session = need(lib.gprobe_open(builder))
    program = need(lib.gprobe_compile(session, b"histogram", SCRIPT.format(function).encode()))
    need(lib.gprobe_attach(session, program))
    print("attached", flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end and lib.gprobe_is_live(session):
        need(lib.gprobe_poll(session, 100) >= 0)
    need(lib.gprobe_detach(session, program))
    found, bucket, index = [], Bucket(), 0
    latencies = need(lib.gprobe_map_read(session, b"@ns"))
    if lib.gprobe_map_len(latencies) > 0:
        while lib.gprobe_map_bucket(latencies, 0, index, ctypes.byref(bucket)):
            found.append((bucket.low, bucket.high, bucket.count))
            index += 1
    lib.gprobe_map_free(latencies)
    lost = lib.gprobe_lost(session)
    lib.gprobe_close(session)
    if lost:
        print(f"lost: {lost}", file=sys.stderr)
    return found


def shown(ns):
    for unit, size in [("s", 10**9), ("ms", 10**6), ("us", 10**3)]:
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns} ns"


def bars(buckets):
    most = max(count for _, _, count in buckets)
    for low, high, count in buckets:
        print(f"{shown(low):>8} .. {shown(high):>8} {count:>8} {'█' * round(50 * count / most)}")


def svg(buckets, title):
    most = max(count for _, _, count in buckets)
    width, height, gap = 24, 240, 4
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{len(buckets) * (width + gap) + 40}" height="{height + 110}" font-family="sans-serif">',
        f'<text x="20" y="24" font-size="16">{title.replace("&", "&amp;").replace("<", "&lt;")}</text>',
    ]
    for index, (low, high, count) in enumerate(buckets):
        x, tall = 20 + index * (width + gap), round(height * count / most)
        parts.append(
            f'<rect x="{x}" y="{40 + height - tall}" width="{width}" height="{tall}" fill="#00add8">'
            f"<title>{shown(low)} to {shown(high)}: {count}</title></rect>"
            f'<text font-size="10" transform="translate({x + 10},{height + 48}) rotate(60)">{shown(low)}</text>'
        )
    return "\n".join(parts + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description="Plots how long calls of a Go function take.")
    parser.add_argument("pid", type=int)
    parser.add_argument("function", help="main.handle")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--svg", metavar="FILE")
    args = parser.parse_args()
    buckets = measure(args.pid, args.function, args.seconds)
    calls = sum(count for _, _, count in buckets)
    title = f"{args.function}: {calls} calls"
    print(title)
    if buckets:
        bars(buckets)
        if args.svg:
            with open(args.svg, "w", encoding="utf-8") as file:
                file.write(svg(buckets, title))


if __name__ == "__main__":
    main()
