/* SPDX-License-Identifier: BSD-3-Clause */
/* One stream on one socket. */
#include "control/xmpp/link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "control/counters.h"
#include "rules/peer.h"

enum {
	READ_MAX_BYTES = 32 * 1024,   /* unread input that we hold */
	LINGER_MAX_BYTES = 64 * 1024, /* discarded while the peer takes in our last words */
	TCP_GIVE_UP_MS = 60 * 1000,   /* unacknowledged for so long: the peer is dead */
};

struct link {
	const struct link_env *env;
	enum stream_role role;
	void *owner;
	struct stream *stream;
	struct stream_world world;
	struct bufferevent *bev; /* NULL during the handshake */
	struct handshake *handshake;
	SSL *ssl;            /* the bufferevent's; NULL in clear text */
	struct timer *timer; /* the stream's next deadline, or the end of lingering */
	struct timer *kick;  /* run the machine in the next round */
	struct mono armed;   /* when `timer` fires; 0: not set */
	struct mono since;
	struct ip_address peer;
	struct origin origin;
	uint32_t discarded_bytes;
	bool tls_due;   /* as soon as the output is written */
	bool eof;       /* the peer has closed its side */
	bool over;      /* the stream is */
	bool lingering; /* our side of the connection is shut */
};

static void pump(struct link *l);

static bool is_local(void *arg, const char *domain)
{
	const struct link *l = arg;

	return ruleset_local(l->env->generation->rules, view_of(domain)) != NULL;
}

static enum stream_partner partner(void *arg, const char *domain)
{
	const struct link *l = arg;

	return link_judge(l->env, view_of(domain));
}

enum stream_partner link_judge(const struct link_env *env, struct view remote)
{
	struct peer peer;

	peer_find(env->generation->rules, remote, &peer);
	switch (peer.standing) {
	case PEER_BLOCKED:
		return STREAM_PARTNER_BLOCKED;
	case PEER_OFF:
		return STREAM_PARTNER_OFF;
	case PEER_UNKNOWN:
		return STREAM_PARTNER_UNKNOWN;
	case PEER_DISCOVERED:
		if (env->is_shut && env->is_shut(env->arg, remote))
			return STREAM_PARTNER_BLOCKED;
		break;
	case PEER_PARTNER:
		break;
	}
	return peer_is_served(&peer, PROTOCOL_XMPP) ? STREAM_PARTNER_SERVED
						    : STREAM_PARTNER_NOT_XMPP;
}

uint32_t link_proofs(const struct link_env *env, struct view remote)
{
	struct peer peer;

	peer_find(env->generation->rules, remote, &peer);
	return peer_is_served(&peer, PROTOCOL_XMPP) ? security_proofs(&peer.terms->security) : 0;
}

static uint32_t proofs(void *arg, const char *domain)
{
	const struct link *l = arg;

	return link_proofs(l->env, view_of(domain));
}

static void count(void *arg, const char *area, const char *what)
{
	counter_add(area, what, 1);
}

static enum stream_proof proof(void *arg, const char *domain)
{
	const struct link *l = arg;
	struct tls_peer peer = {0};

	if (l->ssl)
		tls_peer(l->ssl, &peer);
	if (!peer.certificate)
		return STREAM_CERTIFICATE_NONE;
	if (!peer.chain_valid)
		return STREAM_CERTIFICATE_INVALID;
	return identity_is_xmpp(peer.certificate, view_of(domain)) ? STREAM_PROVEN
								   : STREAM_CERTIFICATE_OTHER;
}

static void random_bytes(void *arg, uint8_t *out, size_t bytes)
{
	size_t have = 0;

	/* Cannot fail once the kernel's pool is up, which was long before us. */
	while (have < bytes) {
		ssize_t got = getrandom(out + have, bytes - have, 0);

		if (got > 0)
			have += (size_t)got;
	}
}

static void destroy(struct link *l)
{
	handshake_cancel(l->handshake);
	if (l->bev) {
		int fd = bufferevent_getfd(l->bev);
		bool plain = !l->ssl;

		bufferevent_disable(l->bev, EV_READ | EV_WRITE);
		bufferevent_free(l->bev);
		if (plain && fd >= 0)
			close(fd);
	}
	timer_free(l->timer);
	timer_free(l->kick);
	stream_free(l->stream);
	free(l);
}

static void vanish(struct link *l)
{
	l->env->handlers->gone(l->env->arg, l);
	destroy(l);
}

/* Deadlines mostly move away with every stanza: the timer is set again only when one comes nearer,
 * or when it fired too early. */
