# Which words of the meanings of columns (second file: what help columns and help quantities print) are neither defined in the glossary
# (first file) nor plain English (third file)? Names of columns, keys and files explain themselves elsewhere.
function forms(word) { # of a defined word: also its plural and its past
    is[word] = is[word "s"] = is[word "es"] = is[word "ed"] = is[word "d"] = is[word "ing"] = 1
    if (word ~ /y$/) is[substr(word, 1, length(word) - 1) "ies"] = 1
    if (word ~ /e$/) is[substr(word, 1, length(word) - 1) "ing"] = 1
}
FILENAME ~ /glossary/ && /^\| / {
    n = split($0, field, "|")
    gsub(/[`<>(),]/, " ", field[2])
    n = split(field[2], word, " ")
    for (i = 1; i <= n; i++) { symbol[word[i]] = 1; forms(tolower(word[i])); defined++ }
    next
}
FILENAME ~ /plain/ { for (i = 1; i <= NF; i++) plain[$i] = 1; next }
/^\| `/ {
    match($0, /` \| /)
    name = substr($0, 4, RSTART - 4)
    stem = name; sub(/_?<.*/, "", stem); column[name] = column[stem] = 1
    row[++rows] = $0; of[rows] = name
}
END {
    for (r = 1; r <= rows; r++) {
        text = row[r]
        sub(/^\| `[^`]*` \| /, "", text)
        gsub(/`[^`]*`/, " ", text)
        gsub(/\([a-z-]*\.md\)|\[|\]/, " ", text)
        gsub(/[a-z]*\.[a-z_]+/, " ", text)
        gsub(/'s|s' /, " ", text)
        gsub(/[^a-zA-Z_]/, " ", text)
        n = split(text, word, " ")
        for (i = 1; i <= n; i++) {
            w = word[i]
            if (w ~ /_/ && w !~ /^[A-Za-z]_[a-z][a-z]?$/) continue # another name
            if (length(w) == 1 || w ~ /_/ ? !(w in symbol) && !(w in plain) : !(tolower(w) in is) && !(tolower(w) in plain) && !(w in column)) {
                if (!((w, of[r]) in told)) print w " in the meaning of " of[r]
                told[w, of[r]] = 1
                bad = 1
            }
        }
    }
    exit bad || rows < 250 || defined < 100
}
