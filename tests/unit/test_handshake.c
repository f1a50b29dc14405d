/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes whose steps threads take: that they come about, fail, and are called off at any moment. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "control/counters.h"
#include "control/handshake.h"
#include "tests/unit/certificate.h"

enum { PAIRS = 24, PATIENCE_MS = 20000 };

struct side {
	struct handshake *handshake; /* NULL: it has ended */
	struct bufferevent *bev;
	unsigned long error;
	const char *problem;
	bool ended;
};

static struct {
	struct loop *loop;
	struct handshake_place place;
	struct identity_pair pair;
	SSL_CTX *context;
	struct side servers[PAIRS], clients[PAIRS];
} h;

static void on_end(void *arg, const struct handshake_result *result)
{
	struct side *side = arg;

	assert_false(side->ended);
	side->handshake = NULL;
	side->ended = true;
	side->bev = result->bev;
	side->error = result->error;
	side->problem = result->problem;
}

static SSL *ssl_make(bool server)
{
	SSL *ssl = SSL_new(h.context);

	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static void begin(struct side *side, bool server, int fd)
{
	const struct origin origin = {server ? ORIGIN_UNKNOWN : ORIGIN_OWN, (uint32_t)fd};

	side->handshake = handshake_start(
		&h.place, fd, ssl_make(server), &origin, BEV_OPT_DEFER_CALLBACKS, on_end, side);
	assert_non_null(side->handshake);
}

/* The threads work meanwhile. */
static void turn_once(void)
{
	event_base_loop(loop_base(h.loop), EVLOOP_NONBLOCK);
	usleep(100);
}

#define AWAIT(condition)                                                                           \
	do {                                                                                       \
		struct mono end_ = mono_after_ms(mono_now(), PATIENCE_MS);                         \
		while (!(condition)) {                                                             \
			assert_false(mono_reached(mono_now(), end_));                              \
			turn_once();                                                               \
		}                                                                                  \
	} while (0)

static void pair_begin(int i)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	begin(&h.servers[i], true, fds[0]);
	begin(&h.clients[i], false, fds[1]);
}

static uint32_t ended(void)
{
	uint32_t count = 0;

	for (int i = 0; i < PAIRS; i++)
		count += h.servers[i].ended + h.clients[i].ended;
	return count;
}

