# Completion of zinitctl and zinit for bash. Install it by these names in
# /usr/share/bash-completion/completions, or source it. zinitctl itself lists the possible
# completions of a word.

_zinitctl() {
  local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} word words=() typed value done=''
  # COMP_WORDS does not help: bash also splits words at = and @. An option and its value may be two
  # words.
  read -ra typed <<<"$line"
  [[ $line == *[[:space:]] ]] && typed+=('')
  for word in "${typed[@]:1}"; do
    case $word in
      --*=*) words+=("${word%%=*}" "${word#*=}") ;;
      *) words+=("$word") ;;
    esac
  done
  word=${words[-1]}
  # bash replaces only the text after the last @.
  [[ $word == *@* && $COMP_WORDBREAKS == *@* ]] && done=${word%@*}@
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    if [[ $value == :files ]]; then
      compopt -o filenames
      IFS=$'\n'
      COMPREPLY+=($(compgen -f -- "$word"))
    else
      # After a word that ends in @, the user types more.
      [[ $value == *@ ]] && compopt -o nospace
      COMPREPLY+=("${value#"$done"}")
    fi
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}

complete -F _zinitctl zinitctl zinit
