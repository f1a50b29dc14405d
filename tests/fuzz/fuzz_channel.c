/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets on the channel and the operator's socket, and the rows made of them. */
#include <stdlib.h>

#include "control/command.h"
#include "dataplane/channel/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	json_t *message;
	json_t *rows;

	if (len > CHANNEL_PACKET_BYTES)
		return 0;
	message = channel_parse(view_make(data, len));
	if (!message)
		return 0;
	if (!json_is_object(message))
		abort();
	rows = command_rows(message);
	if (!json_is_array(rows))
		abort();
	json_decref(rows);
	return 0;
}
