#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# wire.sh DATAPLANE: a partner's connection crosses the dataplane and reaches the kernel's listener
# with its mark; what must not cross does not; a killed dataplane comes back without ending it.
#
#   partner ns: net0 == veth == edge ns: port0, picket-dataplane | picket ns: TAP, listeners
set -u

dataplane=$1
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3
prefix=pk-wire-$$
partner=$prefix-partner
edge=$prefix-edge
picket=$prefix-picket
dir=
passed=0
failed=0
dataplane_pid=
server_pid=
holder_pid=
greeter_pid=

skip() {
	echo "skipped: $*"
	exit 77
}

check() { # WHAT GOT WANTED
	case $2 in
	*"$3"*)
		passed=$((passed + 1))
		echo "ok   $1"
		;;
	*)
		failed=$((failed + 1))
		echo "FAIL $1: '$2', expected '$3'"
		;;
	esac
}

finish() {
	code=$?
	trap - EXIT INT TERM
	for pid in $dataplane_pid $server_pid $holder_pid $greeter_pid; do
		kill -9 "$pid" 2>/dev/null
	done
	wait
	if [ $failed -gt 0 ] || [ $code -gt 1 ]; then
		cat "$dir"/*.log
	fi
	for ns in "$partner" "$edge" "$picket"; do
		ip netns delete "$ns" 2>/dev/null
	done
	rm -rf "$dir"
	exit $code
}

# In a namespace, with nsenter: ip netns exec mounts /sys anew. In the background only with
# lead=exec, or $! is a shell's that waits and not the program's.
lead=
inside() { # NS COMMAND...
	ns=$1
	shift
	$lead nsenter --net="/run/netns/$ns" "$@"
}

client() { # TO ARGS...
	to=$1
	shift
	inside "$partner" "$python" "$here/wire.py" client --to "$to" "$@" 2>&1
}

counter() { # jq-like path with dots
	"$python" -c '
import json, sys
value = json.loads(sys.argv[1])
for key in sys.argv[2].split("."):
    value = value[key]
print(value)' "$counters" "$1"
}

wait_for() { # FILE WORDS SECONDS
	tenths=$(($3 * 10))
	while [ $tenths -gt 0 ]; do
		grep -q "$2" "$1" 2>/dev/null && return 0
		sleep 0.1
		tenths=$((tenths - 1))
	done
	echo "no '$2' in $(basename "$1")"
	return 1
}

# ARGS...: more options of the dataplane. The namespace of its port is $run_in.
run_in=$edge
dataplane() {
	inside "$run_in" "$dataplane" -l 0 --no-huge -m 256 --no-shconf --no-pci --no-telemetry \
		--file-prefix "$prefix" --vdev \
		"net_af_packet0,iface=port0,blocksz=65536,framesz=2048,framecnt=4096" -- \
		--socket "$dir/run/dataplane.sock" --state "$dir/state" --netns "$picket" "$@"
}

start_dataplane() {
	: >"$dir/dataplane.log"
	lead='exec'
	dataplane -v >>"$dir/dataplane.log" 2>&1 &
	dataplane_pid=$!
	lead=
	wait_for "$dir/dataplane.log" "ready" 20
}

make_networks() {
	for ns in "$partner" "$edge"; do
		ip netns add "$ns" || return 1
		ip -n "$ns" link set lo up
	done
	ip -n "$edge" link add port0 numrxqueues 1 numtxqueues 1 type veth peer name net0 netns "$partner" || return 1
	inside "$edge" sysctl -qw net.ipv6.conf.port0.disable_ipv6=1
	inside "$partner" ethtool -K net0 tx off >/dev/null
	for address in 198.51.100.7/24 198.51.100.66/24 198.51.100.99/24; do
		ip -n "$partner" address add "$address" dev net0
	done
	ip -n "$partner" address add 2001:db8:1::7/64 dev net0 nodad
	ip -n "$partner" link set net0 up
	ip -n "$edge" link set port0 up
	mac=$(ip -n "$edge" -br link show port0 | awk '{print $3}')
	"$here/../../scripts/netns" up --netns "$picket" --port-mac "$mac" \
		--address 198.51.100.1/24 --address 2001:db8:1::1/64
}

start_server() {
	lead='exec'
	inside "$picket" "$python" "$here/wire.py" serve --socket "$dir/run/dataplane.sock" \
		--service 198.51.100.1 --service 2001:db8:1::1 --partner 198.51.100.7/32 \
		--partner 2001:db8:1::7/128 --blocked 198.51.100.66/32 >"$dir/server.log" 2>&1 &
	server_pid=$!
	lead=
	wait_for "$dir/server.log" "serving" 10
}

connections_cross_with_their_mark() {
	check "a partner's connection bears its mark" "$(client 198.51.100.1 --source 198.51.100.7)" "mark 20000007"
	check "over IPv6 as well" "$(client 2001:db8:1::1)" "mark 20000007"
	check "a stranger's is marked as unknown" "$(client 198.51.100.1 --source 198.51.100.99)" "mark 10000000"
	check "a blocked source is refused" "$(client 198.51.100.1 --source 198.51.100.66)" "refused"
	check "a blocked domain is reset" "$(client 198.51.100.1 --source 198.51.100.99 --claim bad.example)" "reset"
	check "a port without a service is silent" "$(client 198.51.100.1 --port 22 --timeout 2)" "no answer"
	check "echo passes" "$(inside "$partner" "$python" "$here/wire.py" echo --to 198.51.100.1 2>&1)" "echoed"
	check "echo passes over IPv6" "$(inside "$partner" "$python" "$here/wire.py" echo --to 2001:db8:1::1 2>&1)" "echoed"
}

outbound_needs_an_announcement() {
	lead='exec'
	inside "$partner" "$python" "$here/wire.py" greet --to 198.51.100.7 >"$dir/greeter.log" 2>&1 &
	greeter_pid=$!
	lead=
	sleep 0.5
	for announce in "" --announce; do
		said=$(inside "$picket" "$python" "$here/wire.py" outbound --socket "$dir/run/dataplane.sock" \
			--service 198.51.100.1 --to 198.51.100.7 $announce 2>&1)
		if [ -n "$announce" ]; then
			check "an announced connection leaves" "$said" "welcome"
		else
			check "an unannounced one does not" "$said" "no answer"
		fi
	done
	wait_for "$dir/server.log" "serving again, 2 listeners" 5
	check "the control plane takes its channel back" "$(client 198.51.100.1)" "mark 20000007"
}

# A session that is open while the dataplane dies: lines go in by a FIFO.
killed_dataplane_ends_no_session() {
	mkfifo "$dir/lines"
	exec 9<>"$dir/lines"
	lead='exec'
	inside "$partner" "$python" "$here/wire.py" client --to 198.51.100.1 --source 198.51.100.7 --hold \
		--timeout 20 <"$dir/lines" >"$dir/holder.log" 2>&1 &
	holder_pid=$!
	lead=
	wait_for "$dir/holder.log" "mark 20000007" 5
	echo "before" >&9
	wait_for "$dir/holder.log" "before" 5
	kill -9 "$dataplane_pid"
	wait "$dataplane_pid" 2>/dev/null
	check "address and route outlive it" "$(ip -n "$picket" route show default)" "default dev picket0"
	start_dataplane
	check "the saved rules are taken up" "$(cat "$dir/dataplane.log")" "generation 3 are in force: 2 services"
	check "the connection is adopted" "$(grep "connections go on" "$dir/dataplane.log")" "connections go on; 0 without"
	echo "after" >&9
	wait_for "$dir/holder.log" "after" 20
	check "the session goes on" "$(cat "$dir/holder.log")" "after"
	exec 9>&-
	wait_for "$dir/dataplane.log" "control plane has come" 10
	sleep 0.5
	check "and new ones come in" "$(client 198.51.100.1)" "mark 20000007"
}

counters_tell() {
	counters=$("$python" "$here/wire.py" counters --socket "$dir/run/dataplane.sock" 2>&1)
	[ "$(counter kernel.passed.marked)" -gt 0 ] && [ "$(counter kernel.dropped.no_mark)" -eq 0 ]
	check "frames came through tc marked, none without" "$?" "0"
	sum=0
	for fate in forwarded answered consumed held dropped; do
		sum=$((sum + $(counter in.$fate)))
	done
	check "every frame has one fate" "$(counter in.received)" "$sum"
}

privileges_are_gone() {
	all=$(cat /proc/"$dataplane_pid"/task/*/status)
	check "no thread may enter namespaces any more" \
		"$(echo "$all" | awk '/^CapPrm/ {print $2}' | sort -u | wc -l)" "1"
	cap=$(echo "$all" | awk '/^CapPrm/ {print $2; exit}')
	check "CAP_SYS_ADMIN is given up" "$((0x$cap >> 21 & 1))" "0"
	check "no thread can gain privileges" "$(echo "$all" | awk '/^NoNewPrivs/ {print $2}' | sort -u)" "1"
}

