/* SPDX-License-Identifier: BSD-3-Clause */
/* Strangers that shake hands in earnest: each connects from an address of its own, asks for STARTTLS (or
 * begins with TLS), finishes the handshake without a certificate, and goes; then another comes. Prints what
 * became of them as one line of JSON. */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "rules/prefix.h"

enum { EVENTS = 256, HEARD_BYTES = 2048, PATIENCE_S = 5, AT_ONCE_MAX = 16384 };

static const char usage[] =
	"usage: strangers --target ADDRESS --port PORT --source PREFIX [options]\n"
	"\n"
	"  --to DOMAIN       whom the stream header is for (default corp.example)\n"
	"  --direct          begin with TLS (default: XMPP's STARTTLS)\n"
	"  --strangers N     how many addresses, each in a /24 of its own (default 10000)\n"
	"  --at-once N       connections at the same time (default 256)\n"
	"  --seconds S       how long (default 10)\n"
	"\n"
	"The prefix (IPv4) must be local: ip route add local PREFIX dev lo\n";

enum stage { CONNECTING, GREETED, ASKED, SHAKING };

struct stranger {
	int fd; /* -1: free */
	enum stage stage;
	SSL *ssl;
	double until;
	uint32_t heard_bytes;
	char heard[HEARD_BYTES];
};

static struct {
	struct ip_address target;
	struct prefix source;
	uint16_t port;
	const char *to;
	bool direct;
	uint32_t strangers, at_once;
	double seconds;
} options = {.to = "corp.example", .strangers = 10000, .at_once = 256, .seconds = 10};

static struct {
	uint64_t begun, shaken, refused, reset, closed, late, failed;
} tally;

static SSL_CTX *context;
static int poll_fd;
static uint32_t next_number;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void leave(struct stranger *s, uint64_t *why)
{
	(*why)++;
	SSL_free(s->ssl);
	s->ssl = NULL;
	close(s->fd);
	s->fd = -1;
}

/* What a socket says when it is over. */
static uint64_t *why_of(int error)
{
	if (error == ECONNREFUSED)
		return &tally.refused;
	return error == ECONNRESET || error == EPIPE ? &tally.reset : &tally.failed;
}

static bool say(struct stranger *s, const char *words)
{
	size_t bytes = strlen(words);

	if (send(s->fd, words, bytes, MSG_NOSIGNAL) == (ssize_t)bytes)
		return true;
	leave(s, why_of(errno));
	return false;
}

static void begin(struct stranger *s)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(options.port)};
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = s};
	uint32_t number = next_number++ % options.strangers;
	uint32_t base;
	int on = 1;

	memcpy(&base, options.source.address.bytes, sizeof(base));
	from.sin_addr.s_addr = htonl(ntohl(base) + (number << 8) + 1);
	memcpy(&to.sin_addr, options.target.bytes, sizeof(to.sin_addr));
	*s = (struct stranger){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
	s->until = now_s() + PATIENCE_S;
	tally.begun++;
	setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
		(connect(s->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS) ||
		epoll_ctl(poll_fd, EPOLL_CTL_ADD, s->fd, &event) < 0) {
		if (tally.failed == 0)
			perror("strangers: a connection");
		leave(s, &tally.failed);
	}
}

static void shake(struct stranger *s)
{
	int rc;

	if (!s->ssl) {
		s->ssl = SSL_new(context);
		SSL_set_fd(s->ssl, s->fd);
		SSL_set_connect_state(s->ssl);
	}
	ERR_clear_error();
	rc = SSL_do_handshake(s->ssl);
	if (rc == 1) {
		leave(s, &tally.shaken);
		return;
	}
	rc = SSL_get_error(s->ssl, rc);
	if (rc != SSL_ERROR_WANT_READ && rc != SSL_ERROR_WANT_WRITE)
		leave(s, rc == SSL_ERROR_SYSCALL && errno ? why_of(errno) : &tally.closed);
}

/* Have these words come? Else it may have ended. */
static bool heard(struct stranger *s, const char *words)
{
	ssize_t got = 1;

	while (got > 0 && s->heard_bytes < HEARD_BYTES - 1) {
		got = recv(s->fd, s->heard + s->heard_bytes, HEARD_BYTES - 1 - s->heard_bytes, 0);
		if (got > 0)
			s->heard_bytes += (uint32_t)got;
	}
	s->heard[s->heard_bytes] = '\0';
	if (strstr(s->heard, words)) {
		s->heard_bytes = 0;
		return true;
	}
	if (got == 0 || s->heard_bytes == HEARD_BYTES - 1)
		leave(s, &tally.closed);
	else if (errno != EAGAIN)
		leave(s, why_of(errno));
	return false;
}

