# shellcheck shell=bash
# For scripts that source this: runs a page of docs/ as it is written. What stands in a fence "sh" is run, block by
# block, in one shell; what stands in a fence "text" behind it, its lines in this order are among those that the block
# has printed, where "..." stands for anything.

# The page as a script. A block's output goes to $page_output, its errors too.
script_of_page() {  # script_of_page FILE
    awk '
        /^```sh$/ { print "page_block " NR; print "{ :"; kind = "sh"; next }
        /^```text$/ { print "page_printed " NR " <<\"end of the box\""; kind = "text"; next }
        /^```$/ && kind == "sh" { print "} >\"$page_output\" 2>&1\npage_done"; kind = ""; next }
        /^```$/ && kind == "text" { print "end of the box"; kind = ""; next }
        kind != "" { print }
    ' "$1"
}

page_block() { page_line=$1; page_began=${EPOCHREALTIME/./}; }
page_done() {
    local now=${EPOCHREALTIME/./}
    printf 'ok  %s, the block of line %s: %s ms\n' "$page" "$page_line" $(((now - page_began) / 1000))
}
# What the last block printed, for whoever has to find out why the page is wrong; run_page opens where it goes.
# shellcheck disable=SC2154
page_failed() {
    {
        echo "NOT AS WRITTEN: $page, line ${1:-$page_line}: ${2:-$BASH_COMMAND}"
        sed 's/^/    | /' "$page_output"
    } >&"$page_told"
    exit 1
}
page_printed() {  # page_printed LINE <patterns
    local pattern line found glob box
    exec {box}<"$page_output"
    while IFS= read -r pattern; do
        found=no
        glob=${pattern//\\/\\\\}
        glob=${glob//[/\\[}
        glob=${glob//\*/\\*}
        glob=${glob//\?/\\?}
        glob=${glob//.../*}
        while IFS= read -r -u "$box" line; do
            # shellcheck disable=SC2053  # a pattern
            if [[ $line == $glob ]]; then
                found=yes
                break
            fi
        done
        [ "$found" = yes ] || page_failed "$1" "it does not print: $pattern"
    done
    exec {box}<&-
}

# Runs the page in a shell of its own, in the present directory, with what is exported.
run_page() {  # run_page FILE
    page=${1##*/}
    page_output=$(mktemp)
    local script status=0
    script=$(mktemp)
    {
        echo 'set -eE; trap page_failed ERR; exec {page_told}>&1'
        script_of_page "$1"
    } >"$script"
    export page page_output
    export -f page_block page_done page_failed page_printed
    bash "$script" || status=$?
    rm -f "$script" "$page_output"
    return "$status"
}
