/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of their own for parcels and requests. */
#include "control/session/keep.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { REQUEST_MAX_BYTES = 128 * 1024 };

/* All of them in one block. */
static bool views_keep(struct view *const views[], size_t count, uint8_t **strings)
{
	size_t total = 1;
	uint8_t *at;

	for (size_t i = 0; i < count; i++)
		total += views[i]->len;
	at = *strings = malloc(total);
	if (!at)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (views[i]->len)
			memcpy(at, views[i]->p, views[i]->len);
		views[i]->p = at;
		at += views[i]->len;
	}
	return true;
}

bool parcel_keep(struct parcel *parcel, uint8_t **strings)
{
	struct view *const views[] = {&parcel->id, &parcel->body, &parcel->subject, &parcel->thread,
		&parcel->lang, &parcel->error.text};

	return views_keep(views, sizeof(views) / sizeof(views[0]), strings);
}

static_assert((int)SIP_REQUEST_MAX_BYTES == (int)REQUEST_BYTES_MAX,
	"what rules may say is what is written");

uint32_t request_bytes_inside(const struct session *session, const char *domain)
{
	const struct local_domain *local =
		ruleset_local(session->generation->rules, view_of(domain));

	return local ? local->inside.request_bytes_max : SIP_REQUEST_MAX_BYTES;
}

int request_make(const struct session *session, const struct parcel *parcel, uint32_t max_bytes,
	struct sip_request *out, uint8_t **strings, struct stanza_error *refusal)
{
	struct view *const views[] = {&out->uri, &out->from, &out->to, &out->call_id, &out->extra,
		&out->content_type, &out->body};
	struct text scratch;
	int error;

	*strings = NULL;
	text_init(&scratch, REQUEST_MAX_BYTES);
	error = parcel_to_sip(parcel, view_make(session->thread_key, sizeof(session->thread_key)),
		max_bytes, &scratch, out, refusal);
	if (error == 0 && !views_keep(views, sizeof(views) / sizeof(views[0]), strings)) {
		*refusal = (struct stanza_error){STANZA_RESOURCE_CONSTRAINT, {0}};
		error = -ENOMEM;
	}
	text_free(&scratch);
	return error;
}

struct sip_refusal request_refusal(const struct stanza_error *refusal)
{
	uint16_t code = sip_code_from_stanza(refusal->condition);

	if (refusal->condition == STANZA_POLICY_VIOLATION)
		return (struct sip_refusal){513, "too_large", ""};
	if (refusal->condition == STANZA_RESOURCE_CONSTRAINT)
		return (struct sip_refusal){500, "no_memory", "Retry-After: 10\r\n"};
	return (struct sip_refusal){code, stanza_condition_name(refusal->condition), ""};
}
