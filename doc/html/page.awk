# Makes OUTPUT/NAME.html: first file the pages with their titles, second the body that cmark-gfm has made of this page.
# Headings get anchors, links to pages and files lead to where these are in OUTPUT; files are listed in assets.
function address(name) {
    if (name == "README.md") return "index.html"
    if (name == "bench/README.md") return "bench.html"
    sub(/^doc\//, "", name)
    sub(/\.md$/, ".html", name)
    return name
}
# The path of a link, from the folder of the page
function resolve(link,  parts, n, i, path, depth, kept) {
    path = page
    if (sub(/\/[^\/]*$/, "/", path) == 0) path = ""
    n = split(path link, parts, "/")
    depth = 0
    for (i = 1; i <= n; i++)
        if (parts[i] == "..") depth--
        else if (parts[i] != "." && parts[i] != "") kept[++depth] = parts[i]
    path = kept[1]
    for (i = 2; i <= depth; i++) path = path "/" kept[i]
    return path
}
function target(link,  anchor, path) {
    if (link ~ /^([a-z]+:|#)/) return link
    anchor = ""
    if (match(link, /#.*/)) {
        anchor = substr(link, RSTART)
        link = substr(link, 1, RSTART - 1)
    }
    path = resolve(link)
    if (path in title) return address(path) anchor
    if (link ~ /\/$/) return address(path "/README.md") anchor
    print path >>assets
    return path anchor
}
function linked(line, attribute,  done, start, end) {
    done = ""
    while ((start = index(line, attribute "=\"")) > 0) {
        start += length(attribute) + 2
        end = index(substr(line, start), "\"") - 1
        done = done substr(line, 1, start - 1) target(substr(line, start, end)) "\""
        line = substr(line, start + end + 1)
    }
    return done line
}
function plain(text) { gsub(/<[^>]*>/, "", text); return text }
FNR == NR { split($0, field, "\t"); order[++pages] = field[1]; title[field[1]] = field[2]; next }
/^<!-- raw HTML omitted -->$/ { next }
/^<h[1-6]>/ {
    level = substr($0, 3, 1)
    text = $0
    sub(/^<h[1-6]>/, "", text)
    sub(/<\/h[1-6]>$/, "", text)
    anchor = slug(text)
    if (level == 2) { heading[++headings] = plain(text); where[headings] = anchor }
    body[++lines] = "<h" level " id=\"" anchor "\">" linked(text, "href") " <a class=\"here\" href=\"#" anchor "\" aria-label=\"link to this section\">#</a></h" level ">"
    next
}
{ body[++lines] = linked(linked($0, "href"), "src") }
function print_navigation(out,  i, j) {
    print "<nav aria-label=\"pages\"><input type=\"checkbox\" id=\"menu\"><label for=\"menu\">Pages</label>\n<ul>" >out
    for (i = 1; i <= pages; i++) {
        print "<li><a href=\"" address(order[i]) "\"" (order[i] == page ? " aria-current=\"page\"" : "") ">" title[order[i]] "</a>" >out
        if (order[i] == page && headings > 1) {
            print "<ul>" >out
            for (j = 1; j <= headings; j++) print "<li><a href=\"#" where[j] "\">" heading[j] "</a></li>" >out
            print "</ul>" >out
        }
        print "</li>" >out
    }
    print "</ul></nav>" >out
}
END {
    out = output "/" address(page)
    for (i = 1; i <= pages; i++) if (order[i] == page) at = i
    print "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">" >out
    print "<title>" title[page] (page == "README.md" ? "" : " - headflow") "</title>\n<link rel=\"stylesheet\" href=\"style.css\"></head>\n<body>" >out
    print_navigation(out)
    print "<main>" >out
    for (i = 1; i <= lines; i++) print body[i] >out
    print "<footer>" (at > 1 ? "<a rel=\"prev\" href=\"" address(order[at - 1]) "\">← " title[order[at - 1]] "</a>" : "<span></span>") \
        (at < pages ? "<a rel=\"next\" href=\"" address(order[at + 1]) "\">" title[order[at + 1]] " →</a>" : "") "</footer>" >out
    print "</main></body></html>" >out
}
