/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions under a clock of the test's own. */
#include "tests/unit/test.h"

#include "control/sip/transaction_client.h"
#include "control/sip/transaction_server.h"
#include "tests/unit/sip_data.h"

static const struct sip_tx_secret secret = {{1, 2}, {3, 4}};

static struct sip_message parsed;

static struct sip_tx_key key_of(const char *peer, const char *from, const char *to)
{
	static struct view bytes; /* of parsed, which the caller may still look at */
	struct sip_fault fault;
	struct sip_tx_key key;
	uint32_t consumed;

	free((void *)bytes.p);
	bytes = sip_test_bend(SIP_TEST_MESSAGE, from, to);
	assert_int_equal(sip_message_parse(bytes, &parsed, &consumed, &fault), PARSE_DONE);
	key = sip_tx_key_make(&secret, view_of(peer), &parsed);
	return key;
}

static void a_key_is_branch_sent_by_method_and_peer(void **state)
{
	struct sip_tx_key key = key_of("p", "", "");

	assert_true(sip_tx_key_equal(key, key_of("p", "", "")));
	assert_true(sip_tx_key_equal(key, key_of("p", "Call-ID: a", "Call-ID: b")));
	assert_true(sip_tx_key_equal(key, key_of("p", "70", "69")));
	assert_false(sip_tx_key_equal(key, key_of("q", "", "")));
	assert_false(sip_tx_key_equal(key, key_of("p", "776sgdkse", "776sgdksf")));
	assert_false(sip_tx_key_equal(key, key_of("p", ":5061;", ";")));
	assert_false(sip_tx_key_equal(key, key_of("p", "192.0.2.7:", "192.0.2.8:")));
	/* RFC 2543: no cookie, so everything that names the request counts */
	key = key_of("p", "z9hG4bK776", "776");
	assert_true(sip_tx_key_equal(key, key_of("p", "z9hG4bK776", "776")));
	parsed.cseq++;
	assert_false(sip_tx_key_equal(key, sip_tx_key_make(&secret, VIEW("p"), &parsed)));
	parsed.cseq--;
	assert_true(sip_tx_key_equal(key, sip_tx_key_make(&secret, VIEW("p"), &parsed)));
}

static struct mono at(uint64_t ms)
{
	return (struct mono){NS_PER_S + ms * NS_PER_MS};
}

static struct sip_tx_key number(uint64_t n)
{
	return (struct sip_tx_key){n * 0x9e3779b97f4a7c15, n};
}

static void a_request_is_handled_once_and_answered_alike(void **state)
{
	struct sip_servers *s = sip_servers_new(16);
	uint16_t code = 0;
	uint32_t tx;

	assert_int_equal(sip_servers_find(s, at(0), number(1), &code), SIP_ARRIVAL_NEW);
	tx = sip_servers_begin(s, at(0), number(1), number(100), s);
	assert_int_equal(sip_servers_find(s, at(10), number(1), &code), SIP_ARRIVAL_PENDING);
	assert_int_equal(sip_servers_find(s, at(10), number(2), &code), SIP_ARRIVAL_NEW);
	sip_servers_answer(s, at(1000), tx, 202);
	assert_int_equal(sip_servers_pending(s), 0);
	assert_int_equal(sip_servers_find(s, at(32999), number(1), &code), SIP_ARRIVAL_ANSWERED);
	assert_int_equal(code, 202);
	assert_int_equal(sip_servers_find(s, at(33000), number(1), &code), SIP_ARRIVAL_NEW);
	sip_servers_free(s);
}

