/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding a partner's servers by DNS: libunbound's thread asks, its descriptor wakes the loop. */
#include "control/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unbound.h>

#include "control/counters.h"
#include "rules/base/log.h"
#include "rules/base/name.h"
#include "rules/base/text.h"

enum {
	TYPE_A = 1,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	CLASS_IN = 1,
	RCODE_NXDOMAIN = 3,
	HOSTS_MAX = RESOLVED_HOSTS_MAX, /* SRV records that are followed, the best ones */
	SRV_MAX = 64,                   /* SRV records that are looked at */
	HOST_ADDRESSES_MAX = 8,         /* of one host and family, so that no host hides the next */
};

struct resolver {
	struct loop *loop;
	struct ub_ctx *unbound;
	struct event *readable;
	random_h *random;
	void *random_arg;
	uint32_t questions;
};

/* What a question wants to know about one host: its addresses of one family. */
struct lookup {
	struct resolve *question;
	int type;     /* TYPE_A or TYPE_AAAA */
	int async_id; /* libunbound's, while pending */
	bool pending;
	bool failed;
	uint8_t host; /* its number */
	uint32_t count;
	struct ip_address addresses[HOST_ADDRESSES_MAX];
};

struct host {
	char name[DOMAIN_TEXT_BYTES];
	uint16_t port;
	struct lookup lookups[2]; /* AAAA, A: the order in which they are tried */
};

struct resolve {
	struct resolver *resolver;
	resolve_h *handler;
	void *arg;
	struct timer *timer; /* the deadline, then the call of the handler */
	bool finished;       /* the timer calls the handler with what is below */
	enum resolve_result result;
	struct target targets[RESOLVE_TARGETS_MAX];
	uint32_t target_count;

	char domain[DOMAIN_TEXT_BYTES];
	char within[DOMAIN_TEXT_BYTES]; /* "": servers may have any name */
	uint16_t fallback_port;
	const char *other_service; /* to be asked for if this one has no server; NULL: none */
	bool conflict;             /* all servers of the one before are outside of `within` */
	int srv_id;
	bool srv_pending;
	uint32_t srv_ttl_s;
	struct host hosts[HOSTS_MAX];
	uint32_t host_count;

	/* Of resolve_all; NULL otherwise. */
	struct resolved *all;
	resolved_h *all_handler;
};

uint32_t random_of_kernel(void *arg, uint32_t below)
{
	uint32_t value = 0;

	/* Cannot fail for so few bytes once the system is up; 0 would only mean no shuffling. */
	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		return 0;
	return value % below;
}

static void unbound_readable(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *resolver = arg;
	int rc = ub_process(resolver->unbound);

	if (rc)
		log_warning("resolver: %s", ub_strerror(rc));
}

static int resolver_setup(struct resolver *resolver, const char *nameserver)
{
	struct ub_ctx *unbound = resolver->unbound;
	int rc;

	/* A thread, not a fork: a child would keep copies of our sockets and keys. */
	rc = ub_ctx_async(unbound, 1);
	/* A nameserver on this host is an ordinary thing. */
	if (!rc)
		rc = ub_ctx_set_option(unbound, "do-not-query-localhost:", "no");
	/* The order is ours to make. */
	if (!rc)
		rc = ub_ctx_set_option(unbound, "rrset-roundrobin:", "no");
	if (rc)
		return rc;
	if (nameserver)
		return ub_ctx_set_fwd(unbound, nameserver);
	rc = ub_ctx_resolvconf(unbound, NULL);
	/* A machine without a hosts file is fine. */
	if (!rc && ub_ctx_hosts(unbound, NULL))
		log_debug("resolver: no hosts file");
	return rc;
}