static void schedule(struct link *l, bool fired)
{
	struct mono now = loop_now(l->env->loop);
	struct mono at;

	if (fired)
		l->armed.ns = 0;
	if (l->over || !stream_deadline(l->stream, &at))
		return;
	if (l->armed.ns && l->armed.ns <= at.ns)
		return;
	l->armed = at;
	timer_set_ms(l->timer, at.ns > now.ns ? (at.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS : 0);
}

static void cannot_write(struct link *l)
{
	stream_fail_silently(l->stream, "peer_does_not_read", NULL, false);
	timer_set_ms(l->kick, 0);
}

/* What the stream has to say goes out with what is already waiting. */
static void flush_output(struct link *l)
{
	struct text *out = stream_output(l->stream);

	if (out->len && l->bev) {
		/* Who asks and asks, and reads no answer. */
		if (!l->over && evbuffer_get_length(bufferevent_get_output(l->bev)) + out->len >
					LINK_OUTPUT_MAX_BYTES)
			cannot_write(l);
		else
			bufferevent_write(l->bev, out->p, out->len);
	}
	/* A quiet link keeps no buffer. */
	if (out->cap)
		text_free(out);
	text_init(out, STREAM_OUTPUT_MAX_BYTES);
}

/* Our last byte is written: say so, and wait for the peer's end, so that a reset does not overtake
 * the reason. */
static void linger(struct link *l)
{
	if (l->lingering || !l->bev)
		return;
	l->lingering = true;
	if (l->ssl) {
		ERR_clear_error();
		SSL_shutdown(l->ssl);
	}
	shutdown(bufferevent_getfd(l->bev), SHUT_WR);
	bufferevent_enable(l->bev, EV_READ);
	timer_set_ms(l->timer, LINK_LINGER_MS);
}

/* STREAM_DO_CLOSE. */
static void finish(struct link *l)
{
	l->over = true;
	l->tls_due = false;
	l->env->handlers->closed(l->env->arg, l);
	if (!l->bev) {
		vanish(l);
		return;
	}
	if (evbuffer_get_length(bufferevent_get_output(l->bev)) == 0)
		linger(l);
	else
		timer_set_ms(l->timer, LINK_LINGER_MS);
}

static void on_read(struct bufferevent *bev, void *arg);
static void on_write(struct bufferevent *bev, void *arg);
static void on_event(struct bufferevent *bev, short what, void *arg);

static void use_bufferevent(struct link *l, struct bufferevent *bev)
{
	static const struct timeval stall = {.tv_sec = LINK_WRITE_STALL_MS / 1000};

	l->bev = bev;
	bufferevent_setcb(bev, on_read, on_write, on_event, l);
	bufferevent_setwatermark(bev, EV_READ, 0, READ_MAX_BYTES);
	bufferevent_set_timeouts(bev, NULL, &stall);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void on_handshake(void *arg, const struct handshake_result *result)
{
	struct link *l = arg;
	bool tls = result->error != 0;

	l->handshake = NULL;
	if (result->bev) {
		l->ssl = bufferevent_openssl_get_ssl(result->bev);
		/* A stream ends with its end tag; a missing close_notify hides nothing. */
		bufferevent_openssl_set_allow_dirty_shutdown(result->bev, 1);
		use_bufferevent(l, result->bev);
		stream_tls_done(l->stream, loop_now(l->env->loop));
	} else {
		stream_fail_silently(
			l->stream, tls ? "tls_refused" : "handshake_lost", result->problem, tls);
	}
	pump(l);
}

/* The output is written and nothing is waiting unread: from clear text to TLS on the same socket. */
static void start_tls(struct link *l)
{
	struct view local = view_of(stream_local(l->stream));
	struct view remote = view_of(stream_remote(l->stream));
	struct bufferevent *plain = l->bev;
	int fd = bufferevent_getfd(plain);
	struct tls_store *store = l->env->generation->tls;
	const struct handshake_place place = {l->env->loop, l->env->door.hands};
	SSL *ssl = l->role == STREAM_INBOUND ? tls_accept(store, TLS_XMPP, local)
					     : tls_connect(store, TLS_XMPP, local, remote);

	l->tls_due = false;
	if (!ssl) {
		stream_fail_silently(l->stream, "no_tls", NULL, false);
		pump(l);
		return;
	}
	l->bev = NULL;
	bufferevent_disable(plain, EV_READ | EV_WRITE);
	bufferevent_free(plain); /* leaves the socket open */
	l->handshake = handshake_start(
		&place, fd, ssl, &l->origin, BEV_OPT_DEFER_CALLBACKS, on_handshake, l);
	if (!l->handshake) {
		stream_fail_silently(l->stream, "no_memory", NULL, false);
		pump(l);
	}
}

/* STREAM_DO_TLS. */
static void prepare_tls(struct link *l)
{
	/* What the peer sends from now on is the handshake's. */
	bufferevent_disable(l->bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_output(l->bev)) == 0)
		start_tls(l);
	else
		l->tls_due = true;
}

static void tell_answer(struct link *l)
{
	struct dialback answer;

	stream_answer(l->stream, &answer);
	l->env->handlers->answer(l->env->arg, l, &answer);
}

static enum stream_action step(struct link *l)
{
	struct evbuffer *in = l->bev ? bufferevent_get_input(l->bev) : NULL;
	struct view input = {0};
	uint32_t given;
	enum stream_action action;

	/* In one piece, so that the machine sees all that has come. */
	if (in && evbuffer_get_length(in))
		input = view_make(evbuffer_pullup(in, -1), evbuffer_get_length(in));
	if (!input.p)
		input.len = 0;
	given = input.len;
	action = stream_step(l->stream, &input, loop_now(l->env->loop));
	if (action == STREAM_DO_DELIVER)
		l->env->handlers->stanza(l->env->arg, l, stream_stanza(l->stream));
	else if (action == STREAM_DO_ANSWER)
		tell_answer(l);
	if (in)
		evbuffer_drain(in, given - input.len);
	flush_output(l);
	return action;
}

/* Run the machine until it waits. May free l. */
static void pump(struct link *l)
{
	while (!l->over) {
		switch (step(l)) {
		case STREAM_DO_NOTHING:
			schedule(l, false);
			return;
		case STREAM_DO_TLS:
			if (l->eof) {
				stream_fail_silently(l->stream, "connection_closed", NULL, false);
				break;
			}
			schedule(l, false);
			prepare_tls(l);
			return;
		case STREAM_DO_READY:
			l->env->handlers->ready(l->env->arg, l);
			break;
		case STREAM_DO_VERIFY:
			l->env->handlers->verify(l->env->arg, l);
			break;
		case STREAM_DO_WRITE:
		case STREAM_DO_DELIVER:
		case STREAM_DO_ANSWER:
			break;
		case STREAM_DO_CLOSE:
			finish(l);
			return;
		}
	}
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct link *l = arg;
	struct evbuffer *in = bufferevent_get_input(bev);

	if (!l->over) {
		pump(l);
		return;
	}
	l->discarded_bytes += (uint32_t)evbuffer_get_length(in);
	evbuffer_drain(in, evbuffer_get_length(in));
	if (l->discarded_bytes > LINGER_MAX_BYTES)
		vanish(l);
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct link *l = arg;

	if (evbuffer_get_length(bufferevent_get_output(bev)))
		return;
	if (l->tls_due)
		start_tls(l);
	else if (l->over)
		linger(l);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct link *l = arg;
	unsigned long error = l->ssl ? bufferevent_get_openssl_error(bev) : 0;

	ERR_clear_error();
	if (l->over) {
		vanish(l);
		return;
	}
	/* Stanzas that came whole before the end are good. */
	l->eof = what & BEV_EVENT_EOF;
	if (l->eof)
		pump(l);
	if (l->over) {
		vanish(l);
		return;
	}
	if (what & BEV_EVENT_TIMEOUT)
		stream_fail_silently(l->stream, "peer_does_not_read", NULL, false);
	else if (what & BEV_EVENT_EOF)
		stream_fail_silently(l->stream, "connection_closed", NULL, false);
	else
		stream_fail_silently(l->stream, error ? "tls_error" : "connection_lost",
			error ? ERR_reason_error_string(error) : NULL,
			error && !stream_is_ready(l->stream));
	/* Nothing can be written any more. */
	step(l);
	l->over = true;
	l->env->handlers->closed(l->env->arg, l);
	vanish(l);
}

static void on_timer(void *arg)
{
	struct link *l = arg;

	if (l->over) {
		vanish(l);
		return;
	}
	stream_tick(l->stream, loop_now(l->env->loop));
	schedule(l, true);
	pump(l);
}

static void on_kick(void *arg)
{
	pump(arg);
}

struct link *link_new(const struct link_env *env, enum stream_role role, int fd,
	const struct ip_address *peer, const struct origin *origin, const char *local,
	const char *remote, void *owner)
{
	struct link *l = calloc(1, sizeof(*l));
	struct bufferevent *bev;
	int give_up_ms = TCP_GIVE_UP_MS;

	if (!l) {
		close(fd);
		return NULL;
	}
	*l = (struct link){.env = env, .role = role, .owner = owner, .origin = *origin};
	l->since = loop_now(env->loop);
	l->world = (struct stream_world){.arg = l,
		.is_local = is_local,
		.partner = partner,
		.proof = proof,
		.proofs = proofs,
		.count = count,
		.random = random_bytes,
		.secret = &env->secret,
		.own_domain = env->own_domain};
	if (peer)
		l->peer = *peer;
	/* Else a keepalive into a dead connection is noticed after a quarter of an hour. */
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &give_up_ms, sizeof(give_up_ms));
	l->timer = timer_new(env->loop, on_timer, l);
	l->kick = timer_new(env->loop, on_kick, l);
	l->stream = stream_new(role, local, remote, &l->world, l->since);
	bev = bufferevent_socket_new(loop_base(env->loop), fd, BEV_OPT_DEFER_CALLBACKS);
	if (bev)
		use_bufferevent(l, bev);
	else
		close(fd);
	if (!bev || !l->timer || !l->kick || !l->stream) {
		destroy(l);
		return NULL;
	}
	flush_output(l);
	schedule(l, false);
	return l;
}

