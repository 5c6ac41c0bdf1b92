# Compares what a program printed (second file) with what a page says that it prints (first file). A line "..." stands for any
# lines, a word "..." for the rest of its line. Numbers may differ by one in two hundred, or by 1e-7; all else is the same.
function bare(word) { gsub(/^[(=]+|[,;:)%.]+$/, "", word); return word }
function is_number(word) { return word ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/ }
function size(x) { return x < 0 ? -x : x }
function word_is(want, got,  a, b) {
    if (want == got) return 1
    a = bare(want); b = bare(got)
    if (!is_number(a) || !is_number(b)) return 0
    return size(a - b) <= 0.005 * (size(a) > size(b) ? size(a) : size(b)) + 1e-7
}
function line_is(want, got,  w, g, m, k, i) {
    m = split(want, w, " "); k = split(got, g, " ")
    for (i = 1; i <= m; i++) {
        if (w[i] == "...") return 1
        if (i > k || !word_is(w[i], g[i])) return 0
    }
    return m == k
}
FNR == NR { want[++wants] = $0; next }
{ got[++gots] = $0 }
END {
    g = 1
    for (i = 1; i <= wants; i++) {
        if (want[i] == "...") { any = 1; continue }
        while (any && g <= gots && !line_is(want[i], got[g])) g++
        if (g > gots || !line_is(want[i], got[g])) { print "the page:    " want[i]; print "the program: " (g > gots ? "(nothing)" : got[g]); exit 1 }
        any = 0
        g++
    }
    if (!any && g <= gots) { print "the program: " got[g]; print "the page: (nothing)"; exit 1 }
}
