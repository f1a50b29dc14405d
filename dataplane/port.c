/* SPDX-License-Identifier: BSD-3-Clause */
/* An outside port: finding it, setting it up, leaving it as it was found. */
#include "dataplane/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "dataplane/steer.h"
#include "rules/base/log.h"

enum {
	DESCRIPTORS = 1024, /* per queue, as far as the driver goes along */
	POOL_FRAMES =
		16383, /* rings of port and TAP, what is held for reading, and slack; 2^n - 1 */
	POOL_MORE_FRAMES =
		2 * DESCRIPTORS, /* for each queue pair, and for each worker, beyond that */
	VIRTUAL_QUEUES_MAX = 15, /* net_tap offers 16, and memif 255 */
	RSS_KEY_BYTES = 40,      /* of a port that says nothing */
	RSS_KEY_MAX_BYTES = 64,
	POOL_CACHE_FRAMES = 256, /* per lcore */
	FRAME_EXTRA_BYTES = RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN + RTE_ETHER_CRC_LEN,
};

/* Ask the kernel about an interface of this thread's namespace. 0 or -errno. */
static int interface_ask(const char *interface, unsigned long question, struct ifreq *answer)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	memset(answer->ifr_name, 0, sizeof(answer->ifr_name));
	snprintf(answer->ifr_name, sizeof(answer->ifr_name), "%s", interface);
	error = ioctl(fd, question, answer) < 0 ? -errno : 0;
	close(fd);
	return error;
}

/* An address of the interface, as text; false if it has none. */
static bool interface_address(const char *interface, char *out, size_t out_bytes)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		const void *address;

		if (!i->ifa_addr || strcmp(i->ifa_name, interface) != 0)
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			address = &((struct sockaddr_in *)i->ifa_addr)->sin_addr;
		else if (i->ifa_addr->sa_family == AF_INET6)
			address = &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
		else
			continue;
		found = inet_ntop(i->ifa_addr->sa_family, address, out, (socklen_t)out_bytes) !=
			NULL;
	}
	freeifaddrs(all);
	return found;
}

/* What an interface below the port must be like. */
static int check_interface(struct port *port, const char *driver, char *why, size_t why_bytes)
{
	char address[INET6_ADDRSTRLEN];
	struct ifreq answer;
	int error = interface_ask(port->interface, SIOCGIFFLAGS, &answer);

	if (error) {
		snprintf(why, why_bytes, "port %s: interface '%s' does not answer: %s", port->name,
			port->interface, strerror(-error));
		return error;
	}
	port->was_promiscuous = answer.ifr_flags & IFF_PROMISC;
	if (!(answer.ifr_flags & IFF_UP)) {
		snprintf(why, why_bytes, "port %s: interface '%s' is down; ip link set %s up",
			port->name, port->interface, port->interface);
		return -ENETDOWN;
	}
	/* This driver gets copies; the kernel sees every frame as well, and with an address it
	 * answers them. */
	if (strcmp(driver, "net_af_packet") == 0 &&
		interface_address(port->interface, address, sizeof(address))) {
		snprintf(why, why_bytes,
			"port %s: interface '%s' has the address %s, so the kernel would answer "
			"past the filter; ip address flush dev %s; sysctl -w "
			"net.ipv6.conf.%s.disable_ipv6=1",
			port->name, port->interface, address, port->interface, port->interface);
		return -EADDRINUSE;
	}
	if (!interface_ask(port->interface, SIOCGIFMTU, &answer) && answer.ifr_mtu > 0 &&
		answer.ifr_mtu < port->mtu)
		port->mtu = (uint16_t)answer.ifr_mtu;
	return 0;
}

static uint16_t find_port(unsigned number)
{
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id)
		if (number-- == 0)
			return id;
	return RTE_MAX_ETHPORTS;
}

int port_open(struct port *port, unsigned number, char *why, size_t why_bytes)
{
	struct rte_eth_dev_info info;
	int error;

	memset(port, 0, sizeof(*port));
	port->id = find_port(number);
	if (port->id == RTE_MAX_ETHPORTS) {
		snprintf(why, why_bytes,
			"there is no port; name one in the EAL arguments: -a PCI-ADDRESS for a NIC, "
			"or --vdev net_af_packet0,iface=INTERFACE");
		return -ENODEV;
	}
	error = rte_eth_dev_info_get(port->id, &info);
	if (!error)
		error = rte_eth_macaddr_get(port->id, &port->mac);
	if (!error)
		error = rte_eth_dev_get_mtu(port->id, &port->mtu);
	if (!error)
		error = rte_eth_dev_get_name_by_port(port->id, port->name);
	if (error) {
		snprintf(why, why_bytes, "port %u does not answer: %s", port->id, strerror(-error));
		return error;
	}
	if (info.if_index > 0 && if_indextoname(info.if_index, port->interface)) {
		error = check_interface(port, info.driver_name, why, why_bytes);
		/* Nothing was changed yet, so there is nothing to put back. */
		if (error)
			port->interface[0] = '\0';
	}
	return error;
}

