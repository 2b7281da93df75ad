# Draws scaling.csv (scaling.sh) as SVG: seconds against p and against n on log axes, for the whole
# program and its two large sections, with straight lines fitted to the upper half of the sizes.
# Needs no program but awk: awk -f scaling.awk scaling.csv > scaling.svg
BEGIN {
    FS = ","
    panels = split("p n", panel, " ")
    series = split("total search reading", name, " ")
    label["total"] = "whole program"; label["search"] = "correlations and search"; label["reading"] = "reading"
    colour["total"] = "#1a1a1a"; colour["search"] = "#0072b2"; colour["reading"] = "#c44e00"
    title["p"] = "Variables p, at n = 500 samples"; title["n"] = "Samples n, at p = 2,000 variables"
    theory["p", "total"] = "at most 2"; theory["p", "search"] = "2"; theory["p", "reading"] = "1"
    theory["n", "total"] = "at most 1"; theory["n", "search"] = "at most 1"; theory["n", "reading"] = "1"
    width = 980; height = 640; plot_w = 385; plot_h = 345; top = 170
    left["p"] = 70; left["n"] = 560
}

/^#/ {
    comment[++comments] = substr($0, 3)
    gsub(/&/, "\\&amp;", comment[comments]); gsub(/</, "\\&lt;", comment[comments])
    next
}
$1 == "varied" { for (i = 1; i <= NF; i++) column[$i] = i; next }
{
    k = ++count[$1]
    x[$1, k] = $(column[$1])
    for (s = 1; s <= series; s++) {
        value = $(column[name[s]]) + 0
        y[$1, name[s], k] = value
        if (value > 0 && (low == 0 || value < low)) low = value
        if (value > high) high = value
    }
}

function log10(v) { return log(v) / log(10) }
function floor(v,    i) { i = int(v); return i > v ? i - 1 : i }
function px(which, v) { return left[which] + (log10(v) - x_low[which]) / (x_high[which] - x_low[which]) * plot_w }
function py(v) { return top + plot_h - (log10(v) - y_low) / (y_high - y_low) * plot_h }

function text(at_x, at_y, anchor, class, what) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">%s</text>\n", at_x, at_y, anchor, class, what
}
function line(x1, y1, x2, y2, style) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, style
}
# one shape a series, so that the picture can be read without its colours
function mark(at_x, at_y, s) {
    if (s == 1) printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"", at_x, at_y
    else if (s == 2) printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"7.4\" height=\"7.4\"", at_x - 3.7, at_y - 3.7
    else printf "<path d=\"M%.1f %.1fl4.8 8.4h-9.6z\"", at_x, at_y - 5.4
    printf " fill=\"%s\"/>\n", colour[name[s]]
}
function thousands(v) {
    return v < 1000 ? sprintf("%d", v) : thousands(int(v / 1000)) "," sprintf("%03d", v % 1000)
}
function short(v) { return v >= 1 ? thousands(v) : sprintf("%g", v) }

function axes(which,    e, m, v, at, style) {
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#888\"/>\n", left[which], top, plot_w, plot_h
    for (e = floor(x_low[which]); e <= x_high[which]; e++)
        for (m = 1; m <= 9; m++) {
            v = m * 10 ^ e
            if (log10(v) < x_low[which] || log10(v) > x_high[which]) continue
            at = px(which, v)
            style = m == 1 ? "class=\"decade\"" : "class=\"grid\""
            line(at, top, at, top + plot_h, style)
            if (m == 1 || m == 2 || m == 5) text(at, top + plot_h + 18, "middle", "tick", short(v))
        }
    for (e = floor(y_low); e <= y_high; e++)
        for (m = 1; m <= 9; m++) {
            v = log10(m * 10 ^ e)
            if (v < y_low || v > y_high) continue
            at = py(m * 10 ^ e)
            style = m == 1 ? "class=\"decade\"" : "class=\"grid\""
            line(left[which], at, left[which] + plot_w, at, style)
            if (m == 1) text(left[which] - 8, at + 4, "end", "tick", short(10 ^ e))
        }
}

