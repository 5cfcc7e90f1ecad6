# shellcheck shell=bash
# Completion of bulkhead(1) for bash: `bulkhead complete` says how the line may go on.
_bulkhead() {
    local cur words=() cword line word i=0
    # bash splits a word at "=" and ":", too. A function of bash-completion puts it together again; without that,
    # blanks around these two are not told from none.
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n =: cur words cword
    else
        for ((cword = -1; i <= COMP_CWORD; i++)); do
            word=${COMP_WORDS[i]}
            if ((cword > 0)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]]; then
                words[cword]+=$word
            else
                words[++cword]=$word
            fi
        done
        cur=${words[cword]}
    fi
    COMPREPLY=()
    # What of the word bash will not replace.
    local kept=${cur%"${cur##*[=:]}"} value=${cur##*=}
    [[ $cur == --*=* ]] || value=$cur
    while IFS= read -r line; do
        case $line in
            :file)
                compopt -o filenames 2>/dev/null
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$value")
                ;;
            :directory)
                compopt -o filenames 2>/dev/null
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$value")
                ;;
            *)
                word=${line%%$'\t'*}
                [[ $word != *[=:] ]] || compopt -o nospace 2>/dev/null
                COMPREPLY+=("${word#"$kept"}")
                ;;
        esac
    done < <("${words[0]}" complete "${words[@]:1:cword-1}" "$cur" 2>/dev/null)
}
complete -F _bulkhead bulkhead
