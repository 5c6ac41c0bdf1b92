# The anchor of a heading, as GitHub makes it: small letters, no punctuation, hyphens for blanks; the second one of a page ends with -1.
function slug(text) {
    gsub(/<[^>]*>/, "", text)
    gsub(/&[a-z]*;/, "", text)
    text = tolower(text)
    gsub(/[][!"#$%&'()*+,.\/:;<=>?@\\^`{|}~]/, "", text)
    gsub(/ /, "-", text)
    if (text in slugs) return text "-" (++slugs[text])
    slugs[text] = 0
    return text
}
