/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors on both sides, as the tables of the standards. */
#include "control/parcel/stanza_error.h"

/* RFC 7247 section 7.1, with these choices. The 4xx code wherever the RFC offers a 6xx: one XMPP
 * server does not know of the other places a SIP proxy forks to. 401 and 407 must carry a challenge
 * and 301 and 302 a Contact that we cannot vouch for. feature-not-implemented is 501, because SIP
 * users write to bare addresses and 405 needs an Allow. service-unavailable is 480: it may be an
 * unknown user, an offline one or a blocked sender, and nobody shall learn which. 504 for a timeout,
 * since RFC 4320 section 4.2 forbids 408 here. Never 503: it would make the peer avoid all of us. */
/* clang-format off */
static const struct {
	const char *name;
	const char *type; /* RFC 6120 section 8.3.3; the first one where it offers two */
	uint16_t sip;
} conditions[STANZA_CONDITIONS] = {
	[STANZA_UNDEFINED_CONDITION]     = {"undefined-condition",     "cancel", 400},
	[STANZA_BAD_REQUEST]             = {"bad-request",             "modify", 400},
	[STANZA_CONFLICT]                = {"conflict",                "cancel", 400},
	[STANZA_FEATURE_NOT_IMPLEMENTED] = {"feature-not-implemented", "cancel", 501},
	[STANZA_FORBIDDEN]               = {"forbidden",               "auth",   403},
	[STANZA_GONE]                    = {"gone",                    "cancel", 410},
	[STANZA_INTERNAL_SERVER_ERROR]   = {"internal-server-error",   "cancel", 500},
	[STANZA_ITEM_NOT_FOUND]          = {"item-not-found",          "cancel", 404},
	[STANZA_JID_MALFORMED]           = {"jid-malformed",           "modify", 400},
	[STANZA_NOT_ACCEPTABLE]          = {"not-acceptable",          "modify", 406},
	[STANZA_NOT_ALLOWED]             = {"not-allowed",             "cancel", 403},
	[STANZA_NOT_AUTHORIZED]          = {"not-authorized",          "auth",   403},
	[STANZA_POLICY_VIOLATION]        = {"policy-violation",        "modify", 403},
	[STANZA_RECIPIENT_UNAVAILABLE]   = {"recipient-unavailable",   "wait",   480},
	[STANZA_REDIRECT]                = {"redirect",                "modify", 480},
	[STANZA_REGISTRATION_REQUIRED]   = {"registration-required",   "auth",   403},
	[STANZA_REMOTE_SERVER_NOT_FOUND] = {"remote-server-not-found", "cancel", 404},
	[STANZA_REMOTE_SERVER_TIMEOUT]   = {"remote-server-timeout",   "wait",   504},
	[STANZA_RESOURCE_CONSTRAINT]     = {"resource-constraint",     "wait",   500},
	[STANZA_SERVICE_UNAVAILABLE]     = {"service-unavailable",     "cancel", 480},
	[STANZA_SUBSCRIPTION_REQUIRED]   = {"subscription-required",   "auth",   400},
	[STANZA_UNEXPECTED_REQUEST]      = {"unexpected-request",      "wait",   400},
};

/* RFC 7247 section 7.2, in the order of the codes. A row with code N00 is also the default of its
 * class. 503 is internal-server-error: service-unavailable means the user in XMPP. */
