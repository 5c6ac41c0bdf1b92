# Takes a page of documentation apart: its blocks of code become files DIR/NNN.LANGUAGE (their lines), NNN.marks (what comments
# <!-- example: ... --> above say of them) and NNN.at (page and line). A block that is only indented is an error.
function place(ending) { return sprintf("%s/%03d.%s", dir, n, ending) }
FNR == 1 { page = FILENAME; sub(/.*headflow-doc\//, "", page); blank = 1 }
/^<!-- example: .* -->$/ { mark = $0; sub(/^<!-- example: /, "", mark); sub(/ -->$/, "", mark); marks = marks mark "\n"; next }
/^```/ && !inside {
    n++
    inside = 1
    language = substr($0, 4)
    if (language == "") language = "nothing"
    printf "%s", marks >place("marks")
    print page ":" FNR >place("at")
    printf "" >place(language)
    marks = ""
    next
}
/^```$/ { inside = 0; close(place(language)); close(place("marks")); close(place("at")); next }
inside { print >place(language); next }
marks != "" { print page ":" FNR ": a comment about an example stands above no block"; bad = 1; marks = "" }
/^    / && blank && !list { print page ":" FNR ": a block without a language"; bad = 1 }
/^[^ ]/ { list = /^(- |[0-9]+\. )/ }
{ blank = $0 == "" }
END { exit bad }
