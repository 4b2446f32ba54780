# Completion of sweepline for bash: source <(sweepline completions bash)
_sweepline() {
    local line=${COMP_LINE:0:COMP_POINT} i word words=()
    # Words as the shell will see them: bash has taken them apart at `=` and `:`, too.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $i -eq 0 || $line == [[:space:]]* ]]; then
            line=${line#"${line%%[![:space:]]*}"}
            words+=("")
        fi
        [[ $line == "$word"* ]] || word=$line
        words[${#words[@]} - 1]+=$word
        line=${line#"$word"}
    done
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(VARIABLE=bash _CLAP_COMPLETE_INDEX=$((${#words[@]} - 1)) _SWEEPLINE_TYPED=$2 "COMPLETER" -- "${words[@]}" 2>/dev/null)
    # Where more is to follow, no space.
    if [[ ${COMPREPLY[0]-} == *[=/,\[] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -F _sweepline sweepline
