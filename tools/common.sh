# SPDX-License-Identifier: GPL-2.0-or-later
# What the build scripts share: where the tree is, how an error is said, how a
# long command runs quietly, and how root is reached. Sourced, never run.
# Owns nothing on disk.

set -euo pipefail
trap 'printf "%s: stopped at line %s\n" "${0##*/}" "$LINENO" >&2' ERR
export LC_ALL=C
# The tests' sockets are in temporary directories, and the path of a socket has 107 octets.
export TMPDIR=/tmp

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build

# With SAN=1 the daemons, their modules and the derived hosts carry ASan and
# UBSan; everything made that way stays apart from the ordinary build.
if [ "${SAN:-}" = 1 ]; then
	out=$build/san dist=$top/dist-san
else
	out=$build dist=$top/dist
fi

# The flags of that build, for the Makefile and for the hosts alike. Misaligned
# loads are left out: the hosts read packets through structs, which amd64 allows.
san_flags='-fsanitize=address,undefined -fno-sanitize=alignment -fno-omit-frame-pointer -U_FORTIFY_SOURCE'

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# say TEXT: progress
say() {
	printf '  %s\n' "$*"
}

# as_root COMMAND...: run it as root
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# logged LOG COMMAND...: output goes to LOG; its end is shown when it fails
logged() {
	local log=$1 status=0
	shift
	mkdir -p "$(dirname "$log")"
	if [ "${V:-}" = 1 ]; then
		"$@" 2>&1 | tee "$log" || status=$?
	else
		"$@" >"$log" 2>&1 </dev/null || status=$?
	fi
	if [ "$status" != 0 ]; then
		[ "${V:-}" = 1 ] || tail -n 40 "$log" >&2
		printf '%s: failed (status %s): %s\n  the whole log: %s\n' \
			"${0##*/}" "$status" "$*" "$log" >&2
	fi
	return "$status"
}

# Milliseconds of the monotonic clock.
now_ms() {
	local up
	read -r up _ </proc/uptime
	up=${up/./}
	printf '%s' "$((10#$up * 10))"
}

# elapsed SINCE_MS: "12.3 s"
elapsed() {
	local ms=$(($(now_ms) - $1))
	printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# files_hash PATH...: one hash over names, modes and contents of all files under
# the paths; a path that is not there counts as empty
files_hash() {
	local path
	for path; do
		[ ! -e "$path" ] || find "$path" -type f ! -name '*.pyc' -printf '%m %p\0'
	done | sort -z | while IFS= read -r -d '' path; do
		printf '%s\n' "$path"
		cat "${path#* }"
	done | sha256sum | cut -d' ' -f1
}

# hook_abi NAME: the ABI number that the hook header of a derived source defines
hook_abi() {
	{ cat "${HOOK_INC:-$build/include}/$1"/*hook*.h 2>/dev/null || true; } |
		sed -n 's/^#define[[:space:]]\+[A-Z0-9_]*ABI[A-Z_]*[[:space:]]\+\([0-9]\+\).*/\1/p' |
		head -n 1
}

# build_package LOG [VARIABLE=VALUE...]: binary packages from the source tree in the
# working directory
build_package() {
	local log=$1 options="noautodbgsym nocheck parallel=$(nproc)"
	shift
	[ "${SAN:-}" != 1 ] || options+=" nostrip"
	logged "$log" env -u MAKEFLAGS -u MAKELEVEL -u V DEB_BUILD_OPTIONS="$options" "$@" \
		dpkg-buildpackage -b -us -uc -rfakeroot
}