struct resolver *resolver_new(
	struct loop *loop, const char *nameserver, char *why, size_t why_bytes)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	int rc = UB_NOMEM;

	if (resolver) {
		resolver->loop = loop;
		resolver->random = random_of_kernel;
		resolver->unbound = ub_ctx_create();
	}
	if (resolver && resolver->unbound)
		rc = resolver_setup(resolver, nameserver);
	if (!rc) {
		resolver->readable = event_new(loop_base(loop), ub_fd(resolver->unbound),
			EV_READ | EV_PERSIST, unbound_readable, resolver);
		if (!resolver->readable || event_add(resolver->readable, NULL) < 0)
			rc = UB_NOMEM;
	}
	if (!rc)
		return resolver;
	snprintf(why, why_bytes, "resolver %s: %s", nameserver ? nameserver : "of resolv.conf",
		ub_strerror(rc));
	resolver_free(resolver);
	return NULL;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	if (resolver->readable)
		event_free(resolver->readable);
	if (resolver->unbound)
		ub_ctx_delete(resolver->unbound);
	free(resolver);
}

int resolver_option(struct resolver *resolver, const char *pair, char *why, size_t why_bytes)
{
	const char *colon = strchr(pair, ':');
	char name[64];
	char value[512];
	int rc = UB_SYNTAX;

	if (colon && view_copy(view_make(pair, (size_t)(colon - pair) + 1), name, sizeof(name)) &&
		view_copy(view_trim(view_of(colon + 1)), value, sizeof(value)))
		rc = ub_ctx_set_option(resolver->unbound, name, value);
	if (!rc)
		return 0;
	snprintf(why, why_bytes, "resolver option '%s': %s", pair, ub_strerror(rc));
	return -EINVAL;
}

void resolver_random(struct resolver *resolver, random_h *random, void *arg)
{
	resolver->random = random;
	resolver->random_arg = arg;
}

/* --- one question --- */

static void questions_cancel(struct resolve *q)
{
	struct ub_ctx *unbound = q->resolver->unbound;

	if (q->srv_pending)
		ub_cancel(unbound, q->srv_id);
	q->srv_pending = false;
	for (uint32_t i = 0; i < q->host_count; i++)
		for (int f = 0; f < 2; f++) {
			struct lookup *lookup = &q->hosts[i].lookups[f];

			if (lookup->pending)
				ub_cancel(unbound, lookup->async_id);
			lookup->pending = false;
		}
}

/* The handler runs in a later round of the loop, whatever we are inside of now. */
static void finish(struct resolve *q, enum resolve_result result)
{
	questions_cancel(q);
	q->finished = true;
	q->result = result;
	timer_set_ms(q->timer, 0);
}

/* Frees the question. */
static void all_answer(struct resolve *q)
{
	struct resolved *all = q->all;
	resolved_h *handler = q->all_handler;
	void *arg = q->arg;

	all->result = q->result;
	for (uint32_t i = 0; i < q->host_count; i++)
		memcpy(all->hosts[i], q->hosts[i].name, sizeof(all->hosts[i]));
	q->all = NULL;
	resolve_cancel(q);
	handler(arg, all);
	free(all);
}

static void question_timer(void *arg)
{
	struct resolve *q = arg;
	struct resolve answer;

	if (!q->finished) {
		counter_add("resolve.refused", "timeout", 1);
		if (q->all)
			q->all->incomplete = true;
		finish(q, q->all && q->all->count > 0 ? RESOLVE_OK : RESOLVE_FAILED);
		return;
	}
	/* The handler may ask again, or free everything it can reach. */
	if (q->all) {
		all_answer(q);
		return;
	}
	answer = *q;
	resolve_cancel(q);
	answer.handler(answer.arg, answer.result, answer.target_count ? answer.targets : NULL,
		answer.target_count);
}

static struct resolve *question_new(struct resolver *resolver, resolve_h *handler, void *arg)
{
	struct resolve *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->timer = timer_new(resolver->loop, question_timer, q);
	if (!q->timer) {
		free(q);
		return NULL;
	}
	q->resolver = resolver;
	q->handler = handler;
	q->arg = arg;
	resolver->questions++;
	timer_set_ms(q->timer, RESOLVE_TIMEOUT_MS);
	return q;
}

void resolve_cancel(struct resolve *q)
{
	if (!q)
		return;
	questions_cancel(q);
	timer_free(q->timer);
	q->resolver->questions--;
	free(q->all);
	free(q);
}

