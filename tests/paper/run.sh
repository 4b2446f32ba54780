#!/bin/sh
# Compiles tables and figures of the gallery into a one-page paper, as a reader would paste them.
#
#   cargo run --release -- run manifests/gallery.yaml
#   tests/paper/run.sh [FOLDER]      leaves paper.pdf and, with poppler-utils, paper.png in FOLDER
#
# Results of another run are read from $RESULTS. $ALSO names those of `cargo run --release -- run tests/paper/hostile.yaml`,
# whose data have what LaTeX reads as its own: all tables, claims, captions and figures of both are compiled, too.
#
# Needs Debian's texlive-latex-base, for booktabs texlive-latex-recommended, and texlive-science for siunitx; as root it
# installs what is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
results=${RESULTS:-$root/outputs/gallery}
folder=${1:-$(mktemp -d)}

if ! command -v pdflatex > /dev/null || ! kpsewhich booktabs.sty siunitx.sty > /dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
        echo "LaTeX is missing: apt-get install texlive-latex-base texlive-latex-recommended texlive-science" >&2
        exit 2
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
        texlive-latex-base texlive-latex-recommended texlive-science poppler-utils
fi
[ -d "$results/figures" ] || {
    echo "no results: cargo run --release -- run manifests/gallery.yaml" >&2
    exit 2
}
mkdir -p "$folder"
cp "$here/paper.tex" "$folder"
rm -rf "$folder/figures" "$folder/tables"
cp -rL "$results/figures" "$results/tables" "$folder"
# Captions are plain text: what TeX reads as its own is escaped, as an author would.
for caption in "$folder"/figures/*.caption.txt; do
    name=$(basename "$caption" .caption.txt)
    text=$(sed 's/[%&#_$]/\\&/g; s/β/$\\beta$/g; s/σ/$\\sigma$/g; s/μ/$\\mu$/g; s/|/$|$/g; s/×/$\\times$/g' "$caption")
    # Once more for the replacement: its backslashes and & are text.
    text=$(printf '%s' "$text" | sed 's/[\\&/]/\\&/g')
    sed -i "s/@$name@/$text/" "$folder/paper.tex"
done
cd "$folder"
for pass in 1 2; do
    pdflatex -interaction=nonstopmode -halt-on-error paper.tex > pdflatex.out || {
        tail -n 30 pdflatex.out >&2
        exit 1
    }
done
if grep -E 'Overfull|undefined|LaTeX Warning: Citation' paper.log; then
    echo "pdflatex complains: see $folder/paper.log" >&2
    exit 1
fi
grep -q 'Output written on paper.pdf (1 page' paper.log || {
    echo "the paper has more than one page" >&2
    exit 1
}
if command -v pdffonts > /dev/null; then
    # Every font of the figures is inside the file.
    pdffonts paper.pdf | awk 'NR > 2 && $(NF - 4) != "yes" { print "not embedded: " $0; bad = 1 } END { exit bad }'
fi
if command -v pdftoppm > /dev/null; then
    pdftoppm -r 110 -png -singlefile paper.pdf paper
fi
# Whatever else there is for LaTeX, and the results in $ALSO, of data with signs that LaTeX reads as its own.
"$here/every.sh" "$folder/every" "$results" ${ALSO:+"$ALSO"}
echo "$folder/paper.pdf"