static void trying_is_due_after_3500_ms_once(void **state)
{
	struct sip_servers *s = sip_servers_new(16);
	int a, b, c;
	uint32_t fast;

	assert_int_equal(sip_servers_wait_ms(s, at(0)), SIP_DEADLINE_NONE_MS);
	sip_servers_begin(s, at(0), number(1), number(101), &a);
	fast = sip_servers_begin(s, at(100), number(2), number(102), &b);
	sip_servers_begin(s, at(200), number(3), number(103), &c);
	assert_int_equal(sip_servers_wait_ms(s, at(0)), 3500);
	assert_null(sip_servers_trying(s, at(3499)));
	assert_ptr_equal(sip_servers_trying(s, at(3500)), &a);
	assert_null(sip_servers_trying(s, at(3500)));
	sip_servers_answer(s, at(3550), fast, 200);
	assert_int_equal(sip_servers_wait_ms(s, at(3600)), 100);
	assert_ptr_equal(sip_servers_trying(s, at(9000)), &c);
	assert_null(sip_servers_trying(s, at(9000)));
	assert_int_equal(sip_servers_wait_ms(s, at(9000)), SIP_DEADLINE_NONE_MS);
	assert_int_equal(sip_servers_pending(s), 2);
	sip_servers_free(s);
}

static void forked_requests_merge_only_while_one_is_pending(void **state)
{
	struct sip_servers *s = sip_servers_new(16);
	uint32_t tx = sip_servers_begin(s, at(0), number(1), number(100), s);

	assert_true(sip_servers_merges(s, number(100)));
	assert_false(sip_servers_merges(s, number(1)));
	sip_servers_answer(s, at(1), tx, 200);
	assert_false(sip_servers_merges(s, number(100)));
	sip_servers_free(s);
}

static void memory_is_bounded_and_the_oldest_answer_makes_room(void **state)
{
	struct sip_servers *s = sip_servers_new(100);
	uint32_t handles[100];
	uint16_t code;

	for (uint32_t i = 0; i < 100; i++)
		handles[i] = sip_servers_begin(s, at(i), number(i), number(1000 + i), s);
	assert_int_equal(sip_servers_begin(s, at(100), number(100), number(1), s), SIP_SERVER_NONE);
	sip_servers_answer(s, at(101), handles[7], 200);
	sip_servers_answer(s, at(102), handles[3], 200);
	assert_int_not_equal(
		sip_servers_begin(s, at(103), number(200), number(1), s), SIP_SERVER_NONE);
	assert_int_equal(sip_servers_find(s, at(104), number(7), &code), SIP_ARRIVAL_NEW);
	assert_int_equal(sip_servers_find(s, at(104), number(3), &code), SIP_ARRIVAL_ANSWERED);
	assert_int_equal(sip_servers_find(s, at(104), number(99), &code), SIP_ARRIVAL_PENDING);
	assert_int_equal(sip_servers_pending(s), 99);
	sip_servers_free(s);
}

/* Against a plain model: a long random life with a hard bound. */
static void a_long_life_keeps_every_promise(void **state)
{
	enum { KEYS = 64, MAX = 40 };
	struct {
		uint32_t handle;
		int state; /* 0 unknown, 1 pending, 2 answered */
		uint64_t answered_ms;
	} model[KEYS] = {0};
	struct sip_servers *s = sip_servers_new(MAX);
	uint64_t random = 42;
	uint32_t pending = 0;

	for (uint64_t ms = 0; ms < 400000; ms += 7) {
		uint16_t code = 0;
		uint64_t k;
		enum sip_arrival got;

		random = random * 6364136223846793005u + 1442695040888963407u;
		k = (random >> 33) % KEYS;
		got = sip_servers_find(s, at(ms), number(k), &code);
		if (model[k].state == 1)
			assert_int_equal(got, SIP_ARRIVAL_PENDING);
		else if (model[k].state == 0 || ms >= model[k].answered_ms + SIP_ANSWERED_MS)
			assert_int_equal(got, SIP_ARRIVAL_NEW);
		if (model[k].state == 1 && random >> 60 < 9) {
			sip_servers_answer(s, at(ms), model[k].handle, 200);
			model[k].state = 2;
			model[k].answered_ms = ms;
			pending--;
		} else if (got == SIP_ARRIVAL_NEW) {
			model[k].handle = sip_servers_begin(s, at(ms), number(k), number(k), s);
			assert_int_equal(model[k].handle == SIP_SERVER_NONE, pending == MAX);
			model[k].state = model[k].handle != SIP_SERVER_NONE;
			pending += (uint32_t)model[k].state;
		}
		assert_int_equal(sip_servers_pending(s), pending);
		sip_servers_trying(s, at(ms));
	}
	sip_servers_free(s);
}