static bool result_failed(int error, const struct ub_result *result)
{
	if (error || !result)
		return true;
	if (result->bogus) {
		log_warning("resolver: %s is bogus: %s", result->qname,
			result->why_bogus ? result->why_bogus : "no reason given");
		counter_add("resolve.refused", "bogus", 1);
		return true;
	}
	return !result->havedata && result->rcode != 0 && result->rcode != RCODE_NXDOMAIN;
}

static void target_add(struct resolve *q, const struct ip_address *address, uint16_t port)
{
	for (uint32_t i = 0; i < q->target_count; i++)
		if (q->targets[i].port == port && ip_address_equal(&q->targets[i].address, address))
			return;
	if (q->target_count < RESOLVE_TARGETS_MAX)
		q->targets[q->target_count++] = (struct target){*address, port};
}

/* All that was asked has been answered: put it together. */
static void conclude_if_done(struct resolve *q)
{
	bool failed = false;

	for (uint32_t i = 0; i < q->host_count; i++)
		for (int f = 0; f < 2; f++) {
			if (q->hosts[i].lookups[f].pending)
				return;
			failed = failed || q->hosts[i].lookups[f].failed;
		}
	for (uint32_t i = 0; i < q->host_count; i++)
		for (int f = 0; f < 2; f++) {
			const struct lookup *lookup = &q->hosts[i].lookups[f];

			for (uint32_t k = 0; k < lookup->count; k++)
				target_add(q, &lookup->addresses[k], q->hosts[i].port);
		}
	if (q->all)
		q->all->incomplete = failed;
	if (q->all ? q->all->count > 0 : q->target_count > 0)
		finish(q, RESOLVE_OK);
	else
		finish(q, failed ? RESOLVE_FAILED : RESOLVE_NONE);
}

/* An address that a connection can be opened to. IPv4-mapped ones would be a second name for the
 * same host, with another family. */
static bool address_read(int type, const char *data, int len, struct ip_address *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t zero[16];
	int want = type == TYPE_A ? 4 : 16;

	if (len != want || memcmp(data, zero, (size_t)want) == 0)
		return false;
	*out = (struct ip_address){.family_bits = type == TYPE_A ? 32 : 128};
	memcpy(out->bytes, data, (size_t)want);
	if (type == TYPE_A)
		return out->bytes[0] < 224; /* neither multicast nor reserved */
	return out->bytes[0] != 0xff && memcmp(out->bytes, mapped, sizeof(mapped)) != 0;
}

/* One address record, whatever its value. */
static void all_add(const struct lookup *lookup, const char *data, int len, uint32_t ttl_s,
	struct resolved *all)
{
	struct resolved_address *a = &all->addresses[all->count];
	int want = lookup->type == TYPE_A ? 4 : 16;

	if (len != want)
		return;
	if (all->count == RESOLVED_MAX) {
		all->left_out++;
		return;
	}
	*a = (struct resolved_address){.address.family_bits = lookup->type == TYPE_A ? 32 : 128,
		.ttl_s = all->by_srv && lookup->question->srv_ttl_s < ttl_s
				 ? lookup->question->srv_ttl_s
				 : ttl_s,
		.host = lookup->host};
	memcpy(a->address.bytes, data, (size_t)want);
	all->count++;
}

static uint32_t ttl_of(const struct ub_result *result)
{
	return result->ttl > 0 ? (uint32_t)result->ttl : 0;
}

static void lookup_answered(void *arg, int error, struct ub_result *result)
{
	struct lookup *lookup = arg;

	lookup->pending = false;
	lookup->failed = result_failed(error, result);
	for (int i = 0; !lookup->failed && result->havedata && result->data[i]; i++)
		if (lookup->count < HOST_ADDRESSES_MAX &&
			address_read(lookup->type, result->data[i], result->len[i],
				&lookup->addresses[lookup->count]))
			lookup->count++;
	for (int i = 0;
		lookup->question->all && !lookup->failed && result->havedata && result->data[i];
		i++)
		all_add(lookup, result->data[i], result->len[i], ttl_of(result),
			lookup->question->all);
	ub_resolve_free(result);
	conclude_if_done(lookup->question);
}

