#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# lint_test.sh LINT: every wall that scripts/lint guards is broken once, in a tree made for it, and
# each time the script must say so, with file and line. A clean tree must pass.
set -eu

[ $# -eq 1 ] || {
	echo "usage: lint_test.sh LINT" >&2
	exit 2
}
lint=$1
tree=$(mktemp -d)
output=$(mktemp)
trap 'rm -rf "$tree" "$output"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0

licence='/* SPDX-License-Identifier: BSD-3-Clause */'

# Write a file into a fresh tree: put FILE [LINE...]
put()
{
	file=$1
	shift
	mkdir -p "$tree/$(dirname "$file")"
	printf '%s\n' "$@" >"$tree/$file"
}

fresh()
{
	rm -rf "$tree"
	mkdir "$tree"
}

verdict()
{
	if [ "$1" = "$2" ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "FAILED: $3: expected $2, got $1" >&2
	cat "$output" >&2
}

# refused CHECK LABEL WHERE: exactly one complaint, that begins with WHERE, and exit code 1.
refused()
{
	code=0
	"$lint" --root "$tree" "$1" >"$output" 2>&1 || code=$?
	count=$(grep -c " \[$1\]\$" "$output" || true)
	where=$(grep -cF "$3" "$output" || true)
	verdict "code $code, $count complaints, $where in place" "code 1, 1 complaints, 1 in place" "$2"
}

accepted()
{
	code=0
	"$lint" --root "$tree" "$1" >"$output" 2>&1 || code=$?
	verdict "code $code" "code 0" "$2"
}

# wall FILE INCLUDE: this include, in the third line of this file, is refused.
wall()
{
	fresh
	put "$1" "$licence" '/* A file. */' "#include $2"
	refused layers "$1 includes $2" "$1:3: includes $2: "
}

# door FILE INCLUDE: and this one is not.
door()
{
	fresh
	put "$1" "$licence" '/* A file. */' "#include $2"
	accepted layers "$1 includes $2"
}

wall rules/decide.c '<rte_hash.h>'
wall rules/decide.c '<openssl/ssl.h>'
wall rules/decide.c '<sys/socket.h>'
wall rules/decide.h '<bpf/libbpf.h>'
wall rules/decide.c '"control/loop.h"'
wall rules/decide.c '"dataplane/packet.h"'
wall rules/decide.c '<control/loop.h>'
wall rules/base/view.c '"rules/ruleset.h"'
door rules/document.c '<yaml.h>'
door rules/pattern.c '<hs/hs.h>'
door rules/decide.c '"rules/base/view.h"'

wall dataplane/worker.c '<openssl/evp.h>'
wall dataplane/worker.c '<event2/event.h>'
wall dataplane/worker.c '"control/loop.h"'
wall dataplane/inspect/tls_hello.c '<openssl/ssl.h>'
wall dataplane/inspect/tls_hello.c '<rte_mbuf.h>'
wall dataplane/inspect/tls_hello.c '"dataplane/flow.h"'
wall dataplane/channel/client.c '<rte_mbuf.h>'
wall dataplane/channel/client.c '"dataplane/flow.h"'
wall dataplane/packet_quote.c '<rte_ether.h>'
wall dataplane/tuple.h '<rte_jhash.h>'
door dataplane/worker.c '<rte_mbuf.h>'
door dataplane/worker.c '"rules/filter.h"'
door dataplane/handoff.c '"bpf/load.h"'
door dataplane/handoff.c '"bpf/abi.h"'
door dataplane/channel/client.c '<jansson.h>'

wall control/main.c '<rte_eal.h>'
wall control/main.c '<bpf/libbpf.h>'
wall control/main.c '"bpf/abi.h"'
wall control/main.c '"dataplane/packet.h"'
wall control/xmpp/stream.c '"dataplane/inspect/xmpp_header.h"'
door control/filter_client.c '"dataplane/channel/client.h"'
door control/tls.c '<openssl/ssl.h>'

wall control/loop.c '"control/tls.h"'
wall control/store/store.c '"control/connect.h"'
wall control/connect.c '"control/xmpp/pool.h"'
wall control/filter_client.c '"control/main.h"'
wall control/sip/message.c '"control/parcel/parcel.h"'
wall control/xmpp/stream.c '"control/session/route.h"'
wall control/parcel/address.c '"control/policy/gate.h"'
wall control/policy/gate.c '"control/session/route.h"'
wall control/session/route.c '"control/accept.h"'
wall control/helper.c '"control/sip/uri.h"'
wall control/loop.c '"control/helper.h"'
door control/connect.c '"control/helper.h"'
door control/tls.c '"control/loop.h"'
door control/connect.c '"control/resolve.h"'
door control/parcel/address.c '"control/sip/uri.h"'
door control/session/route.c '"control/policy/gate.h"'
door control/main.c '"control/session/route.h"'
door control/edge_join.c '"control/session/session.h"'

wall bpf/handoff.bpf.c '"rules/base/mark.h"'
wall bpf/steer.bpf.c '"dataplane/tuple.h"'
wall bpf/load.c '"dataplane/packet.h"'
door bpf/handoff.bpf.c '"bpf/abi.h"'
door bpf/handoff.bpf.c '<linux/bpf.h>'
door bpf/load.c '"handoff.skel.h"'

wall control/main.c '"../dataplane/packet.h"'
wall control/sip/uri.c '"uri.h"'
wall control/main.c '"tests/unit/test.h"'
wall control/main.c 'HEADER'
door tests/unit/test_flow.c '"../../dataplane/flow.c"'
fresh
put control/main.c "$licence" '/* A file. */' '	#	include  "dataplane/packet.h"'
refused layers 'a spaced-out include' 'control/main.c:3: includes "dataplane/packet.h": '

fresh
put rules/a.c '/* No licence. */' '/* Still none. */' '/* Nor here. */' "$licence"
refused spdx 'a source without licence' 'rules/a.c:1: no SPDX'
fresh
put rules/meson.build 'x = 1'
refused spdx 'a meson.build without licence' 'rules/meson.build:1: no SPDX'
fresh
put scripts/run '#!/bin/sh' 'exit 0'
refused spdx 'a script without licence' 'scripts/run:1: no SPDX'
fresh
put scripts/lab.conf 'no-hosts'
refused spdx 'settings without licence' 'scripts/lab.conf:1: no SPDX'
fresh
put tests/rules.yaml 'service: 1'
accepted spdx 'the input of a test'
fresh
put rules/a.c "$licence"
put scripts/run '#!/bin/sh' '# SPDX-License-Identifier: BSD-3-Clause' 'exit 0'
accepted spdx 'sources with licences'

fresh
put rules/a.c "$licence"
yes '' | head -n 799 >>"$tree/rules/a.c"
accepted length 'a source of 800 lines'
echo >>"$tree/rules/a.c"
refused length 'a source of 801 lines' 'rules/a.c:801: 801 lines'

fresh
# shellcheck disable=SC2016 # the backticks are Markdown's
put README.md '# Title' '[a page](docs/a.md#part), [the net](https://example.org/), [here](#title)' \
	'' '```' '[not a link](docs/code.md)' '```' 'and `[neither](docs/code.md)`'
put docs/a.md '[back](../README.md)'
accepted links 'pages whose links exist'
put docs/a.md '[back](../README.md)' '' 'See [b](b.md) for more.'
refused links 'a page with a dead link' "docs/a.md:3: link to 'b.md'"

fresh
put tests/net/meson.build "foreach name : [" "  'here'," ']'
put tests/net/test_here.py 'x = 1'
put tests/unit/meson.build "unit = {'there': []}"
put tests/unit/test_there.c 'int a;'
accepted tests 'tests that their lists name'
put tests/net/test_her.py 'x = 1'
refused tests 'a test that no list names' 'tests/net/test_her.py:1: not in tests/net/meson.build'
rm "$tree/tests/net/test_her.py"
put tests/fuzz/fuzz_there.c 'int a;'
refused tests 'a fuzz target without a list' 'tests/fuzz/fuzz_there.c:1: not in tests/fuzz/meson.build'

# Checks that need a tool are only tried where the tool is.
if command -v shellcheck >/dev/null; then
	fresh
	# shellcheck disable=SC2016 # written as it stands
	put scripts/run '#!/bin/sh' 'echo $1'
	refused shell 'a script that shellcheck does not like' 'scripts/run:2:'
	put scripts/run '#!/bin/sh' 'echo fine'
	accepted shell 'a script that shellcheck likes'
fi
if command -v clang-format >/dev/null; then
	fresh
	put .clang-format 'BasedOnStyle: LLVM'
	put rules/a.c 'int    a;'
	refused format 'a badly formatted source' 'rules/a.c:1:'
	put rules/a.c 'int a;'
	accepted format 'a well formatted source'
fi
if [ -x /usr/bin/python3 ]; then
	fresh
	put tests/net/a.py 'x = 1' 'def f(:'
	refused python 'Python that does not parse' 'tests/net/a.py:2: does not parse'
	put tests/net/a.py 'x = 1'
	put scripts/run '#!/usr/bin/python3' 'print("fine")'
	accepted python 'Python that parses'
	put scripts/run '#!/usr/bin/python3' '' 'print('
	refused python 'a script in Python that does not parse' 'scripts/run:3:'
fi

code=0
"$lint" --root "$tree" no-such-check >"$output" 2>&1 || code=$?
verdict "code $code" "code 2" 'an unknown check'
code=0
"$lint" --root "$tree/nowhere" >"$output" 2>&1 || code=$?
verdict "code $code" "code 2" 'a directory that is not there'
code=0
"$lint" --help >"$output" 2>&1 || code=$?
verdict "code $code" "code 0" 'help'

echo "lint_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
