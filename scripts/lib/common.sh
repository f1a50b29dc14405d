# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# What every script needs; sourced with $root set to the top of the tree.

: "${root:?}"

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

usage_error() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	printf "Try '%s --help'.\n" "$0" >&2
	exit 2
}

is_root() {
	[ "$(id -u)" -eq 0 ]
}

# Can we become root at all? A machine may have no sudo, or one that asks nobody.
can_root() {
	is_root || { command -v sudo >/dev/null 2>&1 && sudo -v 2>/dev/null; }
}

as_root() {
	if is_root; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo -- "$@"
	else
		die "needs root for '$*', and there is no sudo: run it as root"
	fi
}

# Configure and compile into $1 as the caller; what is up to date costs seconds.
build_into() {
	build_dir=$1
	shift
	if [ ! -f "$build_dir/build.ninja" ]; then
		meson setup "$@" "$build_dir" "$root" >"$build_dir.log" 2>&1 || {
			cat "$build_dir.log" >&2
			die "meson setup failed: see the lines above"
		}
	fi
	ninja -C "$build_dir" >"$build_dir.log" 2>&1 || {
		tail -n 40 "$build_dir.log" >&2
		die "the build failed: see the lines above ($build_dir.log has all)"
	}
	rm -f "$build_dir.log"
}

# The packages are there, or are installed now.
ensure_setup() {
	if "$root/scripts/setup" --check >/dev/null 2>&1; then
		return 0
	fi
	"$root/scripts/setup"
}
