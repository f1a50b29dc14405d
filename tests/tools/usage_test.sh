#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# usage_test ROOT PROGRAM...: every script and program explains itself, and names the argument that
# it does not know with exit code 2.
set -u
root=$1
shift
said=$(mktemp)
trap 'rm -f "$said"' EXIT
bad=0

complain() {
	echo "$*: $(head -n 3 "$said")"
	bad=1
}

explains() {
	"$@" --help >"$said" 2>&1 || complain "$* --help fails"
	grep -qi '^usage: ' "$said" || complain "$* --help shows no usage"
	grep -qi 'exit codes' "$said" || complain "$* --help shows no exit codes"
}

refuses() {
	"$@" --nonsense >"$said" 2>&1
	code=$?
	[ "$code" -eq 2 ] || complain "$* --nonsense ends with $code"
	grep -q -e "--nonsense" "$said" || complain "$* does not name --nonsense"
}

for script in "$root"/scripts/*; do
	[ -f "$script" ] || continue
	explains "$script"
	refuses "$script"
done
refuses "$root/scripts/netns" up
refuses "$root/scripts/lab" up

# A value that is wrong is said before anything is made.
refuses_value() {
	"$@" >"$said" 2>&1
	code=$?
	[ "$code" -eq 2 ] || complain "$* ends with $code"
}

refuses_value "$root/scripts/netns" up --netns pk-usage --address 192.0.2.1
refuses_value "$root/scripts/netns" up --netns pk-usage --inside-peer eth0
refuses_value "$root/scripts/netns" up --netns "pk usage"
[ ! -e /run/netns/pk-usage ] || complain "scripts/netns up made what it could not finish"
for program in "$@"; do
	explains "$program"
	case $program in
	*/picket-dataplane) ;; # what stands before its -- is DPDK's
	*) refuses "$program" ;;
	esac
done
exit $bad
