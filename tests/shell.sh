# What the shell tests share: a folder of their own, TAP, and looks into tables. To be sourced; headflow is taken from the
# current directory (where make check runs), models and data from $srcdir. A test ends with `finish`.
set -u
srcdir=${srcdir:-.}
headflow=$(pwd)/headflow
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99

count=0
failures=0
# ok NAME COMMAND...: one test; the command's output is shown when it fails.
ok() {
    title=$1
    shift
    count=$((count + 1))
    if "$@" >test.log 2>&1; then
        echo "ok $count - $title"
    else
        echo "not ok $count - $title"
        failures=$((failures + 1))
        sed 's/^/# /' test.log
    fi
}
# exits CODE TEXT COMMAND...: the command ends with that code and says TEXT on standard error.
exits() {
    code=$1 text=$2
    shift 2
    "$@" >out.txt 2>err.txt
    got=$?
    cat out.txt err.txt
    [ $got = "$code" ] || { echo "exit code $got, expected $code"; return 1; }
    grep -qF -e "$text" err.txt || { echo "standard error does not say: $text"; return 1; }
}
# wait_until COMMAND...: looks again and again until the command succeeds; fails after two minutes. Tests wait for what happens,
# never for a time in which it should have: machines may be busy.
wait_until() {
    for _ in $(seq 2400); do
        "$@" 2>/dev/null && return 0
        sleep 0.05
    done
    echo "in vain waited for: $*"
    return 1
}
is_there() { [ -s "$1" ]; }
# is_new SUM PATTERN: files of that name are there, and their cksum is not SUM. The pattern is looked up every time.
# shellcheck disable=SC2086
sum_of() { cat $1 2>/dev/null | cksum; }
# shellcheck disable=SC2086
is_new() { cat $2 >/dev/null && [ "$(sum_of "$2")" != "$1" ]; }
rows() { grep -v '^#' "$1" | tail -n +2; }
column() { # column FILE NAME
    grep -v '^#' "$1" | awk -F'\t' -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }'
}
finish() {
    echo "1..$count"
    [ $failures = 0 ]
}
