#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The set-up is complete: in a minimal Debian root, scripts/setup alone makes the tree build and
# its unit tests pass. Uses the package sources of the machine it runs on.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)

skip() {
	echo "skipped: $*"
	exit 77
}

[ "$(id -u)" -eq 0 ] || skip "needs root for debootstrap and chroot"
command -v debootstrap >/dev/null 2>&1 || skip "there is no debootstrap: run scripts/setup"

# shellcheck source=/dev/null
. /etc/os-release
mirror=$(apt-cache policy base-files 2>/dev/null |
	awk '$2 ~ /^https?:/ && $3 ~ /\/main$/ && $3 !~ /security|updates/ { print $2; exit }')
[ -n "$mirror" ] || skip "apt knows no package source over HTTP to make a root from"

tmp=$(mktemp -d)
cleanup() {
	for mounted in proc dev; do
		if mountpoint -q "$tmp/root/$mounted"; then umount "$tmp/root/$mounted"; fi
	done
	rm -rf --one-file-system "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

echo "making a minimal $VERSION_CODENAME root"
debootstrap --variant=minbase "$VERSION_CODENAME" "$tmp/root" "$mirror" >"$tmp/log" 2>&1 ||
	{ tail -n 20 "$tmp/log"; exit 1; }

# The machine's own sources, keys and client settings.
for part in sources.list sources.list.d trusted.gpg.d apt.conf.d auth.conf.d preferences.d; do
	if [ -e "/etc/apt/$part" ]; then
		rm -rf "$tmp/root/etc/apt/$part"
		cp -a "/etc/apt/$part" "$tmp/root/etc/apt/"
	fi
done
cp -a /usr/share/keyrings/. "$tmp/root/usr/share/keyrings/"
cp -L /etc/resolv.conf "$tmp/root/etc/resolv.conf"
cp /etc/hosts "$tmp/root/etc/hosts"
# No package may start a service in there.
printf '#!/bin/sh\nexit 101\n' >"$tmp/root/usr/sbin/policy-rc.d"
chmod +x "$tmp/root/usr/sbin/policy-rc.d"
# Nobody misses it after a crash of this machine.
echo force-unsafe-io >"$tmp/root/etc/dpkg/dpkg.cfg.d/picket"
mount -t proc proc "$tmp/root/proc"
mount --bind /dev "$tmp/root/dev"

mkdir "$tmp/root/picket"
tar -C "$root" --exclude=./.git --exclude='./build*' -cf - . | tar -C "$tmp/root/picket" -xf -

in_root() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 chroot "$tmp/root" \
		sh -c "cd /picket && $*" >"$tmp/log" 2>&1 || {
		tail -n 40 "$tmp/log"
		echo "failed in the minimal root: $*"
		exit 1
	}
	tail -n 1 "$tmp/log"
}

in_root scripts/setup
in_root scripts/setup
grep -q 'nothing to do' "$tmp/log" || { echo "a second set-up found something to do"; exit 1; }
# Whether it builds is the question, not how fast it is then.
in_root meson setup -Doptimization=0 -Ddebug=false -Dwerror=false build
in_root scripts/test --no-setup --suite unit
in_root scripts/lint
echo "a minimal Debian builds and passes"