static void greet(struct stranger *s)
{
	char header[512];
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		leave(s, why_of(error));
		return;
	}
	if (options.direct) {
		s->stage = SHAKING;
		shake(s);
		return;
	}
	snprintf(header, sizeof(header),
		"<?xml version='1.0'?><stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='%s' version='1.0'>",
		options.to);
	s->stage = GREETED;
	say(s, header);
}

static void go_on(struct stranger *s, uint32_t events)
{
	switch (s->stage) {
	case CONNECTING:
		if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			greet(s);
		break;
	case GREETED:
		if (heard(s, "</stream:features>") &&
			say(s, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"))
			s->stage = ASKED;
		break;
	case ASKED:
		if (!heard(s, "<proceed"))
			break;
		s->stage = SHAKING;
		shake(s);
		break;
	case SHAKING:
		shake(s);
		break;
	}
}

static void run(void)
{
	struct stranger *all = calloc(options.at_once, sizeof(*all));
	struct epoll_event events[EVENTS];
	double end = now_s() + options.seconds;
	double now;

	for (uint32_t i = 0; all && i < options.at_once; i++)
		all[i].fd = -1;
	while (all && (now = now_s()) < end) {
		int count;

		for (uint32_t i = 0; i < options.at_once; i++) {
			if (all[i].fd >= 0 && all[i].until < now)
				leave(&all[i], &tally.late);
			if (all[i].fd < 0)
				begin(&all[i]);
		}
		count = epoll_wait(poll_fd, events, EVENTS, 10);
		for (int i = 0; i < count; i++) {
			struct stranger *s = events[i].data.ptr;

			if (s->fd >= 0)
				go_on(s, events[i].events);
		}
	}
	free(all);
}

static bool option_take(int key)
{
	switch (key) {
	case 't':
		return ip_address_parse(view_of(optarg), &options.target) &&
		       options.target.family_bits == 32;
	case 'p':
		options.port = (uint16_t)atoi(optarg);
		return options.port != 0;
	case 's':
		return prefix_parse(view_of(optarg), &options.source) &&
		       options.source.address.family_bits == 32;
	case 'o':
		options.to = optarg;
		return true;
	case 'd':
		options.direct = true;
		return true;
	case 'n':
		options.strangers = (uint32_t)atoi(optarg);
		return options.strangers > 0;
	case 'a':
		options.at_once = (uint32_t)atoi(optarg);
		return options.at_once > 0 && options.at_once <= AT_ONCE_MAX;
	case 'S':
		options.seconds = atof(optarg);
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{"target", required_argument, NULL, 't'},
		{"port", required_argument, NULL, 'p'},
		{"source", required_argument, NULL, 's'},
		{"to", required_argument, NULL, 'o'},
		{"direct", no_argument, NULL, 'd'},
		{"strangers", required_argument, NULL, 'n'},
		{"at-once", required_argument, NULL, 'a'},
		{"seconds", required_argument, NULL, 'S'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct rlimit files = {AT_ONCE_MAX + 64, AT_ONCE_MAX + 64};
	double started;
	int key;

	while ((key = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (!option_take(key)) {
			fputs(usage, key == 'h' ? stdout : stderr);
			return key == 'h' ? 0 : 2;
		}
	}
	if (!options.target.family_bits || !options.source.address.family_bits || !options.port) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	context = SSL_CTX_new(TLS_client_method());
	poll_fd = epoll_create1(0);
	started = now_s();
	run();
	printf("{\"begun\": %llu, \"shaken\": %llu, \"refused\": %llu, \"reset\": %llu, "
	       "\"closed\": %llu, \"late\": %llu, \"failed\": %llu, \"seconds\": %.2f}\n",
		(unsigned long long)tally.begun, (unsigned long long)tally.shaken,
		(unsigned long long)tally.refused, (unsigned long long)tally.reset,
		(unsigned long long)tally.closed, (unsigned long long)tally.late,
		(unsigned long long)tally.failed, now_s() - started);
	SSL_CTX_free(context);
	return 0;
}
