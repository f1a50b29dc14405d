/* SPDX-License-Identifier: BSD-3-Clause */
/* The TAP towards the kernel, as a DPDK port over a persistent device. */
#include "dataplane/tap.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "dataplane/port.h"
#include "rules/base/log.h"

static const char device_name[] = "net_tap0";

/* A TAP has a carrier while a process holds it. The kernel would give the frames of one with
 * multi_queue to both. Asked of the driver: IFF_RUNNING follows up to a second later, and whoever
 * starts us again after a crash is faster. */
static bool is_in_use(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value link = {.cmd = ETHTOOL_GLINK};
	struct ifreq request = {.ifr_data = (char *)&link};
	bool used;

	if (fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	used = ioctl(fd, SIOCETHTOOL, &request) == 0 && link.data != 0;
	close(fd);
	return used;
}

/* The driver takes over a persistent device of this name; the port's id is what it becomes. */
static int plug(struct tap *tap, const char *name, const struct rte_ether_addr *mac, char *why,
	size_t why_bytes)
{
	char arguments[128];
	int error;

	/* persist: else stopping sets the link down and addresses and routes go.
	 * mac: else the driver writes a random one. */
	snprintf(arguments, sizeof(arguments), "iface=%s,persist,mac=%02x:%02x:%02x:%02x:%02x:%02x",
		name, RTE_ETHER_ADDR_BYTES(mac));
	error = rte_eal_hotplug_add("vdev", device_name, arguments);
	if (!error)
		error = rte_eth_dev_get_port_by_name(device_name, &tap->id);
	if (error)
		snprintf(why, why_bytes,
			"TAP '%s' cannot be taken over: %s; it must be a TAP with multi_queue that no "
			"other process uses, as scripts/netns makes it",
			name, strerror(-error));
	return error;
}

int tap_open(struct tap *tap, const char *name, const struct rte_ether_addr *mac, uint16_t mtu,
	struct rte_mempool *pool, char *why, size_t why_bytes)
{
	unsigned ifindex = if_nametoindex(name);
	int error;

	memset(tap, 0, sizeof(*tap));
	if (!ifindex) {
		snprintf(why, why_bytes,
			"there is no interface '%s' in the namespace; make it: scripts/netns up --tap "
			"%s",
			name, name);
		return -ENODEV;
	}
	if (is_in_use(name)) {
		snprintf(why, why_bytes, "TAP '%s' is in use by another process; end it", name);
		return -EBUSY;
	}
	error = plug(tap, name, mac, why, why_bytes);
	if (error)
		return error;
	tap->ifindex = (int)ifindex;
	error = port_configure(tap->id, 1, 1, 0, pool, why, why_bytes);
	if (!error) {
		error = rte_eth_dev_set_mtu(tap->id, mtu);
		if (!error)
			error = rte_eth_dev_start(tap->id);
		if (error)
			snprintf(why, why_bytes, "TAP '%s' cannot be started with MTU %u: %s", name,
				mtu, strerror(-error));
	}
	if (error)
		tap_close(tap);
	return error;
}

void tap_close(struct tap *tap)
{
	if (!tap->ifindex)
		return;
	if (rte_eth_dev_stop(tap->id) != 0)
		log_warning("the TAP did not stop");
	rte_eth_dev_close(tap->id);
	tap->ifindex = 0;
}