/* What a port has to hash for owners to be where it puts their frames. */
static const uint64_t rss_types = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP;

static bool can_spread(const struct rte_eth_dev_info *info)
{
	return (info->flow_type_rss_offloads & rss_types) == rss_types && info->reta_size > 0 &&
	       info->reta_size % STEER_BUCKETS == 0 &&
	       info->reta_size <= RTE_ETH_RSS_RETA_SIZE_512 &&
	       (info->hash_key_size == 0 || info->hash_key_size <= RSS_KEY_MAX_BYTES);
}

int port_plan(struct port *port, uint32_t workers, char *why, size_t why_bytes)
{
	struct rte_eth_dev_info info;
	int error = rte_eth_dev_info_get(port->id, &info);
	uint16_t most;

	if (error) {
		snprintf(why, why_bytes, "port %s does not answer: %s", port->name,
			strerror(-error));
		return error;
	}
	most = (uint16_t)RTE_MIN(workers, (uint32_t)info.max_rx_queues);
	port->can_spread = workers > 1 && most == workers && can_spread(&info);
	port->rx_queues = port->can_spread ? most : 1;
	port->tx_queues = (uint16_t)RTE_MIN(workers, (uint32_t)info.max_tx_queues);
	/* A virtual device was made with queues, and something else spreads frames over all of them:
	 * what comes into one that nobody asks is lost. One that offers very many was not. */
	if (!port->can_spread && strcmp(rte_bus_name(rte_dev_bus(info.device)), "vdev") == 0 &&
		info.max_rx_queues <= VIRTUAL_QUEUES_MAX) {
		port->rx_queues = info.max_rx_queues;
		/* Some of them want as many each way. */
		port->tx_queues =
			RTE_MAX(port->tx_queues, RTE_MIN(info.max_tx_queues, port->rx_queues));
	}
	return 0;
}

struct rte_mempool *port_pool_make(const struct port *ports, uint32_t count, uint32_t workers,
	uint16_t mtu, char *why, size_t why_bytes)
{
	uint32_t frame_bytes = mtu + FRAME_EXTRA_BYTES;
	uint32_t room =
		frame_bytes > RTE_MBUF_DEFAULT_DATAROOM ? frame_bytes : RTE_MBUF_DEFAULT_DATAROOM;
	uint32_t frames = POOL_FRAMES + (workers - 1) * POOL_MORE_FRAMES;
	struct rte_mempool *pool;

	for (uint32_t i = 0; i < count; i++)
		frames += RTE_MAX(ports[i].rx_queues, ports[i].tx_queues) * POOL_MORE_FRAMES;
	frames -= POOL_MORE_FRAMES; /* of the first */
	pool = rte_pktmbuf_pool_create("frames", frames, POOL_CACHE_FRAMES, 0,
		(uint16_t)(room + RTE_PKTMBUF_HEADROOM), (int)rte_socket_id());
	if (!pool)
		snprintf(why, why_bytes,
			"no memory for %u frames of %u bytes: %s; give the EAL more (-m MEGABYTES, or "
			"hugepages)",
			frames, room, rte_strerror(rte_errno));
	return pool;
}

static int configure_device(uint16_t id, uint16_t rx_queues, uint16_t tx_queues, uint16_t rss_seed)
{
	uint8_t key[RSS_KEY_MAX_BYTES];
	struct rte_eth_conf config = {0};
	struct rte_eth_dev_info info;
	int error = rte_eth_dev_info_get(id, &info);

	if (!error && rss_seed) {
		steer_rss_key(rss_seed, key, sizeof(key));
		config.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		config.rx_adv_conf.rss_conf.rss_key = key;
		config.rx_adv_conf.rss_conf.rss_key_len =
			info.hash_key_size ? info.hash_key_size : RSS_KEY_BYTES;
		config.rx_adv_conf.rss_conf.rss_hf = rss_types;
	}
	return error ? error : rte_eth_dev_configure(id, rx_queues, tx_queues, &config);
}

