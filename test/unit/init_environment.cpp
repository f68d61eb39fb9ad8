// The environment under every service's.
#include <catch2/catch.hpp>

#include "init/environment.hpp"

using namespace zinit;

TEST_CASE("without a file and an environment of its own a service has a PATH",
          "[init][environment]") {
  CHECK(base_environment("", {}) ==
        Environment{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"});
}

TEST_CASE("the lines of /etc/environment are read with export, quotes and comments",
          "[init][environment]") {
  CHECK(parse_environment_file("# LANG=x\n\nLANG=C.UTF-8\n  export A=\"one two\"\r\nB='#3'\nC=\n"
                               "no line\n=x\n1X=y\nD=a=b\nE=\"open") ==
        Environment{"LANG=C.UTF-8", "A=one two", "B=#3", "C=", "D=a=b", "E=\"open"});
}

TEST_CASE("what is later wins, key by key", "[init][environment]") {
  const auto environment =
      base_environment("PATH=/etc-path\nLANG=etc\nTZ=etc\nTZ=second\n", {"LANG=own", "X=1"});
  CHECK(environment == Environment{"PATH=/etc-path", "LANG=own", "TZ=second", "X=1"});
}