/* Names are absolute for us: no search list. */
static bool absolute_name(const char *prefix, const char *name, char out[static 512])
{
	struct text t;

	text_fixed(&t, out, 512);
	if (prefix)
		text_printf(&t, "%s.", prefix);
	text_puts(&t, name);
	/* 255 bytes on the wire are 253 in text. */
	if (t.failed || t.len == 0 || t.len >= DOMAIN_TEXT_BYTES)
		return false;
	text_putc(&t, '.');
	return !t.failed;
}

static void host_add(struct resolve *q, const char *name, uint16_t port)
{
	uint8_t number = (uint8_t)q->host_count++;
	struct host *host = &q->hosts[number];

	snprintf(host->name, sizeof(host->name), "%s", name);
	host->port = port;
	host->lookups[0] =
		(struct lookup){.question = q, .type = TYPE_AAAA, .pending = true, .host = number};
	host->lookups[1] =
		(struct lookup){.question = q, .type = TYPE_A, .pending = true, .host = number};
}

static void lookup_start(struct lookup *lookup, const char *host)
{
	char name[512];

	if (absolute_name(NULL, host, name) &&
		ub_resolve_async(lookup->question->resolver->unbound, name, lookup->type, CLASS_IN,
			lookup, lookup_answered, &lookup->async_id) == 0)
		return;
	lookup->pending = false;
	lookup->failed = true;
}

/* All hosts are known: ask for their addresses. */
static void hosts_start(struct resolve *q)
{
	for (uint32_t i = 0; i < q->host_count; i++)
		for (int f = 0; f < 2; f++)
			lookup_start(&q->hosts[i].lookups[f], q->hosts[i].name);
	conclude_if_done(q);
}

/* Take out servers that are somewhere else; true: there were such, and no others. */
static bool srv_conflicts(const struct resolve *q, struct srv *list, uint32_t *count)
{
	char first[DOMAIN_TEXT_BYTES] = "";
	bool more = false; /* of other names */
	uint32_t kept = 0;
	uint32_t left_out;

	for (uint32_t i = 0; i < *count; i++)
		if (name_is_within(view_of(list[i].target), view_of(q->within)))
			list[kept++] = list[i];
		else if (!first[0])
			memcpy(first, list[i].target, sizeof(first));
		else
			more = more || strcmp(first, list[i].target) != 0;
	left_out = *count - kept;
	*count = kept;
	if (left_out == 0)
		return false;
	counter_add("resolve.refused", "srv_conflict", left_out);
	log_warning("resolver: SRV of %s: %s%s not within %s: not used (srv_conflict)", q->domain,
		first, more ? " and others are" : " is", q->within);
	return kept == 0;
}

static bool srv_ask(struct resolve *q, const char *service);

/* This service has no server. */
static void srv_none(struct resolve *q)
{
	const char *other = q->other_service;

	q->other_service = NULL;
	if (other) {
		if (!srv_ask(q, other))
			finish(q, RESOLVE_FAILED);
	} else if (q->fallback_port != 0) {
		host_add(q, q->domain, q->fallback_port);
		hosts_start(q);
	} else {
		finish(q, q->conflict ? RESOLVE_CONFLICT : RESOLVE_NONE);
	}
}

static void srv_followed(struct resolve *q, const struct ub_result *result)
{
	struct srv list[SRV_MAX];
	uint32_t count = 0;

	for (int i = 0; result->data[i] && count < SRV_MAX; i++) {
		struct fault fault;
		struct view rdata = view_make(result->data[i], (size_t)result->len[i]);

		if (srv_parse(rdata, &list[count], &fault) != PARSE_DONE)
			counter_add("resolve.refused", fault.cause, 1);
		else if (list[count].target[0] && list[count].port != 0)
			count++;
	}
	/* The domain said which servers it has, if only none: no fallback. */
	q->fallback_port = 0;
	if (q->within[0] && srv_conflicts(q, list, &count))
		q->conflict = true;
	if (count == 0) {
		srv_none(q);
		return;
	}
	srv_order(list, count, q->resolver->random, q->resolver->random_arg);
	for (uint32_t i = 0; i < count && i < HOSTS_MAX; i++)
		host_add(q, list[i].target, list[i].port);
	hosts_start(q);
}