int port_configure(uint16_t id, uint16_t rx_queues, uint16_t tx_queues, uint16_t rss_seed,
	struct rte_mempool *pool, char *why, size_t why_bytes)
{
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	char name[PORT_NAME_BYTES] = "";
	unsigned node = (unsigned)rte_eth_dev_socket_id(id);
	int error = configure_device(id, rx_queues, tx_queues, rss_seed);

	if (!error)
		error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx, &tx);
	for (uint16_t q = 0; !error && q < rx_queues; q++)
		error = rte_eth_rx_queue_setup(id, q, rx, node, NULL, pool);
	for (uint16_t q = 0; !error && q < tx_queues; q++)
		error = rte_eth_tx_queue_setup(id, q, tx, node, NULL);
	if (error) {
		rte_eth_dev_get_name_by_port(id, name);
		snprintf(why, why_bytes,
			"port %s cannot be set up with %u queues in and %u out: %s", name,
			rx_queues, tx_queues, strerror(-error));
	}
	return error;
}

/* Bucket i to worker i modulo workers, as steer.c has it. A port that will not have it spreads in its
 * own way, which costs crossings between lcores and nothing else. */
static void spread(const struct port *port, uint16_t rss_seed, uint32_t workers)
{
	uint8_t key[RSS_KEY_MAX_BYTES];
	struct rte_eth_rss_conf rss = {.rss_key = key, .rss_hf = rss_types};
	struct rte_eth_rss_reta_entry64 table[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE] =
		{0};
	struct rte_eth_dev_info info;
	int error = rte_eth_dev_info_get(port->id, &info);

	if (error)
		return;
	/* Some take the key only now. */
	steer_rss_key(rss_seed, key, sizeof(key));
	rss.rss_key_len = info.hash_key_size ? info.hash_key_size : RSS_KEY_BYTES;
	error = rte_eth_dev_rss_hash_update(port->id, &rss);
	if (error && error != -ENOTSUP)
		log_warning("port %s does not take our key: %s; frames are sorted here", port->name,
			strerror(-error));
	for (uint32_t i = 0; i < info.reta_size; i++) {
		struct rte_eth_rss_reta_entry64 *entry = &table[i / RTE_ETH_RETA_GROUP_SIZE];

		entry->mask = UINT64_MAX;
		entry->reta[i % RTE_ETH_RETA_GROUP_SIZE] = (uint16_t)(i % STEER_BUCKETS % workers);
	}
	error = rte_eth_dev_rss_reta_update(port->id, table, info.reta_size);
	if (error)
		log_warning("port %s does not take our table of queues: %s; frames are sorted here",
			port->name, strerror(-error));
}

int port_start(struct port *port, uint16_t rss_seed, uint32_t workers, char *why, size_t why_bytes)
{
	int error = rte_eth_dev_start(port->id);

	if (error) {
		snprintf(why, why_bytes, "port %s cannot be started: %s", port->name,
			strerror(-error));
		return error;
	}
	port->started = true;
	if (rss_seed)
		spread(port, rss_seed, workers);
	log_info("port %s%s%s started, " RTE_ETHER_ADDR_PRT_FMT
		 ", MTU %u, queues %u in, %u out, spread by %s",
		port->name, port->interface[0] ? " on " : "", port->interface,
		RTE_ETHER_ADDR_BYTES(&port->mac), port->mtu, port->rx_queues, port->tx_queues,
		rss_seed ? "the port" : "the workers");
	return 0;
}

/* Starting a port makes ethdev set the interface's promiscuous mode as it believes it to be, and
 * the AF_XDP driver turns it on. */
static void restore_promiscuous(const struct port *port)
{
	struct ifreq flags;
	int fd;

	if (interface_ask(port->interface, SIOCGIFFLAGS, &flags) ||
		!(flags.ifr_flags & IFF_PROMISC) == !port->was_promiscuous)
		return;
	flags.ifr_flags ^= IFF_PROMISC;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &flags) < 0)
		log_warning("interface %s: promiscuous mode could not be put back: %s",
			port->interface, strerror(errno));
	if (fd >= 0)
		close(fd);
}

void port_close(struct port *port)
{
	if (!port->name[0])
		return;
	if (port->started && rte_eth_dev_stop(port->id) != 0)
		log_warning("port %s did not stop", port->name);
	port->started = false;
	rte_eth_dev_close(port->id);
	if (port->interface[0])
		restore_promiscuous(port);
	port->name[0] = '\0';
}
