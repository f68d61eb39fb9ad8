// c-ares can look the names of services up, such as "http", by libc. zinit never asks it to, for
// all ports are numbers; but libc's functions would bring NSS with them, which a static program
// cannot load and which is 90 KB. The linker puts these in their place (--wrap in the Makefile).
#include <netdb.h>

#include <cstddef>

extern "C" {

servent* __wrap_getservbyname(const char*, const char*);
int __wrap_getservbyport_r(int, const char*, servent*, char*, std::size_t, servent**);

/// There is no such service.
servent* __wrap_getservbyname(const char*, const char*) { return nullptr; }

/// The same: no entry, and no error.
int __wrap_getservbyport_r(int, const char*, servent*, char*, std::size_t, servent** found) {
  *found = nullptr;
  return 0;
}
}