static int house_open(uint32_t threads)
{
	memset(&h, 0, sizeof(h));
	counters_clear();
	signal(SIGPIPE, SIG_IGN);
	h.pair = certificate_make(&(struct certificate_spec){.cn = "both"});
	h.loop = loop_new();
	h.place.loop = h.loop;
	h.place.hands = threads ? handshakers_new(h.loop, threads) : NULL;
	h.context = SSL_CTX_new(TLS_method());
	assert_int_equal(SSL_CTX_use_certificate(h.context, h.pair.certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(h.context, h.pair.key), 1);
	return 0;
}

static int open_with_threads(void **state)
{
	return house_open(3);
}

static int open_without(void **state)
{
	return house_open(0);
}

static void side_close(struct side *side)
{
	handshake_cancel(side->handshake);
	side->handshake = NULL;
	if (side->bev)
		bufferevent_free(side->bev);
	side->bev = NULL;
}

static int house_close(void **state)
{
	for (int i = 0; i < PAIRS; i++) {
		side_close(&h.servers[i]);
		side_close(&h.clients[i]);
	}
	handshakers_free(h.place.hands);
	turn_once();
	SSL_CTX_free(h.context);
	loop_free(h.loop);
	identity_pair_free(&h.pair);
	return 0;
}

static void both_sides_come_to_an_end_and_can_speak(void **state)
{
	for (int i = 0; i < PAIRS; i++)
		pair_begin(i);
	AWAIT(ended() == 2 * PAIRS);
	for (int i = 0; i < PAIRS; i++) {
		struct evbuffer *heard;
		char text[8] = "";

		assert_non_null(h.servers[i].bev);
		assert_non_null(h.clients[i].bev);
		heard = bufferevent_get_input(h.servers[i].bev);
		bufferevent_enable(h.servers[i].bev, EV_READ);
		bufferevent_enable(h.clients[i].bev, EV_READ | EV_WRITE);
		bufferevent_write(h.clients[i].bev, "hello", 5);
		AWAIT(evbuffer_get_length(heard) == 5);
		evbuffer_remove(heard, text, 5);
		assert_string_equal(text, "hello");
	}
	assert_int_equal(counter_get("handshake", "done"), 2 * PAIRS);
}

static void nothing_of_a_client_that_speaks_at_once_is_lost(void **state)
{
	struct evbuffer *heard;

	pair_begin(0);
	AWAIT(h.clients[0].bev);
	/* Finished and data may lie in the socket together when the server looks. */
	bufferevent_enable(h.clients[0].bev, EV_WRITE);
	bufferevent_write(h.clients[0].bev, "early", 5);
	AWAIT(h.servers[0].bev);
	bufferevent_enable(h.servers[0].bev, EV_READ);
	heard = bufferevent_get_input(h.servers[0].bev);
	AWAIT(evbuffer_get_length(heard) == 5);
}

static void a_certificate_store_may_go_while_handshakes_are_under_way(void **state)
{
	for (int i = 0; i < PAIRS; i++) {
		pair_begin(i);
		turn_once();
	}
	SSL_CTX_free(h.context);
	h.context = NULL;
	AWAIT(ended() == 2 * PAIRS);
	for (int i = 0; i < PAIRS; i++)
		assert_non_null(h.servers[i].bev);
}

static void handshakes_are_called_off_at_any_moment(void **state)
{
	for (int round = 0; round < 30; round++) {
		memset(h.servers, 0, sizeof(h.servers));
		memset(h.clients, 0, sizeof(h.clients));
		for (int i = 0; i < PAIRS; i++)
			pair_begin(i);
		for (int turn = 0; turn < round; turn++)
			event_base_loop(loop_base(h.loop), EVLOOP_NONBLOCK);
		for (int i = 0; i < PAIRS; i++) {
			side_close(&h.servers[i]);
			side_close(&h.clients[i]);
		}
	}
}

static void what_a_thread_has_at_the_end_is_closed(void **state)
{
	for (int i = 0; i < PAIRS; i++)
		pair_begin(i);
	event_base_loop(loop_base(h.loop), EVLOOP_NONBLOCK);
	/* The teardown calls all of them off and ends the threads. */
}

static void who_speaks_no_tls_fails_with_its_word(void **state)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	begin(&h.servers[0], true, fds[0]);
	assert_int_equal(write(fds[1], "GET / HTTP/1.0\r\n\r\n", 18), 18);
	AWAIT(h.servers[0].ended);
	assert_null(h.servers[0].bev);
	assert_int_not_equal(h.servers[0].error, 0);
	assert_string_equal(h.servers[0].problem, "http request");
	close(fds[1]);
}

static void who_goes_is_lost_and_no_failure_of_tls(void **state)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	begin(&h.servers[0], true, fds[0]);
	close(fds[1]);
	AWAIT(h.servers[0].ended);
	assert_null(h.servers[0].bev);
	assert_int_equal(h.servers[0].error, 0);
	assert_string_equal(h.servers[0].problem, "connection lost");
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
}

static void who_says_nothing_costs_no_thread(void **state)
{
	int fds[2];
	json_t *told;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	begin(&h.servers[0], true, fds[0]);
	for (int i = 0; i < 20; i++)
		turn_once();
	assert_false(h.servers[0].ended);
	told = handshakers_json(h.place.hands);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(told, "strangers"), "steps")),
		0);
	json_decref(told);
	close(fds[1]);
}

int main(void)
{
#define HANDSHAKE_TEST(f) cmocka_unit_test_setup_teardown(f, open_with_threads, house_close)
	const struct CMUnitTest tests[] = {
		HANDSHAKE_TEST(both_sides_come_to_an_end_and_can_speak),
		cmocka_unit_test_setup_teardown(
			both_sides_come_to_an_end_and_can_speak, open_without, house_close),
		HANDSHAKE_TEST(nothing_of_a_client_that_speaks_at_once_is_lost),
		HANDSHAKE_TEST(a_certificate_store_may_go_while_handshakes_are_under_way),
		HANDSHAKE_TEST(handshakes_are_called_off_at_any_moment),
		HANDSHAKE_TEST(what_a_thread_has_at_the_end_is_closed),
		HANDSHAKE_TEST(who_speaks_no_tls_fails_with_its_word),
		HANDSHAKE_TEST(who_goes_is_lost_and_no_failure_of_tls),
		HANDSHAKE_TEST(who_says_nothing_costs_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
