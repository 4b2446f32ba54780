#compdef sweepline
# Completion of sweepline for zsh: source <(sweepline completions zsh), or as _sweepline in a folder of fpath.
_sweepline() {
    local -a found open closed
    local one
    found=("${(@f)$(VARIABLE=zsh _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((CURRENT - 1)) "COMPLETER" -- "${(@)words[1,CURRENT]}" 2>/dev/null)}")
    for one in $found; do
        # Where more is to follow, no space.
        case ${one%%:*} in
            (*[=/,\[]) open+=("$one") ;;
            (*) closed+=("$one") ;;
        esac
    done
    [[ -n $open ]] && _describe -V values open -S ''
    [[ -n $closed ]] && _describe -V values closed
}
if [[ ${funcstack[1]} == _sweepline ]]; then
    _sweepline "$@"
else
    compdef _sweepline sweepline
fi