# least squares in log-log over the upper half of the sizes: slope, offset, from
function fit(which, which_series,    k, first, n, a, b, sa, sb, saa, sab) {
    first = count[which] - int((count[which] + 1) / 2) + 1
    n = sa = sb = saa = sab = 0
    for (k = first; k <= count[which]; k++) {
        if (y[which, which_series, k] <= 0) continue
        a = log10(x[which, k]); b = log10(y[which, which_series, k])
        n++; sa += a; sb += b; saa += a * a; sab += a * b
    }
    from = x[which, first]
    if (n < 2) return 0
    slope = (n * sab - sa * sb) / (n * saa - sa * sa)
    offset = (sb - slope * sa) / n
    return 1
}

function draw(which,    s, k, a, b, row) {
    text(left[which], top - 92, "start", "title", title[which])
    text(left[which] + 22, top - 70, "start", "head", "seconds in")
    text(left[which] + 235, top - 70, "end", "head", "fitted slope")
    text(left[which] + 325, top - 70, "end", "head", "in theory")
    axes(which)
    for (s = 1; s <= series; s++) {
        row = top - 70 + 18 * s
        mark(left[which] + 8, row - 4, s)
        text(left[which] + 22, row, "start", "entry", label[name[s]])
        text(left[which] + 325, row, "end", "entry", theory[which, name[s]])
        if (fit(which, name[s])) {
            text(left[which] + 235, row, "end", "entry", sprintf("%.2f", slope))
            a = x[which, 1]; b = x[which, count[which]]
            printf "<g clip-path=\"url(#clip-%s)\" stroke=\"%s\" fill=\"none\">\n", which, colour[name[s]]
            line(px(which, from), py(10 ^ (offset + slope * log10(from))), px(which, b), \
                py(10 ^ (offset + slope * log10(b))), "stroke-width=\"1.8\"")
            line(px(which, a), py(10 ^ (offset + slope * log10(a))), px(which, from), \
                py(10 ^ (offset + slope * log10(from))), "stroke-width=\"1\" stroke-dasharray=\"3 4\"")
            print "</g>"
        } else
            text(left[which] + 235, row, "end", "entry", "-")
        for (k = 1; k <= count[which]; k++)
            if (y[which, name[s], k] > 0) mark(px(which, x[which, k]), py(y[which, name[s], k]), s)
    }
}

END {
    if (low == 0) { print "scaling.awk: no measured line" > "/dev/stderr"; exit 1 }
    y_low = log10(low) - .12; y_high = log10(high) + .12
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height
    print "<title>Time of dsep discover against variables and samples</title>"
    print "<style>text{font-family:Helvetica,Arial,\"Liberation Sans\",sans-serif;fill:#1a1a1a;font-size:13px}" \
        ".main{font-size:18px;font-weight:bold}.title{font-size:15px;font-weight:bold}.head{fill:#555}" \
        ".tick{font-size:12px;fill:#333}.note{font-size:12px;fill:#555}" \
        ".grid{stroke:#ececec}.decade{stroke:#c4c4c4}</style>"
    printf "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<defs>\n", width, height
    for (i = 1; i <= panels; i++) {
        which = panel[i]
        if (!count[which]) continue
        x_low[which] = log10(x[which, 1]) - .06; x_high[which] = log10(x[which, count[which]]) + .06
        printf "<clipPath id=\"clip-%s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\"/></clipPath>\n", \
            which, left[which], top, plot_w, plot_h
    }
    print "</defs>"
    text(left["p"], 32, "start", "main", "Time of dsep discover, seconds, both axes logarithmic")
    text(left["p"], 52, "start", "note", comment[1])
    for (i = 1; i <= panels; i++) if (count[panel[i]]) draw(panel[i])
    at = top + plot_h + 46
    text(left["p"], at, "start", "note", "Lines are fitted to the upper half of the sizes (dotted: continued to the lower half). In theory correlations cost p&#178;n,")
    text(left["p"], at + 16, "start", "note", "the search of a sparse graph looks at each of p&#178;/2 pairs once, then costs about p; reading costs pn.")
    for (i = 2; i <= comments; i++) text(left["p"], at + 26 + 16 * (i - 1), "start", "note", comment[i])
    print "</svg>"
}
