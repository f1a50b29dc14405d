/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream header as servers write it: nothing but attributes that every server knows, each once and
 * without a space around its '=', in values nothing that means more than itself. Most headers are, and
 * are read in a few steps. For xmpp_header.c alone, which reads whatever else there may be. */
#pragma once

#include "dataplane/inspect/xmpp_header.h"

/* True: a whole header, and *out is what xmpp_header_read has of it. False says nothing. */
bool xmpp_usual_read(struct view bytes, struct xmpp_header *out);
