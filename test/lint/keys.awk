# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# Writes the fixed lines of zinit.toml(5): of each key its help, what it allows, its default and an
# example. The lines between them stay as they are. Keys stand in the order of their table.
#
# usage: keys.awk KEYS man/zinit.toml.5
# KEYS has a line "SECTION KEY HELP VALUE DEFAULT EXAMPLE" for each key, with tabs between.

function sentence(text) { return toupper(substr(text, 1, 1)) substr(text, 2) "." }

function put_entry(i) {
  print ".It Cm " key[i]
  print sentence(help[i])
  print sentence(value[i])
  print initial[i] == "required" ? "Required." : "Default: " initial[i] "."
  printf "%s", own[section[i], key[i]]
  gsub(/"/, "\\(dq", example[i])
  print ".Dl " key[i] " = " example[i]
}

BEGIN { FS = "\t" }

FILENAME == ARGV[1] {
  section[++n] = $1; key[n] = $2; help[n] = $3; value[n] = $4; initial[n] = $5; example[n] = $6
  next
}

/^\.Sh / { in_keys = $0 == ".Sh KEYS" }
in_keys && /^\.Ss Section / { here = substr($0, 14, length - 14) }
in_keys && /^\.Ss Global settings/ { here = "" }
in_keys && /^\.Bl / { in_list = 1; name = ""; print; next }
in_list && /^\.El/ {
  for (i = 1; i <= n; i++)
    if (section[i] == here) put_entry(i)
  listed[here] = 1
  in_list = 0
}
in_list && /^\.It Cm / { name = substr($0, 8); line = 0; next }
in_list {
  if (++line > 3 && index($0, ".Dl " name " = ") != 1) own[here, name] = own[here, name] $0 "\n"
  next
}
{ print }

END {
  for (i = 1; i <= n; i++) if (!(section[i] in listed)) {
    print "the page has no list of [" section[i] "]"
    exit 1
  }
}
