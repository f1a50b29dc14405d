/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeping a silent SIP connection alive, over hours of a clock that the test owns; real TLS. */
#include "tests/unit/test.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/sip/connection.h"
#include "tests/unit/certificate.h"
#include "tests/unit/fake_loop.h"

/* RFC 5626 section 4.4.1: from 80 % of 120 s on, before NATs and peers forget at 120 s. */
enum { SILENT_MS = 95900, PINGED_MS = 110100, PATIENCE_MS = 5000 };

static struct {
	struct identity_pair pair;
	struct loop *loop;
	struct sip_connection *connection; /* NULL: it has ended */
	SSL *peer;
	int peer_fd;
	bool ready;
	enum sip_end end;
	char cause[64];
	char heard[256]; /* by the peer, since it was last asked */
} line;

static bool on_ready(void *arg, struct sip_connection *connection, SSL *ssl)
{
	line.ready = true;
	return true;
}

static void on_message(
	void *arg, struct sip_connection *connection, const struct sip_message *message)
{
}

static void on_bad(void *arg, struct sip_connection *connection, const struct sip_message *message,
	const struct sip_fault *fault)
{
}

static void on_ended(
	void *arg, struct sip_connection *connection, enum sip_end end, const char *cause)
{
	line.connection = NULL;
	line.end = end;
	snprintf(line.cause, sizeof(line.cause), "%s", cause);
}

static SSL *ssl_make(bool server)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	SSL *ssl;

	assert_int_equal(SSL_CTX_use_certificate(context, line.pair.certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, line.pair.key), 1);
	ssl = SSL_new(context);
	SSL_CTX_free(context);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* What the peer has heard since the last time. */
static const char *heard(void)
{
	int n = 0;

	line.heard[0] = '\0';
	for (int i = 0; i < 10; i++) {
		size_t len = strlen(line.heard);

		fake_loop_round(line.loop);
		ERR_clear_error();
		n = SSL_read(line.peer, line.heard + len, (int)(sizeof(line.heard) - 1 - len));
		if (n > 0)
			line.heard[len + (size_t)n] = '\0';
	}
	return line.heard;
}

static void peer_says(const char *text)
{
	assert_int_equal(SSL_write(line.peer, text, (int)strlen(text)), (int)strlen(text));
	for (int i = 0; i < 10; i++)
		fake_loop_round(line.loop);
}

static void line_open(bool pings)
{
	static const struct sip_connection_handlers handlers = {
		.ready = on_ready, .message = on_message, .bad = on_bad, .ended = on_ended};
	const struct handshake_place place = {line.loop, NULL};
	const struct origin origin = origin_own(PARTNER_NONE);
	struct mono end = mono_after_ms(mono_now(), PATIENCE_MS);
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	line.peer_fd = fds[0];
	line.peer = ssl_make(true);
	SSL_set_fd(line.peer, fds[0]);
	line.connection =
		sip_connection_new(&place, fds[1], ssl_make(false), &origin, pings, &handlers);
	assert_non_null(line.connection);
	while (!line.ready && !mono_reached(mono_now(), end)) {
		fake_loop_round(line.loop);
		SSL_do_handshake(line.peer);
	}
	assert_true(line.ready);
	assert_string_equal(heard(), "");
}

static int line_setup(void **state)
{
	memset(&line, 0, sizeof(line));
	signal(SIGPIPE, SIG_IGN);
	line.pair = certificate_make(&(struct certificate_spec){.cn = "both"});
	line.loop = loop_new();
	return 0;
}

static int line_teardown(void **state)
{
	sip_connection_free(line.connection);
	SSL_free(line.peer);
	close(line.peer_fd);
	loop_free(line.loop);
	identity_pair_free(&line.pair);
	return 0;
}

static void a_silent_connection_is_pinged_before_two_minutes_are_over(void **state)
{
	uint64_t silent_ms = 0;
	uint32_t pings = 0;

	line_open(true);
	for (uint64_t ms = 0; ms < 3600 * UINT64_C(1000); ms += 100) {
		fake_loop_pass_ms(line.loop, 100);
		silent_ms += 100;
		assert_non_null(line.connection);
		if (heard()[0] == '\0')
			continue;
		assert_string_equal(line.heard, "\r\n\r\n");
		assert_in_range(silent_ms, SILENT_MS, PINGED_MS);
		peer_says("\r\n");
		silent_ms = 0;
		pings++;
	}
	assert_in_range(pings, 3600 / 111, 3600 / 95);
}

static void who_never_answered_a_ping_need_not(void **state)
{
	line_open(true);
	for (int i = 0; i < 10; i++) {
		fake_loop_pass_ms(line.loop, PINGED_MS);
		assert_non_null(line.connection);
		assert_memory_equal(heard(), "\r\n\r\n", 4);
	}
}

static void who_answered_once_and_is_silent_then_is_gone(void **state)
{
	line_open(true);
	fake_loop_pass_ms(line.loop, PINGED_MS);
	assert_string_equal(heard(), "\r\n\r\n");
	peer_says("\r\n");
	assert_true(sip_connection_write(line.connection, VIEW("x")));
	assert_string_equal(heard(), "x");
	fake_loop_pass_ms(line.loop, SILENT_MS);
	assert_string_equal(heard(), "");
	assert_non_null(line.connection);
	/* The ping, and ten seconds for its answer. */
	fake_loop_pass_ms(line.loop, PINGED_MS - SILENT_MS + 10000);
	assert_null(line.connection);
	assert_int_equal(line.end, SIP_END_CLOSED);
	assert_string_equal(line.cause, "pong_timeout");
}

static void what_is_written_puts_the_ping_off(void **state)
{
	line_open(true);
	for (int i = 0; i < 20; i++) {
		fake_loop_pass_ms(line.loop, 90000);
		assert_string_equal(heard(), "");
		assert_true(sip_connection_write(line.connection, VIEW("x")));
		assert_string_equal(heard(), "x");
	}
}

static void the_side_that_was_called_does_not_ping(void **state)
{
	line_open(false);
	fake_loop_pass_ms(line.loop, 23600 * UINT64_C(1000));
	assert_non_null(line.connection);
	assert_string_equal(heard(), "");
}

int main(void)
{
#define LINE_TEST(f) cmocka_unit_test_setup_teardown(f, line_setup, line_teardown)
	const struct CMUnitTest tests[] = {
		LINE_TEST(a_silent_connection_is_pinged_before_two_minutes_are_over),
		LINE_TEST(who_never_answered_a_ping_need_not),
		LINE_TEST(who_answered_once_and_is_silent_then_is_gone),
		LINE_TEST(what_is_written_puts_the_ping_off),
		LINE_TEST(the_side_that_was_called_does_not_ping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
