// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The command strings that are executed directly, and their words.
#include "config/shell_words.hpp"
#include "support/test.hpp"

namespace zinit::test::config_shell_words {
namespace {

Texts argv_of(const std::string& text) {
  const auto command = command_from_string(text);
  INFO(text << ": " << (command ? "" : command.error().text));
  REQUIRE(command.has_value());
  return command->argv;
}

bool needs_shell(const std::string& text) { return argv_of(text) == Texts{"/bin/sh", "-c", text}; }

TEST_CASE("plain words and quotes are executed without a shell", "[config][exec]") {
  struct Row {
    std::string text;
    Texts argv;
  };
  const Row rows[] = {
      {"redis-server", {"redis-server"}},
      {"/usr/bin/redis-server --port 6379", {"/usr/bin/redis-server", "--port", "6379"}},
      {"  a \t b  ", {"a", "b"}},
      {"\na b\n", {"a", "b"}},
      {"a 'b c' \"d e\"", {"a", "b c", "d e"}},
      {"a b'c'\"d\"e", {"a", "bcde"}},
      {"a '' \"\"", {"a", "", ""}},
      {"a '$x `y` \\z * \"'", {"a", "$x `y` \\z * \""}},
      {"a \"b'c|d;e&f<g>h(i)j*k?l[m]n{o}#~!\"", {"a", "b'c|d;e&f<g>h(i)j*k?l[m]n{o}#~!"}},
      {"a 'b\nc'", {"a", "b\nc"}},
      {"a b#c", {"a", "b#c"}},
      {"a ''#c", {"a", "#c"}},
      {"a b~c d~", {"a", "b~c", "d~"}},
      {"a '~' \"~x\"", {"a", "~", "~x"}},
      {"a --key=value X=1", {"a", "--key=value", "X=1"}},
      {"a !b c! ! d^e %f @g +h ,i ]j", {"a", "!b", "c!", "!", "d^e", "%f", "@g", "+h", ",i", "]j"}},
      {"/opt/a=b/run", {"/opt/a=b/run"}},
      {"./run", {"./run"}},
      {"a if then", {"a", "if", "then"}},
      {"/bin/echo x", {"/bin/echo", "x"}},
      {"echoes x", {"echoes", "x"}},
      {"'a b'/c", {"a b/c"}},
      {"sleep 1d", {"sleep", "1d"}},
      {"gr\u00fc\u00df \u20ac", {"gr\u00fc\u00df", "\u20ac"}},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(argv_of(row.text) == row.argv);
  }
}

TEST_CASE("whatever a shell would do more with goes to the shell as it is", "[config][exec]") {
  for (const std::string text : {
           "a | b", "a & b",    "a &",        "a; b",        "a && b",   "a || b",  // operators
           "a > b", "a < b",    "a 2>&1",     "a <<x",       "(a)",      "a)",
           "a $b",  "a ${b}",   "a $(b)",     "a `b`",       "a \"$b\"", "a \"`b`\"",  // expansions
           "a *",   "a b?",     "a [bc]",     "a {b,c}",     "a }",     // patterns and braces
           "a ~",   "a ~b",     "~/bin/a",    "a b=~/c",     "a b:~c",  // homes
           "a # b", "#a",                                               // comments
           "a \\b", "a \\",     "a \"\\$b\"", "a \"b\\\\\"",            // escapes
           "a\nb",  "a 'b'\nc",                                         // commands in lines
       }) {
    INFO(text);
    CHECK(needs_shell(text));
  }
}

TEST_CASE("a shell is taken where the first word is its own", "[config][exec]") {
  for (const std::string text :
       {"cd /tmp", "echo x",    "exec a",      ". ./a",      ": a",      "test -e a",  "true",
        "kill 1",  "wait",      "ulimit -n 5", "export A=1", "umask 0",  "source a",   "printf x",
        "type a",  "command a", "if a",        "for i",      "while a",  "case a",     "until a",
        "! a",     "time a",    "function a",  "select a",   "'echo' x", "e\"cho\" x", "A=1 b",
        "A=1",     "_x9=y a",   "A+=1 b",      "A='x y' b",  "%1"}) {
    INFO(text);
    CHECK(needs_shell(text));
  }
}

TEST_CASE("what only looks like an assignment is a program", "[config][exec]") {
  CHECK(argv_of("9A=1 b") == Texts{"9A=1", "b"});
  CHECK(argv_of("'A'=1 b") == Texts{"A=1", "b"});
  CHECK(argv_of("a-b=1 c") == Texts{"a-b=1", "c"});
  CHECK(argv_of("=a") == Texts{"=a"});
}

TEST_CASE("a command without a program or with an open quote is refused", "[config][exec]") {
  const auto fault_of = [](const std::string& text) {
    const auto command = command_from_string(text);
    return command ? std::string() : command.error().text;
  };
  CHECK(fault_of("") == "is empty, must name a program");
  CHECK(fault_of(" \t\n ") == "is empty, must name a program");
  CHECK(fault_of("'' a") == "must begin with a program");
  CHECK(fault_of("a 'b") == "has an unclosed quote");
  CHECK(fault_of("a \"b") == "has an unclosed quote");
  CHECK(fault_of("a 'b\" c") == "has an unclosed quote");
  // The quote may be correct here: a comment, a here-document. The shell will decide.
  CHECK(needs_shell("a # don't"));
  CHECK(needs_shell("a $(b 'c)"));
}

TEST_CASE("the program that a shell begins with is known only where nothing else could be meant",
          "[config][exec]") {
  CHECK(first_program("/usr/sbin/webd --port $PORT") == "/usr/sbin/webd");
  CHECK(first_program("\n  webd; other") == "webd");
  CHECK(first_program("webd|sort") == "webd");
  CHECK(first_program("exec /usr/sbin/webd \"$A\"") == "/usr/sbin/webd");
  for (const char* text : {"", " ", "A=1 webd", "$WEBD -x", "\"webd\" $x", "if true; then x; fi",
                           "cd / && ./x", "exec -a x y", "exec", "f() { x; }", "./we*", "# x"}) {
    INFO(text);
    CHECK(first_program(text) == "");
  }
}

TEST_CASE("a shell stays in front of the last of several commands without exec") {
  for (const char* text :
       {"cd /srv && webd", "cd /srv; webd --port 1", "webd | sort", "cd /srv && execute",
        "(cd /srv; webd)", "cd /srv\nwebd # exec webd", "webd; exit 1", "webd & wait",
        "if a; then exec b; else webd; fi", "while true; do webd; done >log 2>&1",
        "exec >log 2>&1; A=1 webd", "a && exec b; webd"}) {
    INFO(text);
    CHECK(shell_stays(text));
  }
  for (const char* text :
       {"cd /srv && exec webd 2>&1", "exec webd", "webd --port $PORT", "",
        "webd 'a; b' \"c && d\" e\\;f", "cd /srv; X=1 Y=\"a b\" Z=$(c; d) exec webd",
        "trap '' HUP; exec webd", "cd /srv\nexec webd \"$@\"\n# the end; of it\n",
        "cd /srv; exec webd;", "if a; then exec b; else exec c; fi", "exec webd || exit 1",
        "cd /srv; exec webd &>log", "cd /srv; exec webd $(a; b) `c; d`", "(cd /srv; exec webd)",
        "case a in b) exec c ;; esac", "{ cd /srv; exec webd; } 2>&1", "cd /srv; exec\twebd",
        "webd # cd /srv; webd", "exec webd <<END\na; b\nEND"}) {
    INFO(text);
    CHECK_FALSE(shell_stays(text));
  }
}

TEST_CASE("a shell that takes signals itself has a trap") {
  CHECK(shell_traps("trap 'kill $P' HUP; webd & P=$!; wait"));
  CHECK(shell_traps("if a; then trap b HUP; fi; webd"));
  CHECK_FALSE(shell_traps("trapper; webd trap; webd 'a; trap b'"));
}

TEST_CASE("a shell and its text are found in a command of several words") {
  for (const Texts& words : {Texts{"/bin/sh", "-c", "text"},
                             {"bash", "-ec", "text", "bash", "a"},
                             {"/usr/bin/env", "-i", "A=1", "sh", "-c", "text"},
                             {"busybox", "sh", "-c", "text"},
                             {"bash", "-o", "pipefail", "-c", "text"},
                             {"bash", "--norc", "-euo", "pipefail", "-c", "text"},
                             {"env", "busybox", "ash", "-c", "-e", "text"}}) {
    INFO(words.back());
    CHECK(shell_text(words) == "text");
  }
  for (const Texts& words : {Texts{"webd", "-c", "text"},
                             {"sh", "text"},
                             {"sh", "-c"},
                             {"env"},
                             {"busybox", "httpd", "-c", "text"},
                             {"sh", "-e", "text", "-c"}}) {
    INFO(words.front());
    CHECK(shell_text(words).empty());
  }
}

}  // namespace
}  // namespace zinit::test::config_shell_words