/* The last words, past the loop: it may not run again. */
static void write_now(struct link *l)
{
	struct text *out = stream_output(l->stream);

	if (!l->bev || !out->len || evbuffer_get_length(bufferevent_get_output(l->bev)))
		return;
	if (l->ssl) {
		ERR_clear_error();
		SSL_write(l->ssl, out->p, (int)out->len);
		SSL_shutdown(l->ssl);
	} else {
		ssize_t sent = send(
			bufferevent_getfd(l->bev), out->p, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		(void)sent; /* nobody is left to tell */
	}
}

void link_free(struct link *l)
{
	if (!l)
		return;
	if (!l->over) {
		stream_end(l->stream, STREAM_SYSTEM_SHUTDOWN, "shutdown", loop_now(l->env->loop));
		write_now(l);
	}
	destroy(l);
}

bool link_send(struct link *l, struct view stanza)
{
	struct evbuffer *out = l->bev ? bufferevent_get_output(l->bev) : NULL;

	if (l->over || !stream_is_ready(l->stream) || l->role != STREAM_OUTBOUND)
		return false;
	if (evbuffer_get_length(out) + stanza.len > LINK_OUTPUT_MAX_BYTES ||
		bufferevent_write(l->bev, stanza.p, stanza.len) != 0) {
		cannot_write(l);
		return false;
	}
	stream_note_sent(l->stream, loop_now(l->env->loop));
	return true;
}

void link_verified(
	struct link *l, enum dialback_type said, enum dialback_error error, bool over_tls)
{
	if (l->over)
		return;
	stream_verified(l->stream, said, error, over_tls, loop_now(l->env->loop));
	timer_set_ms(l->kick, 0);
}

void link_ask(struct link *l, struct view id, struct view key)
{
	if (l->over)
		return;
	stream_ask(l->stream, id, key, loop_now(l->env->loop));
	timer_set_ms(l->kick, 0);
}

void link_end(struct link *l, enum stream_condition condition, const char *cause)
{
	if (l->over)
		return;
	stream_end(l->stream, condition, cause, loop_now(l->env->loop));
	timer_set_ms(l->kick, 0);
}

void link_dismiss(struct link *l, const char *cause, const char *words)
{
	if (l->over)
		return;
	stream_dismiss(l->stream, cause, words);
	timer_set_ms(l->kick, 0);
}

struct stream *link_stream(struct link *l)
{
	return l->stream;
}

const struct stream_fault *link_fault(const struct link *l)
{
	return stream_fault(l->stream);
}

enum stream_role link_role(const struct link *l)
{
	return l->role;
}

void *link_owner(const struct link *l)
{
	return l->owner;
}

void link_set_owner(struct link *l, void *owner)
{
	l->owner = owner;
}

int link_fd(const struct link *l)
{
	return l->bev ? bufferevent_getfd(l->bev) : -1;
}

void link_print_peer(const struct link *l, char out[static IP_TEXT_BYTES])
{
	out[0] = '\0';
	if (l->peer.family_bits)
		ip_address_print(&l->peer, out);
}

const struct origin *link_origin(const struct link *l)
{
	return &l->origin;
}

struct mono link_since(const struct link *l)
{
	return l->since;
}

bool link_is_over(const struct link *l)
{
	return l->over;
}