static void nothing(void *arg, enum sip_outcome outcome, const struct sip_message *response)
{
}

static struct sip_message response_with(const char *branch, enum sip_method method)
{
	return (struct sip_message){.via = {.branch = view_of(branch)}, .cseq_method = method};
}

static void a_response_finds_its_transaction_by_branch_method_and_peer(void **state)
{
	struct sip_clients *c = sip_clients_new(0xabcdef);
	int peer, stranger;
	struct sip_client_tx *tx = sip_clients_begin(c, at(0), &peer, SIP_MESSAGE, nothing, NULL);
	char branch[SIP_BRANCH_BYTES];
	struct sip_message r;

	sip_clients_branch(c, tx, branch);
	assert_true(view_starts(view_of(branch), sip_clients_branch_prefix(c)));
	assert_true(view_starts(view_of(branch), VIEW("z9hG4bKpk0000000000abcdef")));
	r = response_with(branch, SIP_MESSAGE);
	assert_ptr_equal(sip_clients_match(c, &peer, &r), tx);
	assert_null(sip_clients_match(c, &stranger, &r));
	r = response_with(branch, SIP_INVITE);
	assert_null(sip_clients_match(c, &peer, &r));
	branch[strlen(branch) - 1] ^= 1;
	r = response_with(branch, SIP_MESSAGE);
	assert_null(sip_clients_match(c, &peer, &r));
	branch[strlen(branch) - 1] = 'G';
	assert_null(sip_clients_match(c, &peer, &r));
	r = response_with("z9hG4bKpk0000000000abcdef", SIP_MESSAGE);
	assert_null(sip_clients_match(c, &peer, &r));
	r = response_with("", SIP_MESSAGE);
	assert_null(sip_clients_match(c, &peer, &r));
	sip_clients_free(c);
}

static void timer_f_fires_after_32_s_in_order(void **state)
{
	struct sip_clients *c = sip_clients_new(1);
	struct sip_client_tx *a, *b;

	assert_int_equal(sip_clients_wait_ms(c, at(0)), SIP_DEADLINE_NONE_MS);
	a = sip_clients_begin(c, at(0), c, SIP_MESSAGE, nothing, NULL);
	b = sip_clients_begin(c, at(500), c, SIP_MESSAGE, nothing, NULL);
	assert_int_equal(sip_clients_count(c), 2);
	assert_null(sip_clients_expired(c, at(31999)));
	assert_int_equal(sip_clients_wait_ms(c, at(31999)), 1);
	assert_ptr_equal(sip_clients_expired(c, at(32000)), a);
	sip_clients_end(c, a);
	sip_client_tx_free(a);
	assert_null(sip_clients_expired(c, at(32000)));
	assert_ptr_equal(sip_clients_expired(c, at(32500)), b);
	assert_ptr_equal(sip_clients_next(c, NULL), b);
	assert_null(sip_clients_next(c, b));
	sip_clients_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_branch_sent_by_method_and_peer),
		cmocka_unit_test(a_request_is_handled_once_and_answered_alike),
		cmocka_unit_test(trying_is_due_after_3500_ms_once),
		cmocka_unit_test(forked_requests_merge_only_while_one_is_pending),
		cmocka_unit_test(memory_is_bounded_and_the_oldest_answer_makes_room),
		cmocka_unit_test(a_long_life_keeps_every_promise),
		cmocka_unit_test(a_response_finds_its_transaction_by_branch_method_and_peer),
		cmocka_unit_test(timer_f_fires_after_32_s_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
