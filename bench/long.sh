#!/bin/sh
# How time and memory grow: bench/long.sh PROGRAM [FOLDER]
#
# Runs a flow for long times, many positions, many heads and many output points, and a sweep of many tasks, each at two or three sizes. Prints a
# line for each run: what, seconds, MiB at most, bytes written. Some minutes; works in FOLDER (default: long), which it removes.
set -eu
program=$(realpath "$1")
folder=${2:-long}
mkdir -p "$folder" && cd "$folder"
flow='heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); }; init = { distribution = "sine"; perturbation = 1e-3; };
solver = { t_end = 1e4; }; output = { plots = false; attention = false; };'
echo "$flow" >flow.conf
echo "$flow"' sweep = { over = ({ key = "init.seed"; linear = (1, 1000000, 1000); }); report = ("final_loss"); };' >sweep.conf
# run WHAT COMMAND...
run() {
    what=$1
    shift
    rm -rf out
    /usr/bin/time -o used -f '%e %M' "$program" "$@" -o out --quiet
    printf '%-34s %8.1f s %8.0f MiB %10.0f KiB\n' "$what" $(awk 'END { print $1, $2 / 1024 }' used) "$(du -sk out | cut -f1)"
}
for t in 1e4 1e8 1e12; do run "flow to t = $t" run flow.conf -s solver.t_end=$t; done
for n in 40000 200000 1000000; do run "$n positions, to t = 100" run flow.conf -s positions=$n -s solver.t_end=100 -s output.points=5; done
for h in 4 16 64; do run "$h heads, to t = 100" run flow.conf -s heads=$h -s solver.t_end=100; done
for p in 10000 100000 1000000; do run "$p output points" run flow.conf -s output.points=$p; done
for n in 1000 10000; do
    run "a sweep of $n tasks" sweep sweep.conf -s solver.t_end=1 -s output.points=2 -s "sweep.over=({ key = \"init.seed\"; linear = (1, 1000000, $n); })" -j 2
done
cd - >/dev/null && rm -rf "$folder"