static const struct {
	uint16_t code;
	enum stanza_condition condition;
} codes[] = {
	{300, STANZA_REDIRECT},                {301, STANZA_GONE},
	{302, STANZA_REDIRECT},                {305, STANZA_REDIRECT},
	{380, STANZA_NOT_ACCEPTABLE},

	{400, STANZA_BAD_REQUEST},             {401, STANZA_NOT_AUTHORIZED},
	{402, STANZA_BAD_REQUEST},             {403, STANZA_FORBIDDEN},
	{404, STANZA_ITEM_NOT_FOUND},          {405, STANZA_FEATURE_NOT_IMPLEMENTED},
	{406, STANZA_NOT_ACCEPTABLE},          {407, STANZA_REGISTRATION_REQUIRED},
	{408, STANZA_REMOTE_SERVER_TIMEOUT},   {410, STANZA_GONE},
	{413, STANZA_POLICY_VIOLATION},        {414, STANZA_POLICY_VIOLATION},
	{415, STANZA_NOT_ACCEPTABLE},          {416, STANZA_NOT_ACCEPTABLE},
	{420, STANZA_FEATURE_NOT_IMPLEMENTED}, {421, STANZA_NOT_ACCEPTABLE},
	{423, STANZA_RESOURCE_CONSTRAINT},     {430, STANZA_RECIPIENT_UNAVAILABLE},
	{439, STANZA_FEATURE_NOT_IMPLEMENTED}, {440, STANZA_POLICY_VIOLATION},
	{480, STANZA_RECIPIENT_UNAVAILABLE},   {481, STANZA_ITEM_NOT_FOUND},
	{482, STANZA_NOT_ACCEPTABLE},          {483, STANZA_NOT_ACCEPTABLE},
	{484, STANZA_ITEM_NOT_FOUND},          {485, STANZA_ITEM_NOT_FOUND},
	{486, STANZA_RECIPIENT_UNAVAILABLE},   {487, STANZA_RECIPIENT_UNAVAILABLE},
	{488, STANZA_NOT_ACCEPTABLE},          {489, STANZA_POLICY_VIOLATION},
	{491, STANZA_UNEXPECTED_REQUEST},      {493, STANZA_BAD_REQUEST},

	{500, STANZA_INTERNAL_SERVER_ERROR},   {501, STANZA_FEATURE_NOT_IMPLEMENTED},
	{502, STANZA_REMOTE_SERVER_NOT_FOUND}, {503, STANZA_INTERNAL_SERVER_ERROR},
	{504, STANZA_REMOTE_SERVER_TIMEOUT},   {505, STANZA_NOT_ACCEPTABLE},
	{513, STANZA_POLICY_VIOLATION},

	{600, STANZA_RECIPIENT_UNAVAILABLE},   {603, STANZA_RECIPIENT_UNAVAILABLE},
	{604, STANZA_ITEM_NOT_FOUND},          {606, STANZA_NOT_ACCEPTABLE},
};

/* RFC 3261 section 21, RFC 3428, 3903, 6665, 5626, 5627 and 6442 for those that came later. */
static const struct {
	uint16_t code;
	const char *phrase;
} reasons[] = {
	{100, "Trying"},
	{200, "OK"},
	{202, "Accepted"},
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Moved Temporarily"},
	{305, "Use Proxy"},
	{380, "Alternative Service"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{410, "Gone"},
	{412, "Conditional Request Failed"},
	{413, "Request Entity Too Large"},
	{414, "Request-URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Unsupported URI Scheme"},
	{420, "Bad Extension"},
	{421, "Extension Required"},
	{423, "Interval Too Brief"},
	{430, "Flow Failed"},
	{439, "First Hop Lacks Outbound Support"},
	{440, "Max-Breadth Exceeded"},
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{482, "Loop Detected"},
	{483, "Too Many Hops"},
	{484, "Address Incomplete"},
	{485, "Ambiguous"},
	{486, "Busy Here"},
	{487, "Request Terminated"},
	{488, "Not Acceptable Here"},
	{489, "Bad Event"},
	{491, "Request Pending"},
	{493, "Undecipherable"},
	{500, "Server Internal Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Server Time-out"},
	{505, "Version Not Supported"},
	{513, "Message Too Large"},
	{600, "Busy Everywhere"},
	{603, "Decline"},
	{604, "Does Not Exist Anywhere"},
	{606, "Not Acceptable"},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A condition from a caller's arithmetic is still only a condition. */
static enum stanza_condition known(enum stanza_condition c)
{
	return (unsigned)c < STANZA_CONDITIONS ? c : STANZA_UNDEFINED_CONDITION;
}

const char *stanza_condition_name(enum stanza_condition c)
{
	return conditions[known(c)].name;
}

const char *stanza_condition_type(enum stanza_condition c)
{
	return conditions[known(c)].type;
}

enum stanza_condition stanza_condition_from_name(struct view name)
{
	for (int i = 0; i < STANZA_CONDITIONS; i++)
		if (view_equal(name, view_of(conditions[i].name)))
			return (enum stanza_condition)i;
	return STANZA_UNDEFINED_CONDITION;
}

uint16_t sip_code_from_stanza(enum stanza_condition c)
{
	return conditions[known(c)].sip;
}

static bool find_code(uint16_t code, enum stanza_condition *condition)
{
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (codes[i].code != code)
			continue;
		*condition = codes[i].condition;
		return true;
	}
	return false;
}

enum stanza_condition stanza_from_sip_code(uint16_t code)
{
	enum stanza_condition condition = STANZA_UNDEFINED_CONDITION;

	if (!find_code(code, &condition))
		find_code((uint16_t)(code / 100 * 100), &condition);
	return condition;
}

static const char *phrase_of(uint16_t code)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].phrase;
	return NULL;
}

bool sip_code_is_known(uint16_t code)
{
	return phrase_of(code) != NULL;
}

const char *sip_reason(uint16_t code)
{
	static const char *const classes[] = {"Unknown", "Trying", "OK", "Redirection",
		"Request Failure", "Server Failure", "Global Failure"};
	const char *phrase = phrase_of(code);

	if (phrase)
		return phrase;
	return code / 100 < (int)COUNT(classes) ? classes[code / 100] : classes[0];
}
