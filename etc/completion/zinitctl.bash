# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# Completion of zinitctl, zinit, poweroff, reboot, halt and shutdown for bash. Install it by these
# names in /usr/share/bash-completion/completions, or source it for the first two. zinitctl itself
# lists the possible completions of a word.

# Sets `typed` to the words of the line $1 without their quotes. The last one is the word under the
# cursor, whose quotes may be open.
_zinitctl_words() {
  local line=$1 char quote='' word='' begun='' i
  typed=()
  for ((i = 0; i < ${#line}; ++i)); do
    char=${line:i:1}
    case $quote$char in
      "''" | '""') quote='' ;;
      \\ | '"\') i=$((i + 1)) word+=${line:i:1} ;;
      [\'\"]?) word+=$char ;;
      [\'\"]) quote=$char begun=1 ;;
      [[:space:]])
        [[ $begun$word ]] && typed+=("$word")
        begun='' word=''
        ;;
      *) word+=$char ;;
    esac
  done
  typed+=("$word")
}

_zinitctl() {
  local IFS=$' \t\n' word typed value done='' program=${COMP_WORDS[0]##*/}
  local asked=("${COMP_WORDS[0]}" __complete)
  # COMP_WORDS does not help: bash also splits words at = and @, and replaces only the text after
  # the last of these.
  _zinitctl_words "${COMP_LINE:0:COMP_POINT}"
  word=${typed[-1]}
  [[ $word == *=* && $COMP_WORDBREAKS == *=* ]] && done=${word%=*}=
  [[ $word == *@* && $COMP_WORDBREAKS == *@* ]] && done=${word%@*}@
  # Another init may have a command of this name, which would not complete words but end the
  # machine.
  case $program in
    poweroff | reboot | halt | shutdown) asked=(zinitctl __complete_power "$program") ;;
  esac
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    if [[ $value == :files ]]; then
      compopt -o filenames
      IFS=$'\n'
      COMPREPLY+=($(compgen -f -- "${word#"$done"}"))
    elif [[ $value == :commands ]]; then
      COMPREPLY+=($(compgen -c -- "$word" | sort -u))
    else
      # After a word that ends so, the user types more.
      [[ $value == *[@=.] ]] && compopt -o nospace
      COMPREPLY+=("${value#"$done"}")
    fi
  done < <("${asked[@]}" "${typed[@]:1}" 2>/dev/null)
}

# bash has found this file by the name of the command.
case ${BASH_SOURCE[0]##*/} in
  poweroff | reboot | halt | shutdown) complete -F _zinitctl "${BASH_SOURCE[0]##*/}" ;;
  *) complete -F _zinitctl zinitctl zinit ;;
esac
