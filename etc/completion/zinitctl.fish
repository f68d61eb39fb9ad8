# Completion of zinitctl and zinit for fish. Install it by these names in
# /usr/share/fish/vendor_completions.d.
# zinitctl itself lists the possible completions of a word.

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

complete -c zinitctl -c zinit -f -a '(__zinitctl_complete)'
