/* SPDX-License-Identifier: BSD-3-Clause */
/* What crosses as on a wire, in both directions: ARP and neighbour discovery for our addresses,
 * echo, ICMP errors about live connections. All but errors is limited. */
#pragma once

#include "dataplane/edge.h"

/* Bring a frame that is not TCP to its fate. f->flow: the connection that an ICMP error quotes. */
void wire_frame(struct edge *edge, struct frame *f);
