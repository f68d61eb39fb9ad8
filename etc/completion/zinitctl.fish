# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# Completion of zinitctl, zinit, poweroff, reboot, halt and shutdown for fish. Install it by these
# names in /usr/share/fish/vendor_completions.d.
# zinitctl itself lists the possible completions of a word.

function __zinitctl_complete
    # The word under the cursor may have a quote that is still open.
    set -l words (commandline -opc) (string trim --left --chars "\'\"" -- (commandline -ct))
    set -l asked $words[1] __complete
    # Another init may have a command of this name, which would not complete words but end the
    # machine.
    set -l name (string replace -r '.*/' '' -- $words[1])
    if contains -- $name poweroff reboot halt shutdown
        set asked zinitctl __complete_power $name
    end
    for line in ($asked $words[2..-1] 2>/dev/null)
        if test "$line" = :files
            set -l option (string match -r '^--[^=]*=' -- $words[-1])
            __fish_complete_path (string replace -- "$option" '' $words[-1]) |
                string replace -r -- '^' "$option"
        else if test "$line" = :commands
            __fish_complete_command
        else
            echo $line
        end
    end
end

# fish has found this file by the name of the command.
set -l name (string replace -r '.*/' '' -- (status filename) | string replace -r '\.fish$' '')
if contains -- $name poweroff reboot halt shutdown
    complete -c $name -f -a '(__zinitctl_complete)'
else
    complete -c zinitctl -c zinit -f -a '(__zinitctl_complete)'
end