end_leaves_no_trace() {
	kill "$dataplane_pid"
	wait "$dataplane_pid"
	check "SIGTERM is a good end" "$?" "0"
	dataplane_pid=
	check "the program is detached" "[$(inside "$picket" tc filter show dev picket0 ingress 2>&1)]" "[]"
	[ -z "$(ls "$dir/run")" ]
	check "the socket is gone" "$?" "0"
	check "the TAP stays" "$(ip -n "$picket" -br address show dev picket0)" "198.51.100.1/24"
	ip -n "$edge" -d link show dev port0 | grep -q "promiscuity 0"
	check "the port is as it was" "$?" "0"
}

wrong_layouts_are_refused_by_name() {
	check "unknown namespace" "$(dataplane --netns pk-no-such 2>&1)" "scripts/netns up --netns pk-no-such"
	check "unknown TAP" "$(dataplane --tap nosuch0 2>&1)" "there is no interface 'nosuch0'"
	inside "$picket" sysctl -qw net.ipv4.tcp_fwmark_accept=0
	check "wrong setting" "$(dataplane 2>&1)" "net.ipv4.tcp_fwmark_accept is 0, need 1"
	inside "$picket" sysctl -qw net.ipv4.tcp_fwmark_accept=1
	ip -n "$edge" address add 203.0.113.1/24 dev port0
	check "port with an address" "$(dataplane 2>&1)" "interface 'port0' has the address 203.0.113.1"
	ip -n "$edge" address del 203.0.113.1/24 dev port0
	ip -n "$edge" link set port0 down
	check "port that is down" "$(dataplane 2>&1)" "ip link set port0 up"
	ip -n "$edge" link set port0 up
	ip -n "$picket" link add port0 type veth peer name port1
	ip -n "$picket" link set port0 up
	inside "$picket" sysctl -qw net.ipv6.conf.port0.disable_ipv6=1
	run_in=$picket
	check "port inside the namespace" "$(dataplane 2>&1)" "runs in network namespace '$picket'"
	run_in=$edge
	check "group that does not exist" "$(dataplane --group pk-nobody 2>&1)" "there is no group 'pk-nobody'"
	check "no port" "$(inside "$edge" "$dataplane" -l 0 --no-huge -m 64 --no-shconf --no-pci --no-telemetry \
		--file-prefix "$prefix" -- --netns "$picket" 2>&1)" "there is no port"
}

[ "$(id -u)" = 0 ] || skip "needs root for network namespaces"
for tool in ip tc nsenter ethtool sysctl "$python"; do
	command -v "$tool" >/dev/null || skip "needs $tool"
done
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
dir=$(mktemp -d /tmp/picket-wire-XXXXXX)
trap finish EXIT
trap 'exit 2' INT TERM
make_networks || exit 2
wrong_layouts_are_refused_by_name
start_dataplane || exit 2
start_server || exit 2
connections_cross_with_their_mark
outbound_needs_an_announcement
killed_dataplane_ends_no_session
privileges_are_gone
counters_tell
end_leaves_no_trace
echo "wire: $passed passed, $failed failed"
[ $failed -eq 0 ]
