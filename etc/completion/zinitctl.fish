# Completion of zinitctl for fish. Install it as /usr/share/fish/vendor_completions.d/zinitctl.fish.
# What a word may become is asked of zinitctl itself.

function __zinitctl_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end

complete -c zinitctl -f -a '(__zinitctl_complete)'
