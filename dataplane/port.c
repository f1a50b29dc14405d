/* SPDX-License-Identifier: BSD-3-Clause */
/* The outside port: finding it, setting it up, leaving it as it was found. */
#include "dataplane/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "rules/base/log.h"

enum {
	DESCRIPTORS = 1024,  /* per queue, as far as the driver goes along */
	POOL_FRAMES = 16383, /* both ports' rings, what is held for reading, and slack; 2^n - 1 */
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

int port_open(struct port *port, char *why, size_t why_bytes)
{
	struct rte_eth_dev_info info;
	uint16_t count = rte_eth_dev_count_avail();
	int error;

	memset(port, 0, sizeof(*port));
	port->id = (uint16_t)rte_eth_find_next_owned_by(0, RTE_ETH_DEV_NO_OWNER);
	if (count == 0) {
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
	if (count > 1)
		log_warning("there are %u ports; %s, the first, is used", count, port->name);
	if (info.if_index > 0 && if_indextoname(info.if_index, port->interface)) {
		error = check_interface(port, info.driver_name, why, why_bytes);
		/* Nothing was changed yet, so there is nothing to put back. */
		if (error)
			port->interface[0] = '\0';
	}
	return error;
}

struct rte_mempool *port_pool_make(uint16_t mtu, char *why, size_t why_bytes)
{
	uint32_t frame_bytes = mtu + FRAME_EXTRA_BYTES;
	uint32_t room =
		frame_bytes > RTE_MBUF_DEFAULT_DATAROOM ? frame_bytes : RTE_MBUF_DEFAULT_DATAROOM;
	struct rte_mempool *pool = rte_pktmbuf_pool_create("frames", POOL_FRAMES, POOL_CACHE_FRAMES,
		0, (uint16_t)(room + RTE_PKTMBUF_HEADROOM), (int)rte_socket_id());

	if (!pool)
		snprintf(why, why_bytes,
			"no memory for %d frames of %u bytes: %s; give the EAL more (-m MEGABYTES, or "
			"hugepages)",
			POOL_FRAMES, room, rte_strerror(rte_errno));
	return pool;
}

int port_configure(uint16_t id, struct rte_mempool *pool, char *why, size_t why_bytes)
{
	struct rte_eth_conf config = {0};
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	char name[PORT_NAME_BYTES] = "";
	int node = rte_eth_dev_socket_id(id);
	int error = rte_eth_dev_configure(id, 1, 1, &config);

	if (!error)
		error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx, &tx);
	if (!error)
		error = rte_eth_rx_queue_setup(id, 0, rx, (unsigned)node, NULL, pool);
	if (!error)
		error = rte_eth_tx_queue_setup(id, 0, tx, (unsigned)node, NULL);
	if (error) {
		rte_eth_dev_get_name_by_port(id, name);
		snprintf(why, why_bytes, "port %s cannot be set up: %s", name, strerror(-error));
	}
	return error;
}

int port_start(struct port *port, char *why, size_t why_bytes)
{
	int error = rte_eth_dev_start(port->id);

	if (error) {
		snprintf(why, why_bytes, "port %s cannot be started: %s", port->name,
			strerror(-error));
		return error;
	}
	port->started = true;
	log_info("port %s%s%s started, " RTE_ETHER_ADDR_PRT_FMT ", MTU %u", port->name,
		port->interface[0] ? " on " : "", port->interface, RTE_ETHER_ADDR_BYTES(&port->mac),
		port->mtu);
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