static void srv_answered(void *arg, int error, struct ub_result *result)
{
	struct resolve *q = arg;

	q->srv_pending = false;
	if (result_failed(error, result)) {
		finish(q, RESOLVE_FAILED);
	} else if (result->havedata) {
		q->srv_ttl_s = ttl_of(result);
		if (q->all)
			q->all->by_srv = true;
		srv_followed(q, result);
	} else {
		srv_none(q);
	}
	ub_resolve_free(result);
}

/* Names with other bytes than these cannot exist as hosts; '\' would even mean something to
 * libunbound. */
static bool host_copy(struct view host, char out[static DOMAIN_TEXT_BYTES])
{
	if (host.len > 1 && host.p[host.len - 1] == '.')
		host.len--;
	for (uint32_t i = 0; i < host.len; i++) {
		uint8_t c = host.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '-' && c != '_' && c != '.')
			return false;
	}
	return host.len > 0 && view_copy(host, out, DOMAIN_TEXT_BYTES);
}

static bool question_refused(struct resolve *q)
{
	if (q->resolver->questions <= RESOLVE_QUESTIONS_MAX)
		return false;
	counter_add("resolve.refused", "too_many_questions", 1);
	finish(q, RESOLVE_FAILED);
	return true;
}

/* False: it could not be asked. */
static bool srv_ask(struct resolve *q, const char *service)
{
	char name[512];

	q->srv_pending = absolute_name(service, q->domain, name) &&
			 ub_resolve_async(q->resolver->unbound, name, TYPE_SRV, CLASS_IN, q,
				 srv_answered, &q->srv_id) == 0;
	return q->srv_pending;
}

static void service_start(
	struct resolve *q, const char *service, struct view domain, uint16_t fallback_port)
{
	char name[512];

	if (!host_copy(domain, q->domain) || !absolute_name(service, q->domain, name)) {
		finish(q, RESOLVE_NONE);
		return;
	}
	q->fallback_port = fallback_port;
	if (!srv_ask(q, service))
		finish(q, RESOLVE_FAILED);
}

struct resolve *resolve_service(struct resolver *resolver, const char *service, struct view domain,
	uint16_t fallback_port, resolve_h *handler, void *arg)
{
	struct resolve *q = question_new(resolver, handler, arg);

	if (q && !question_refused(q))
		service_start(q, service, domain, fallback_port);
	return q;
}

void resolve_else(struct resolve *q, const char *service)
{
	if (q)
		q->other_service = service;
}

void resolve_within(struct resolve *q, struct view domain)
{
	/* Within what is no name there is nothing. */
	if (q && !host_copy(domain, q->within))
		strcpy(q->within, ".");
}

static void host_start(struct resolve *q, struct view host, uint16_t port)
{
	if (!host_copy(host, q->domain)) {
		finish(q, RESOLVE_NONE);
		return;
	}
	host_add(q, q->domain, port);
	hosts_start(q);
}

struct resolve *resolve_host(
	struct resolver *resolver, struct view host, uint16_t port, resolve_h *handler, void *arg)
{
	struct resolve *q = question_new(resolver, handler, arg);
	struct ip_address address;
	struct view bare = host;

	if (!q || question_refused(q))
		return q;
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		bare = view_sub(host, 1, host.len - 2);
	if (ip_address_parse(bare, &address)) {
		target_add(q, &address, port);
		finish(q, RESOLVE_OK);
	} else {
		host_start(q, host, port);
	}
	return q;
}

struct resolve *resolve_all(struct resolver *resolver, const char *service, struct view name,
	bool fallback, resolved_h *handler, void *arg)
{
	struct resolve *q = question_new(resolver, NULL, arg);

	if (!q)
		return NULL;
	q->all = calloc(1, sizeof(*q->all));
	q->all_handler = handler;
	if (!q->all) {
		resolve_cancel(q);
		return NULL;
	}
	if (question_refused(q))
		return q;
	if (service)
		service_start(q, service, name, fallback ? 1 : 0);
	else
		host_start(q, name, 1);
	return q;
}
