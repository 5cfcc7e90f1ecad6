# Completion of bulkhead(1) for fish: `bulkhead complete` says how the line may go on.
function __bulkhead_complete
    set -l given (commandline -opc)
    set -l current (commandline -ct)
    set -l option (string match -r -- '^--[^=]*=' $current)
    set -l path (string replace -r -- '^--[^=]*=' '' $current)
    for line in ($given[1] complete $given[2..-1] "$current" 2>/dev/null)
        switch $line
            case :file
                printf "$option%s\n" (__fish_complete_path "$path")
            case :directory
                printf "$option%s\n" (__fish_complete_directories "$path")
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c bulkhead -f -a '(__bulkhead_complete)'
