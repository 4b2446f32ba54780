#!/bin/sh
# Compiles everything for LaTeX that runs have left, one document per folder of results and width of page.
#
#   tests/paper/every.sh FOLDER RESULTS…      leaves a PDF and its log for each in FOLDER
#
# An error, a character without a font, a file that cannot be included and a line that is more than four points too
# wide end it. The needs of LaTeX are those of run.sh, and siunitx 3 of texlive-science.
set -eu
folder=$1
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
bad=0

# Both documented widths: a column of two, and a page of one column, where long tables may stand.
document() {
    cat << 'TEX'
\pdfminorversion=7
\documentclass[twocolumn,10pt]{article}
\usepackage[a4paper,textwidth=6.9in,vmargin=15mm]{geometry}
\setlength{\columnsep}{0.3in}
\usepackage{graphicx,booktabs,longtable,amssymb,siunitx}
\hfuzz=4pt
\vfuzz=4pt
\begin{document}
TEX
    for part in "$1"/values.tex "$1"/tables/*.values.tex "$1"/claims.tex "$1"/tables/*.tex; do
        case $part in
            "$1"/tables/*.values.tex | "$1"/values.tex) between='%' ;;
            *) between='\par\bigskip' ;;
        esac
        [ -f "$part" ] || continue
        # Only a page of one column has room for what goes on over pages.
        case $(cat "$part") in
            *'{longtable}'*) printf '\\onecolumn\\input{%s}\\twocolumn\n' "$part" ;;
            *) printf '\\input{%s}%s\n' "$part" "$between" ;;
        esac
    done
    for caption in "$1"/figures/*.caption.tex; do
        [ -f "$caption" ] || continue
        printf '\\begin{figure*}\\centering\\includegraphics{%s}\\input{%s}\\end{figure*}\\clearpage\n' \
            "${caption%.caption.tex}.pdf" "$caption"
    done
    # Each number by its name, as a text has it.
    if [ -f "$1/values.tex" ]; then
        printf '\\onecolumn\\raggedright\n'
        grep -v errmessage "$1/values.tex" | sed -n 's/^.expandafter.def.csname sweepline.\(.*\).endcsname{.*/\\sweepline{\1};/p' | head -n 400
    fi
    printf '\\end{document}\n'
}

for results; do
    name=$(basename "$results" | tr -c 'A-Za-z0-9\n' '-')
    # Names with blanks and signs of their own are nobody's here: a link stands for the folder.
    rm -f "$folder/$name-results"
    ln -s "$(cd "$results" && pwd)" "$folder/$name-results"
    (cd "$folder" && document "$name-results" > "$name.tex")
    for pass in 1 2 3; do
        (cd "$folder" && pdflatex -interaction=nonstopmode "$name.tex" > "$name.out") || true
    done
    if grep -anE '^!|Overfull|Missing character|undefined|[Mm]ultiply defined|PDF inclusion|pdfTeX warning' "$folder/$name.log"; then
        echo "pdflatex complains of $results: see $folder/$name.log" >&2
        bad=1
    fi
    grep -q 'Output written' "$folder/$name.log" || bad=1
done
exit $bad
