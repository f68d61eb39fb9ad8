# Completion of zinitctl for bash. Install it as /usr/share/bash-completion/completions/zinitctl, or
# source it. What a word may become is asked of zinitctl itself.

_zinitctl() {
  local IFS=$'\n' word words=() value
  # bash takes the = of --socket=PATH for a word. An option and its value may be two words.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    [[ $word == = ]] || words+=("$word")
  done
  [[ ${COMP_WORDS[COMP_CWORD]} == = ]] && words+=('')
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    if [[ $value == :files ]]; then
      compopt -o filenames
      COMPREPLY+=($(compgen -f -- "${words[-1]}"))
    else
      COMPREPLY+=("$value")
    fi
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}

complete -F _zinitctl zinitctl
