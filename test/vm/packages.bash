# What the scripts beside this one that build boot images share: Debian's packages, and what
# etc/initramfs has for its own. For bash, to be sourced in the project's folder.

. etc/initramfs/functions.bash

# The packages given and the libraries they need, transitively: what they depend on, as far as those
# are libraries. Of alternatives ("|Depends") the first counts.
libraries_of() {
  apt-cache depends --recurse --important "$@" | awk -v todo="$*" '
    /^[^ ]/ { package = $1 }
    /Depends:/ && !alternative && $2 ~ /^lib/ { needs[package] = needs[package] " " $2 }
    /Depends:/ { alternative = /^ \|/ }
    END {
      while (split(todo, names) > 0) {
        todo = ""
        for (i in names)
          if (!seen[names[i]]++) { print names[i]; todo = todo needs[names[i]] }
      }
    }'
}
