/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows the noun of `show`. */
#include "control/ctl/question.h"

#include <string.h>

static bool port_parse(struct view text, uint16_t *out)
{
	uint64_t number;

	if (text.len == 0 || text.p[0] == '0' || !view_to_u64(text, UINT16_MAX, &number))
		return false;
	*out = (uint16_t)number;
	return true;
}

bool endpoint_parse(struct view text, struct endpoint *out)
{
	uint32_t colon = text.len;
	struct view host;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || !port_parse(view_sub(text, colon, UINT32_MAX), &out->port))
		return false;
	host = view_sub(text, 0, colon - 1);
	/* With brackets it must be IPv6, without them IPv4. */
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		return ip_address_parse(view_sub(host, 1, host.len - 2), &out->address) &&
		       out->address.family_bits == 128;
	return ip_address_parse(host, &out->address) && out->address.family_bits == 32;
}

static bool families_agree(const struct endpoint *one, const struct endpoint *other)
{
	return one->address.family_bits == other->address.family_bits;
}

bool endpoint_pair_parse(struct view text, struct endpoint *one, struct endpoint *other)
{
	uint32_t dash = 0;

	while (dash < text.len && text.p[dash] != '-')
		dash++;
	return dash < text.len && endpoint_parse(view_sub(text, 0, dash), one) &&
	       endpoint_parse(view_sub(text, dash + 1, UINT32_MAX), other) &&
	       families_agree(one, other);
}

static json_t *flow_members(char *const *words, int count)
{
	struct endpoint remote, local;
	char remote_text[IP_TEXT_BYTES];
	char local_text[IP_TEXT_BYTES];
	bool fine = count == 1 ? endpoint_pair_parse(view_of(words[0]), &remote, &local)
			       : count == 2 && endpoint_parse(view_of(words[0]), &remote) &&
					 endpoint_parse(view_of(words[1]), &local) &&
					 families_agree(&remote, &local);

	if (!fine)
		return NULL;
	ip_address_print(&remote.address, remote_text);
	ip_address_print(&local.address, local_text);
	return json_pack("{s:s, s:i, s:s, s:i}", "remote", remote_text, "remote_port",
		(int)remote.port, "local", local_text, "local_port", (int)local.port);
}

json_t *question_members(const char *noun, char *const *words, int count, const char **usage)
{
	if (strcmp(noun, "flow") == 0) {
		*usage = "show flow REMOTE:PORT-LOCAL:PORT, or as two words; [ADDRESS]:PORT for "
			 "IPv6";
		return flow_members(words, count);
	}
	if (strcmp(noun, "hitters") == 0 && count > 0) {
		*usage = "show hitters [CAUSE]";
		return count == 1 ? json_pack("{s:s}", "cause", words[0]) : NULL;
	}
	*usage = "nothing follows this noun of show";
	return count == 0 ? json_object() : NULL;
}
