/* SPDX-License-Identifier: BSD-3-Clause */
/* The question that brings what the control plane learned of partners' addresses. */
#include "dataplane/command_int.h"

#include <errno.h>
#include <stdio.h>

#include "dataplane/channel/sealed.h"
#include "dataplane/learned.h"

int command_answer_learned(
	struct command_state *state, struct channel_packet *question, struct command_answer *answer)
{
	struct learned *learned;
	struct view block = {0};
	struct claims claims;
	int64_t bytes;
	int error;

	if (!command_get_integer(question->message, "bytes", CLAIMS_HEADER_BYTES,
		    CLAIMS_BLOCK_BYTES_MAX, &bytes))
		return REFUSE(answer, "learned: 'bytes' must be %d to %d", CLAIMS_HEADER_BYTES,
			CLAIMS_BLOCK_BYTES_MAX);
	if (question->fd_count != 1)
		return REFUSE(answer, "learned: %u descriptors, need that of the claims",
			question->fd_count);
	error = sealed_map(question->fds[0], (uint64_t)bytes, CLAIMS_BLOCK_BYTES_MAX, &block);
	if (error)
		return REFUSE(answer, "learned: the claims cannot be mapped: %s",
			command_map_words(error));
	if (claims_open(block, &claims, answer->why, sizeof(answer->why)) < 0) {
		sealed_unmap(&block);
		return -EINVAL;
	}
	/* Sealed: nobody changes it between the check and the building. */
	learned = learned_build(&claims);
	sealed_unmap(&block);
	if (!learned)
		return REFUSE(answer, "learned: no memory for %u claims", claims.count);
	learned_publish(learned);
	json_object_set_new(answer->members, "learned", json_integer(claims.count));
	return 0;
}
