# SPDX-License-Identifier: BSD-3-Clause
"""Frames that the driver brings in two buffers, or without the room that a tag needs in front."""
from edge import *


def unit():
    u = Unit()
    t = Talk(u, PARTNER, XMPP, tag=42)
    t.establish()
    u.step('frames', 'pieces')
    t.silently('frame_in_pieces', 'PA', b'<a/>')
    t.silently_out('frame_in_pieces', 'PA', b'<a/>')
    u.step('frames', 'bare')
    t.say(b'<a/>')
    t.silently_out('no_buffer', 'PA', b'<a/>')
    u.step('frames', 'whole')
    t.answer(b'<a/>')
    return u
