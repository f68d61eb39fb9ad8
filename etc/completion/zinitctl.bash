# Completion of zinitctl for bash: verbs, options, names of services. Install it as
# /usr/share/bash-completion/completions/zinitctl, or source it.
#
# The table is compared with src/client/verbs.cpp by a test. A line is VERB:WHAT:OPTIONS, where WHAT
# its arguments are; an option that ends in = takes a value. The verbs of a family have two words.
# Options beyond the end of a line go on in another one of the same verb.

_zinitctl_table='
# begin table
:verbs:--socket= --json --no-color --timeout= -h --help -V --version
list:services:--state= --class=
status:services:
start:services:--no-wait
stop:services:--no-wait
restart:services:--no-wait
kill:services:--main
logs:services:--all -n= --lines= -f --follow --since= --grep= --stream= -t --time
why:services:
tree:services:--reverse
reload:services:--dry-run
add-service:files:--persist
remove-service:services:--persist --cascade
start-all:nothing:
stop-all:nothing:
delete-all:nothing:
isolate:services:
check:files:
enable:services:--now --root=
disable:services:--now --root=
mask:services:--root=
unmask:nothing:--root=
edit:services:--drop-in --root=
wait:services:--for=
is-running:services:
events:services:-f --follow
xinet set:proxies:--listen= --backend= --service= --connect-timeout= --idle-timeout=
xinet set:proxies:--single-connection --proxy-protocol=
xinet delete:proxies:
xinet list:nothing:
xinet status:proxies:
ping:nothing:
shutdown:nothing:
poweroff:nothing:
reboot:nothing:
halt:nothing:
kexec:nothing:
switch-root:files:
reexec:nothing:--update
debug-state:nothing:
# end table
'

# The third fields of the table for the verb $1.
_zinitctl_options() {
  local verb what options
  while IFS=: read -r verb what options; do
    [[ $verb == "$1" && $what != "" ]] && echo "$options"
  done <<<"$_zinitctl_table"
}

# Names from the server that the command line so far means.
_zinitctl_services() {
  local symbol name rest
  zinitctl "$@" list 2>/dev/null | while read -r symbol name rest; do
    [[ $symbol == \[* ]] && echo "$name"
  done
}

# Names of proxies from that server.
_zinitctl_proxies() {
  local name rest
  zinitctl "$@" xinet list 2>/dev/null | while read -r name rest; do
    [[ $name == NAME ]] || echo "$name"
  done
}

# The second words of the verbs whose first word is $1.
_zinitctl_second_words() {
  sed -n "s/^$1 \([a-z][a-z-]*\):.*/\1/p" <<<"$_zinitctl_table" | uniq
}

_zinitctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local verb='' what=verbs options i word socket=()
  [[ $current == = ]] && current=''
  [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --socket | --timeout)
        [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
        ((i++))
        [[ $word == --socket && $i -lt $COMP_CWORD ]] && socket=(--socket "${COMP_WORDS[i]}")
        ;;
      -*) ;;
      *)
        if [[ ! $verb ]]; then
          verb=$word
        elif [[ $verb != *' '* && $(_zinitctl_second_words "$verb") ]]; then
          verb+=" $word"
        fi
        ;;
    esac
  done
  options="$(_zinitctl_options '') $([[ $verb ]] && _zinitctl_options "$verb")"
  [[ $verb ]] && what=$(sed -n "/^$verb:/{s/^[^:]*:\([a-z]*\):.*/\1/p;q}" <<<"$_zinitctl_table")
  [[ $verb && ! $what && $(_zinitctl_second_words "$verb") ]] && what=second
  case $previous in
    --socket) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --root) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --state) options='inactive blocked starting running stopping exited failed' ;;
    --class) options='user system' ;;
    --for) options='running exited failed stopped' ;;
    --service) options=$(_zinitctl_services "${socket[@]}") ;;
    --proxy-protocol) options='1 2' ;;
    --timeout | --listen | --backend | --connect-timeout | --idle-timeout) return ;;
    -n | --lines) options='all 10 100 1000' ;;
    *)
      if [[ $current != -* ]]; then
        case $what in
          verbs) options=$(sed -n 's/^\([a-z][a-z-]*\)[: ].*/\1/p' <<<"$_zinitctl_table" | uniq) ;;
          second) options=$(_zinitctl_second_words "$verb") ;;
          proxies) options=$(_zinitctl_proxies "${socket[@]}") ;;
          services) options=$(_zinitctl_services "${socket[@]}") ;;
          files) COMPREPLY=($(compgen -f -- "$current")); return ;;
          *) return ;;
        esac
      fi
      ;;
  esac
  # The = of an option's value is for the eyes of this script only.
  COMPREPLY=($(compgen -W "${options//=/}" -- "$current"))
}

complete -F _zinitctl zinitctl
