/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_sip: how long the SIP parser and the core take, per message. One JSON line per figure:
 * name, unit, samples (one per round), value (their median). CPU time, so that neighbours do not count. */
#include "control/sip/core.h"
#include "control/sip/response.h"
#include "tests/bench/samples.h"

enum { ROUNDS = 9, PER_ROUND = 200000 };

static const char message_text[] =
	"MESSAGE sip:juliet@xmpp.example SIP/2.0\r\n"
	"Via: SIP/2.0/TLS 192.0.2.7:5061;branch=z9hG4bK776sgdkse1f2a9b6c3;rport;alias\r\n"
	"Via: SIP/2.0/TLS 10.77.0.40:49152;branch=z9hG4bK4d1c2e7a9f0011223344\r\n"
	"Max-Forwards: 69\r\n"
	"From: \"Romeo Montague\" <sip:romeo@sip.example>;tag=49583-a81bc\r\n"
	"To: <sip:juliet@xmpp.example>\r\n"
	"Call-ID: asd88asd77a-44f1-9b1c@192.0.2.7\r\n"
	"CSeq: 20 MESSAGE\r\n"
	"Contact: <sip:romeo@192.0.2.7:5061;transport=tls>\r\n"
	"User-Agent: Example 1.2.3\r\n"
	"Content-Type: text/plain;charset=UTF-8\r\n"
	"Content-Length: 87\r\n"
	"\r\n"
	"Hello Juliet, are you coming to the meeting at ten? The agenda is in the wiki, page 12.";

static struct sip_message message;

static void parse(void)
{
	struct sip_fault fault;
	uint32_t consumed;

	if (sip_message_parse(view_make(message_text, sizeof(message_text) - 1), &message,
		    &consumed, &fault) != PARSE_DONE) {
		fprintf(stderr, "bench_sip: %s at %u\n", fault.fault.cause,
			fault.fault.offset_bytes);
		exit(EXIT_FAILURE);
	}
}

static void parse_and_decide(void)
{
	static struct sip_decision decision;
	const struct sip_asker asker = {0};

	parse();
	sip_core_decide(&message, &asker, &decision);
	if (decision.fate != SIP_FATE_TAKE)
		exit(EXIT_FAILURE);
}

static void respond(void)
{
	struct text out;

	text_init(&out, 4096);
	if (sip_response_write(&out, &message, 202, VIEW("Accepted"), VIEW("0123456789abcdef"),
		    (struct view){0}))
		exit(EXIT_FAILURE);
	text_free(&out);
}

static void measure(const char *name, void (*one)(void))
{
	double ns[ROUNDS];

	for (int i = 0; i < PER_ROUND / 10; i++)
		one();
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t begin = cpu_ns();

		for (int i = 0; i < PER_ROUND; i++)
			one();
		ns[round] = (double)(cpu_ns() - begin) / PER_ROUND;
	}
	samples_print(name, "ns", ns, ROUNDS);
}

int main(void)
{
	parse();
	measure("sip_parse_message_590_bytes", parse);
	measure("sip_parse_and_decide", parse_and_decide);
	measure("sip_write_response", respond);
	return EXIT_SUCCESS;
}
