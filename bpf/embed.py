#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""embed.py OBJECT HEADER NAME: write a BPF object as a C array, so that the program needs no file."""
import sys

# libbpf reads the object in place as ELF, hence the alignment.
HEAD = """/* Made from {source}; not to be edited. */
#pragma once

static const unsigned char {name}[] __attribute__((aligned(8))) = {{
"""


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, target, name = sys.argv[1:]
    with open(source, "rb") as file:
        octets = file.read()
    with open(target, "w", encoding="ascii") as file:
        file.write(HEAD.format(source=source.rsplit("/", 1)[-1], name=name))
        for start in range(0, len(octets), 16):
            row = octets[start:start + 16]
            file.write("\t" + " ".join(f"0x{octet:02x}," for octet in row) + "\n")
        file.write("};\n")


main()
